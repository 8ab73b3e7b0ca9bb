"""Watch what is held: reconcile first, leave what should be left, and write down what it is worth.

Settlements come from the exchange's result, never from a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import NO_MONEY, Money, Price
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, Pending, Purpose, TimeInForce
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.evaluation.ai_costs import charged
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.store import Performance, Snapshot, Unit
from kalshi_cli.risk._base import Denial, RiskState
from kalshi_cli.steps.clearing import clear_way, tidy
from kalshi_cli.steps.desk_view import DeskView, look, risk_state, with_sent
from kalshi_cli.steps.execution import Desk, cancel_many, heed_halt_file
from kalshi_cli.steps.exiting import exits_of, send_exit
from kalshi_cli.steps.losses import hold_to_losses
from kalshi_cli.steps.pausing import after_refusal, paused_shards
from kalshi_cli.steps.quoting import quotes_of, withdrawn
from kalshi_cli.steps.reconcile import Reconciliation, joined, reconcile_desk
from kalshi_cli.steps.resting_targets import rest_targets
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.valuation import performance, snapshot

SNAPSHOT_EVERY = 5 * MINUTE
EXIT_SLIPPAGE = Price(300)
"""How far through the best price an exit may reach, in dollars a contract."""
FLATTEN = ExitReason("FLATTEN", "the desk is told to flatten")


@dataclass(frozen=True, slots=True)
class Exited:
    """A position that had a reason to go: the order sent, or why none was."""

    position: Position
    reason: ExitReason
    order: Order | None
    denial: Denial | None


@dataclass(frozen=True, slots=True)
class TrackResult:
    """One look at what is held. `snapshot` is None where the last one is fresh enough; `reduced`
    says which limit on losses took the desk to reduce-only in this look; `rested` are the sales
    that were placed at their targets.
    """

    at_us: int
    reconciled: Reconciliation
    exits: tuple[Exited, ...]
    open_positions: int
    equity: Money
    snapshot: Snapshot | None
    performance: tuple[Performance, ...]
    reduced: Denial | None = None
    rested: tuple[Order, ...] = ()


async def track(
    data: MarketData, desk: Desk, *, exits: Sequence[Exit], policy: TradePolicy
) -> TrackResult:
    """Reconcile, exit, take a snapshot. A desk that takes no new risk has its entries cancelled;
    quotes go that their strategy takes back.
    """
    await heed_halt_file(desk)
    found = await reconcile_desk(data, desk)
    await _refresh_held(data, desk)
    view, books = await _seen(data, desk, policy)
    reduced = await hold_to_losses(data, desk, view, policy.limits, found)
    if reduced is not None:
        view = replace(view, state=DeskState.REDUCE_ONLY)
    tidied = await tidy(desk, view)
    going = leaving(view, books, exits)
    pulled = withdrawn(view, books, policy.strategies)
    await cancel_many(desk, [o for o in view.orders if o.client_order_id in pulled])
    sold = saleable(view, books, exits)
    if await clear_way(desk, view.orders, sold, stopped=going | _stopped(view)) or tidied or pulled:
        found = joined(found, await reconcile_desk(data, desk))
        view, books = await _seen(data, desk, policy)
    view = await _keep_peaks(desk, view, books)
    exited = await _leave(data, desk, view, books, exits, policy, found)
    gone = leaving(view, books, exits)
    rested = await rest_targets(data, desk, view, books, policy, found, leaving=gone)
    if rested or any(item.order is not None for item in exited):
        found = joined(found, await reconcile_desk(data, desk))
        view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    written = await _written_down(desk, view, books, found, exited, policy)
    return replace(written, reduced=reduced, rested=rested)


def _stopped(view: DeskView) -> set[tuple[str, str]]:
    """Whose entries are to go, in which markets, because the desk takes no new risk."""
    if view.state is DeskState.ACTIVE:
        return set()
    return {(order.intent.ticker, order.intent.strategy) for order in view.orders}


async def _refresh_held(data: MarketData, desk: Desk) -> None:
    """Quotes, statuses and grids of what is held or ordered; a line of history for what is held."""
    async with desk.store.unit(reads=True) as unit:
        held = {position.ticker for position in await unit.ledger.positions()}
        ordered = {order.intent.ticker for order in await unit.journal.live()}
        known = await unit.catalog.known_markets(held | ordered)
    if not known:
        return
    page = await data.listings(sorted(known))
    quotes = [listing.quote for listing in page.items if listing.quote.ticker in held]
    async with desk.store.unit() as unit:
        await unit.catalog.save_listings(page.items, desk.clock.now())
        await unit.catalog.record_quotes(quotes, "held")
        await unit.commit()


async def _seen(
    data: MarketData, desk: Desk, policy: TradePolicy
) -> tuple[DeskView, Mapping[str, OrderBook]]:
    view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    return view, await _books(data, view)


async def _books(data: MarketData, view: DeskView) -> Mapping[str, OrderBook]:
    held = {p.ticker for p in view.positions if p.owner != EXTERNAL}
    wanted = sorted(held | {order.intent.ticker for order in quotes_of(view.orders)})
    return await data.books(wanted) if wanted else {}


def leaving(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> frozenset[tuple[str, str]]:
    """(ticker, owner) of every position that has a reason to be sold."""
    return frozenset((held.ticker, held.owner) for held, _ in _for_sale(view, books, exits))


def saleable(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> frozenset[tuple[str, str]]:
    """Those of the leaving that somebody would take now: for them an exit that rests gives way."""
    return frozenset(
        (held.ticker, held.owner)
        for held, reason in _for_sale(view, books, exits)
        if exit_intent(held, reason, view, books) is not None
    )


def _for_sale(
    view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> list[tuple[Position, ExitReason]]:
    reasons = ((held, reason_to_leave(held, view, books, exits)) for held in view.positions)
    return [(held, why) for held, why in reasons if why is not None and why.for_sale]


async def _keep_peaks(desk: Desk, view: DeskView, books: Mapping[str, OrderBook]) -> DeskView:
    """Keep the best bids that trailing stops have seen."""
    seen = with_peaks(view, books)
    await save_plans(desk, [plan for key, plan in seen.items() if plan != view.plans[key]])
    return replace(view, plans=seen)


async def save_plans(desk: Desk, plans: Sequence[ExitPlan]) -> None:
    """Keep plans of what is held; nothing is written where there are none."""
    if not plans:
        return
    async with desk.store.unit() as unit:
        kept = await unit.plans.all()
        for plan in plans:
            before = kept.get((plan.ticker, plan.owner))
            if before is not None and before.made_us == plan.made_us:
                await unit.plans.save(before.seeing(plan.peak))
        await unit.commit()


def with_peaks(view: DeskView, books: Mapping[str, OrderBook]) -> dict[tuple[str, str], ExitPlan]:
    """The plans once these books were seen."""
    plans = dict(view.plans)
    for position in view.positions:
        key, book = (position.ticker, position.owner), books.get(position.ticker)
        if key in plans and book is not None and plans[key].trail is not None:
            plans[key] = plans[key].seeing(exit_price(position, view.book_of_others(book)))
    return plans


async def _leave(
    data: MarketData,
    desk: Desk,
    view: DeskView,
    books: Mapping[str, OrderBook],
    exits: Sequence[Exit],
    policy: TradePolicy,
    found: Reconciliation,
) -> tuple[Exited, ...]:
    going = leaving(view, books, exits)
    if not going:
        return ()
    state = risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=found.balance.cash,
        measured=found.worth,
        books=books,
        frozen=found.frozen_tickers,
        paused=await paused_shards(data, [view.entries[ticker] for ticker, _ in going]),
    )
    return await leave(desk, view, books, state, exits=exits, policy=policy)


async def leave(
    desk: Desk,
    view: DeskView,
    books: Mapping[str, OrderBook],
    state: RiskState,
    *,
    exits: Sequence[Exit],
    policy: TradePolicy,
) -> tuple[Exited, ...]:
    """Send an exit for every position of the view that has a reason to go, past the controls."""
    exited: list[Exited] = []
    for position in view.positions:
        reason = reason_to_leave(position, view, books, exits)
        intent = reason and exit_intent(position, reason, view, books)
        if reason is None or not intent:
            continue
        order, denial = await send_exit(desk, intent, policy, state)
        state = after_refusal(with_sent(state, order), order) if order else state
        exited.append(Exited(position, reason, order, denial))
    return tuple(exited)


def reason_to_leave(
    position: Position, view: DeskView, books: Mapping[str, OrderBook], exits: Sequence[Exit]
) -> ExitReason | None:
    """The first reason by rank; none without a plan and a book, nor for what is not ours.

    An exit that is under way is the exit: there is no second one before it is known what became of
    it. One that rests is, too, for whatever would ask no more than it does.
    """
    plan = view.plans.get((position.ticker, position.owner))
    book, entry = books.get(position.ticker), view.entries.get(position.ticker)
    if position.owner == EXTERNAL or position.is_flat or book is None or entry is None:
        return None
    open_exits = exits_of(position, view.orders)
    if any(o.state not in WORKING or o.pending is not Pending.NONE for o in open_exits):
        return None
    if view.state is DeskState.FLATTEN:
        return FLATTEN
    if plan is None:
        return None
    forecast, market = view.forecasts.get(position.ticker), entry.market
    others, terms = view.book_of_others(book), view.terms(position.ticker)
    venue = Venue(others, terms, market.close_us, market.payout)
    for rule in sorted(exits, key=lambda rule: rule.rank):
        if not (rule.yields and open_exits):
            reason = rule.check(position, plan, forecast, venue, view.now_us)
            if reason is not None:
                return reason
    return None


def exit_intent(
    position: Position, reason: ExitReason, view: DeskView, books: Mapping[str, OrderBook]
) -> OrderIntent | None:
    """Leave all of a position at once, at a bounded price; None where nobody would take it."""
    entry = view.entries.get(position.ticker)
    if entry is None or not reason.for_sale:
        return None
    others = view.book_of_others(books[position.ticker])
    side = position.side.opposite
    limit = exit_limit(others, side, entry.market.grid, reason.least)
    if limit is None:
        return None
    return OrderIntent(
        strategy=position.owner,
        ticker=position.ticker,
        event_ticker=entry.event.event_ticker,
        side=side,
        limit=limit,
        count=abs(position.net),
        time_in_force=TimeInForce.IOC,
        purpose=Purpose.EXIT,
        reason=f"{reason.code.lower()}: {reason.detail}",
        reduce_only=True,
        exchange_index=entry.market.exchange_index,
    )


def exit_limit(
    book: OrderBook, side: Side, grid: PriceGrid | None, least: Price | None = None
) -> Price | None:
    """The worst price an exit on `side` accepts: a few cents through the best one, on the grid.

    Never less than `least` for the outcome that is sold.
    """
    levels = book.against(side)
    if not levels or grid is None:
        return None
    best = levels[0].price
    if side is Side.ASK:
        bound = best - EXIT_SLIPPAGE
        return grid.ceil(bound if least is None else max(bound, least))
    bound = best + EXIT_SLIPPAGE
    return grid.floor(bound if least is None else min(bound, least.complement))


async def _written_down(
    desk: Desk,
    view: DeskView,
    books: Mapping[str, OrderBook],
    found: Reconciliation,
    exited: tuple[Exited, ...],
    policy: TradePolicy,
) -> TrackResult:
    now = desk.clock.now()
    worth = view.valued(found.worth, books)
    last = view.watermarks.last
    due = last is None or now - last.at_us >= SNAPSHOT_EVERY or bool(found.settlements)
    async with desk.store.unit() as unit:
        paid_in = await unit.ledger.paid_in()
        known = found.opened and paid_in is not None  # before, the ledger has no cash to speak of
        row = snapshot(worth, now, paid_in or NO_MONEY) if due and known else None
        everything = await unit.ledger.positions(open_only=False)
        charges = await _ai_charges(unit, policy)
        trips = await unit.ledger.round_trip_counts()
        results = performance(everything, view.prices(books), trips, charges, now)
        if row is not None:
            await unit.snapshots.add(row, results)
        await unit.commit()
    return TrackResult(
        at_us=now,
        reconciled=found,
        exits=exited,
        open_positions=len(view.positions),
        equity=worth.equity,
        snapshot=row,
        performance=results,
    )


async def _ai_charges(unit: Unit, policy: TradePolicy) -> dict[str, Money]:
    return charged(await unit.ai.used(), await unit.ai.spent_ever(), policy.ai_charged_to)
