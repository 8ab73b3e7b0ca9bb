"""Watch what is held: reconcile first, leave what should be left, and write down what it is worth.

Settlements come from the exchange's result, never from a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order, OrderState
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.snapshots import Performance, Snapshot
from kalshi_cli.risk._base import Denial, RiskState
from kalshi_cli.risk.exit_reduces import ExitReduces
from kalshi_cli.risk.self_cross import SelfCross
from kalshi_cli.steps.amending import cancel_many
from kalshi_cli.steps.clearing import LEFT, NO_NEW_RISK, clear_way, tidy
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk, heed_halt_file
from kalshi_cli.steps.exiting import are_unclear, exit_state, exits_of, send_exit
from kalshi_cli.steps.leaving import exit_intent, leaving, reason_to_leave, saleable, with_peaks
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.losses import hold_to_losses
from kalshi_cli.steps.pausing import after_refusal
from kalshi_cli.steps.quoting import quotes_of, withdrawn
from kalshi_cli.steps.reconcile import Reconciliation, joined, reconcile_desk
from kalshi_cli.steps.resting_targets import rest_targets
from kalshi_cli.steps.risk_state import with_sent
from kalshi_cli.steps.trade_policy import TradePolicy
from kalshi_cli.steps.writing_down import write_down


@dataclass(frozen=True, slots=True)
class Exited:
    """A position that had a reason to go: the order sent, or why none was."""

    position: Position
    reason: ExitReason
    order: Order | None
    denial: Denial | None

    @property
    def is_kept_back(self) -> bool:
        """Whether less was sent than is held: the journal knows of orders or fills that the look
        did not see, or of an order that may sell it, or buy it back, though nobody answered about
        that. Nor did anybody, where it was sent and may never have arrived.
        """
        if self.order is not None:
            is_part = self.order.intent.count < abs(self.position.net)
            return is_part or self.order.state is OrderState.UNKNOWN
        return self.denial is not None and self.denial.code in {ExitReduces.code, SelfCross.code}


@dataclass(frozen=True, slots=True)
class TrackResult:
    """One look at what is held. `snapshot` is None where the last one is fresh enough, and then
    `performance` is that of its instant; `reduced` says which limit on losses took the desk to
    reduce-only in this look; `rested` are the sales that were placed at their targets.
    `kept_back` are the (ticker, owner) of sales that were not sent, or not of all that is held, for
    what else may sell it, would meet them or came since they were decided; and of those of which
    it is not known what becomes of them, for no other goes before it is.
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
    kept_back: frozenset[tuple[str, str]] = frozenset()


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
    await cancel_many(desk, pulled)
    sold = saleable(view, books, exits)
    stopped = dict.fromkeys(_stopped(view), NO_NEW_RISK) | dict.fromkeys(going, LEFT)
    gone = await clear_way(desk, view.orders, dict.fromkeys(sold, LEFT), stopped=stopped)
    if gone or tidied or pulled:
        found = joined(found, await reconcile_desk(data, desk))
        view, books = await _seen(data, desk, policy)
    view = await _keep_peaks(desk, view, books)
    exited = await _leave(data, desk, view, books, exits, policy, found)
    still = leaving(view, books, exits)
    rested, denied = await rest_targets(data, desk, view, books, policy, found, leaving=still)
    if rested or any(item.order is not None for item in exited):
        found = joined(found, await reconcile_desk(data, desk))
        view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    written = await write_down(desk, view, books, found, charged_to=policy.ai_charged_to)
    held = (each.position for each in exited if each.is_kept_back)
    unclear = (p for p in view.positions if are_unclear(exits_of(p, view.orders)))
    kept_back = denied | {(each.ticker, each.owner) for each in (*held, *unclear)}
    return TrackResult(
        at_us=written.at_us,
        reconciled=found,
        exits=exited,
        open_positions=len(view.positions),
        equity=written.equity,
        snapshot=written.snapshot,
        performance=written.performance,
        reduced=reduced,
        rested=rested,
        kept_back=kept_back,
    )


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
    tickers = [ticker for ticker, _ in going]
    state = await exit_state(data, view, books, policy, found, tickers)
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
