"""Everything the decisions read, as of one instant, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, Waiver, effective_terms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import EXTERNAL, DeskState, Env
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, day_of, to_datetime
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.markout import Markout
from kalshi_cli.domain.marks import Behind, behind, resting, without
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money
from kalshi_cli.domain.order import (
    DEAD,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    Purpose,
    TimeInForce,
)
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.shares import Rebalanced
from kalshi_cli.domain.trial import HitRate, Trial
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.filters._base import Filter, Rejection
from kalshi_cli.filters._gate import Screen
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.desk import GroupState
from kalshi_cli.ports.snapshots import Watermarks
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.trials import Signal
from kalshi_cli.risk._base import MarketFacts, RiskState
from kalshi_cli.risk._exposure import carry
from kalshi_cli.risk.unresolved import UNKNOWN_ORDER
from kalshi_cli.steps.execution import COOLING_UNTIL
from kalshi_cli.steps.selection import screen
from kalshi_cli.steps.valuation import Prices, Valuation, ordered_in, value

NOT_TOLD: Mapping[int, Money] = MappingProxyType({})
FORBIDDEN_US = 6 * HOUR
"""How long a category is left alone in which the exchange refused this key an order."""
PEAK_SINCE = "peak_since"
"""The marker of the instant from which drawdowns are measured: a person took note of one then."""


MARKOUTS_US = 7 * DAY
"""How long what a fill was worth later has a say in where quotes are made."""
SEEN_FOR_US = 15 * MINUTE
"""How long what others wanted behind our own quote counts where the book cannot be read: three
snapshots. Then it is worth nothing, as if nobody had been seen there.
"""
TRIALS_US = 30 * DAY
"""How long what came of a signal has a say in whether it is traded."""


@dataclass(frozen=True, slots=True)
class DeskView:
    """The desk at `now_us`.

    `entries` are the eligible markets and, whatever became of them, all that are held, ordered,
    forecast or asked for besides. Markets a verdict has dropped may be a hundred thousand more.
    `unbooked` are orders whose fills are reported and in no position yet. `markouts` are those of
    the last week, `incentives` the programmes that run now, by ticker. `trials` are those under
    way, `hit_rates` what those of the last thirty days came to. `rebalanced` are shares that were
    put in the place of the config file's. `seen` is what others wanted beside our orders when the
    books were last read and put on record, no longer than `SEEN_FOR_US` ago.
    """

    now_us: int
    state: DeskState
    entries: Mapping[str, CatalogEntry]
    eligible: tuple[str, ...]
    rejected: Mapping[str, Rejection]
    forecasts: Mapping[str, Forecast]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    unbooked: tuple[Order, ...]
    plans: Mapping[tuple[str, str], ExitPlan]
    traded_forecasts: frozenset[tuple[str, str, str]]
    entries_last_hour: int
    orders_last_minute: int
    entries_today: Mapping[tuple[str, str], int]
    cooling_until_us: int | None
    last_exit_us: Mapping[tuple[str, str], int]
    triggered_shards: frozenset[int]
    barred: frozenset[str]
    watermarks: Watermarks
    markouts: tuple[Markout, ...] = ()
    incentives: Mapping[str, tuple[IncentiveProgram, ...]] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    hit_rates: Mapping[Signal, HitRate] = field(default_factory=dict)
    rebalanced: Rebalanced | None = None
    seen: Mapping[str, Behind] = field(default_factory=dict)

    def terms(self, ticker: str) -> FeeTerms:
        """The fee terms in force in a market."""
        return self.entries[ticker].fee_terms(self.now_us)

    def waiver(self, ticker: str) -> Waiver | None:
        """The waiver in force in a market, with the terms that follow it; None without one."""
        entry = self.entries[ticker]
        ends_us = entry.market.fee_waiver_expires_us
        if ends_us is None or ends_us <= self.now_us:
            return None
        return Waiver(ends_us, effective_terms(entry.series.fees, entry.event.fees, None, ends_us))

    def held(self, ticker: str, owner: str) -> Contracts:
        """Signed contracts an owner holds."""
        own = (p.net for p in self.positions if p.ticker == ticker and p.owner == owner)
        return next(own, NO_CONTRACTS)

    def working(self, owner: str) -> dict[str, Order]:
        """An owner's live orders by ticker."""
        return {o.intent.ticker: o for o in self.orders if o.intent.strategy == owner}

    def book_of_others(self, book: OrderBook) -> OrderBook:
        """A book without the orders that are ours."""
        own = (order for order in self.orders if order.intent.ticker == book.ticker)
        return without(book, resting(own))

    def prices(self, books: Mapping[str, OrderBook]) -> Prices:
        """What the desk's worth is told by, our own orders left out."""
        return Prices(self.entries, books, self.orders, self.seen)

    def valued(self, cash: Money, books: Mapping[str, OrderBook]) -> Valuation:
        """The desk's worth by these books, and by quotes for markets without one."""
        return value(cash, self.positions, self.prices(books))

    def others(self, books: Mapping[str, OrderBook]) -> Mapping[str, Behind]:
        """What others want where something is held and an order of ours rests."""
        contested = self.contested()
        own = ordered_in(order for order in self.orders if order.intent.ticker in contested)
        return {t: behind(books[t], resting(each)) for t, each in own.items() if t in books}

    def contested(self) -> frozenset[str]:
        """Markets held where an order of ours rests: only a book tells what others pay there."""
        return frozenset(p.ticker for p in self.positions) & {o.intent.ticker for o in self.orders}


async def look(
    store: Store,
    *,
    now_us: int,
    filters: Sequence[Filter],
    also: Collection[str] = (),
) -> DeskView:
    """Read the desk; `also` are markets to know of that it may have nothing in."""
    async with store.unit(reads=True) as unit:
        unbooked = await unit.journal.unbooked()
        wanted = {*also, *(order.intent.ticker for order in unbooked)}
        wanted.update(await unit.catalog.watched())
        wanted.update(await unit.catalog.undropped(Screen.of(filters).mark, now_us))
        forbidden = await unit.journal.forbidden_since(now_us - FORBIDDEN_US)
        wanted.update(forbidden)
        found = await unit.catalog.entries(tickers=wanted)
        entries = {entry.market.ticker: entry for entry in found}
        active = [e for e in entries.values() if e.market.status is MarketStatus.ACTIVE]
        screened = screen(active, filters, now_us)
        tickers = list(entries)
        return DeskView(
            now_us=now_us,
            state=await unit.desk.state(),
            entries=entries,
            eligible=tuple(entry.market.ticker for entry in screened.eligible),
            rejected=screened.rejected,
            forecasts=await unit.forecasts.latest(tickers),
            positions=await unit.ledger.positions(open_only=True),
            orders=await unit.journal.live(),
            unbooked=unbooked,
            plans=await unit.plans.all(),
            traded_forecasts=await unit.journal.traded_forecasts(tickers),
            entries_last_hour=await unit.journal.entries_since(now_us - HOUR),
            orders_last_minute=await unit.journal.orders_since(now_us - MINUTE),
            entries_today=await unit.journal.entries_by_market(now_us - DAY),
            cooling_until_us=await unit.catalog.marker(COOLING_UNTIL),
            last_exit_us=await unit.ledger.last_exits(),
            triggered_shards=frozenset(
                shard
                for shard, group in (await unit.desk.order_groups()).items()
                if group.state is GroupState.TRIGGERED
            ),
            barred=frozenset(entries[t].category for t in forbidden if t in entries),
            watermarks=await unit.snapshots.watermarks(
                day_of(now_us), await unit.catalog.marker(PEAK_SINCE) or 0
            ),
            markouts=await unit.making.markouts(now_us - MARKOUTS_US),
            incentives=await unit.making.incentives(now_us),
            trials=await unit.trials.under_way(),
            hit_rates=await unit.trials.hit_rates(now_us - TRIALS_US),
            rebalanced=await unit.desk.rebalanced(),
            seen=await unit.snapshots.seen(now_us - SEEN_FOR_US),
        )


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held and what works, with what leaving it needs.

    `view` knows the markets held or ordered, and nothing that only entries are held to: there is
    nothing eligible or unbooked in it, and no count of entries. `cash` is the ledger's.
    """

    view: DeskView
    cash: Money


async def look_at_holdings(store: Store, *, now_us: int) -> Holdings:
    """Read what the guard of positions needs; so little that it can be read every second."""
    async with store.unit(reads=True) as unit:
        positions = await unit.ledger.positions(open_only=True)
        orders = await unit.journal.live()
        tickers = {p.ticker for p in positions} | {order.intent.ticker for order in orders}
        entries = await unit.catalog.entries(tickers=tickers) if tickers else ()
        view = DeskView(
            now_us=now_us,
            state=await unit.desk.state(),
            entries={entry.market.ticker: entry for entry in entries},
            eligible=(),
            rejected={},
            forecasts=await unit.forecasts.latest(tickers) if tickers else {},
            positions=positions,
            orders=orders,
            unbooked=(),
            plans=await unit.plans.all(),
            traded_forecasts=frozenset(),
            entries_last_hour=0,
            orders_last_minute=await unit.journal.orders_since(now_us - MINUTE),
            entries_today={},
            cooling_until_us=await unit.catalog.marker(COOLING_UNTIL),
            last_exit_us={},
            triggered_shards=frozenset(),
            barred=frozenset(),
            watermarks=Watermarks(None, None, None),
            seen=await unit.snapshots.seen(now_us - SEEN_FOR_US),
        )
        return Holdings(view, await unit.ledger.cash())


def risk_state(
    view: DeskView,
    *,
    env: Env,
    limits: Limits,
    cash: Money,
    books: Mapping[str, OrderBook],
    frozen: Mapping[str, str],
    paused: frozenset[int] | None,
    by_shard: Mapping[int, Money] = NOT_TOLD,
    measured: Money | None = None,
    foreign: Sequence[OrderReport] = (),
    unexplained: Sequence[Position] = (),
    missing: str = "",
    worth: Valuation | None = None,
) -> RiskState:
    """What the controls see.

    `frozen` are markets where nothing new may be risked, and why, `paused` shards that take no
    orders (None where that is not known), `foreign` resting orders that are not ours,
    `unexplained` what the exchange says is held and no fill explains, `missing` what of the account
    could not be read or explained. `by_shard` is where the cash lies, for entries.
    `measured` is the cash that profit and loss are measured by, where it is not the account's own.
    `worth` is the view's by that cash and these books, where it is known already.
    """
    if worth is None:
        worth = view.valued(cash if measured is None else measured, books)
    day_start, peak = watermarks_of(view, worth.liquidation)
    strange = {report.ticker: report.ticker for report in foreign}
    strange |= {p.ticker: p.ticker for p in (*view.positions, *unexplained)}
    strange |= {order.intent.ticker: order.intent.ticker for order in view.unbooked}
    return RiskState(
        env=env,
        desk=view.state,
        limits=limits,
        equity=worth.liquidation,
        bankroll=bankroll_of(worth.equity, limits),
        cash=cash,
        cash_by_shard=by_shard,
        day_start_equity=day_start,
        peak_equity=peak,
        facts={ticker: market_facts(view, ticker, books.get(ticker)) for ticker in view.entries},
        positions=view.positions,
        unexplained=tuple(unexplained),
        orders=(*at_risk(view.orders, view.unbooked), *map(foreign_order, foreign)),
        event_of={**strange, **{t: e.event.event_ticker for t, e in view.entries.items()}},
        category_of={**strange, **{t: e.category for t, e in view.entries.items()}},
        clusters_of={
            **{t: frozenset({t}) for t in strange},
            **{t: clusters(entry) for t, entry in view.entries.items()},
        },
        exclusive_events=frozenset(
            e.event.event_ticker for e in view.entries.values() if e.event.mutually_exclusive
        ),
        entries_last_hour=view.entries_last_hour,
        orders_last_minute=view.orders_last_minute,
        entries_today=view.entries_today,
        cooling_until_us=view.cooling_until_us,
        last_exit_us=view.last_exit_us,
        traded_forecasts=view.traded_forecasts,
        unresolved=frozen,
        missing=missing,
        paused_shards=paused,
        triggered_shards=view.triggered_shards,
        barred=view.barred,
    )


def bankroll_of(equity: Money, limits: Limits) -> Money:
    """What stakes are a share of, in dollars."""
    return equity if limits.capital_limit is None else min(equity, limits.capital_limit)


def at_risk(orders: Sequence[Order], unbooked: Sequence[Order]) -> tuple[Order, ...]:
    """Live orders, and those with fills in no position yet, as if all of these were to come."""
    yet = {order.client_order_id for order in unbooked}
    live = [order for order in orders if order.client_order_id not in yet]
    return (*live, *map(_to_come, unbooked))


def _to_come(order: Order) -> Order:
    """An order before it filled; one that is over came to what it filled."""
    if order.state not in DEAD:
        return counted(order)
    return counted(replace(order, intent=replace(order.intent, count=order.filled)))


def watermarks_of(view: DeskView, equity: Money) -> tuple[Money, Money]:
    """The equity that the day began with, and the peak; today's where none is on record."""
    marks = view.watermarks
    return (
        equity if marks.day_start is None else marks.day_start,
        equity if marks.peak is None else marks.peak,
    )


def foreign_order(report: OrderReport) -> Order:
    """A resting order that is not ours, as exposure must count it."""
    return Order(
        client_order_id=report.client_order_id or report.order_id,
        intent=OrderIntent(
            strategy=EXTERNAL,
            ticker=report.ticker,
            event_ticker="",
            side=report.side,
            limit=report.price,
            count=report.initial,
            time_in_force=TimeInForce.GTC,
            purpose=Purpose.ENTRY,
            reason="not ours",
            exchange_index=report.exchange_index,
        ),
        state=OrderState.PARTIALLY_FILLED if report.filled else OrderState.RESTING,
        created_us=report.created_us,
        updated_us=report.created_us,
        run_id="",
        sequence=0,
        order_id=report.order_id,
        filled=report.initial - report.remaining,
    )


def with_sent(state: RiskState, order: Order) -> RiskState:
    """What the controls see after an order was sent."""
    ticker = order.intent.ticker
    key, is_entry = (order.intent.strategy, ticker), order.intent.purpose is Purpose.ENTRY
    entered = {key: state.entries_today.get(key, 0) + 1} if is_entry else {}
    unknown = {ticker: UNKNOWN_ORDER} if order.state is OrderState.UNKNOWN else {}
    sent = counted(order)
    after = replace(
        state,
        orders=(*state.orders, sent),
        entries_last_hour=state.entries_last_hour + is_entry,
        orders_last_minute=state.orders_last_minute + 1,
        entries_today={**state.entries_today, **entered},
        unresolved={**state.unresolved, **unknown},
    )
    return carry(state, after, sent)


def counted(order: Order) -> Order:
    """A just-sent order as risk must see it until its fills are booked: all of it still to come."""
    if order.state in {OrderState.REJECTED, OrderState.NOT_SENT, OrderState.UNKNOWN}:
        return order
    return replace(order, state=OrderState.RESTING, filled=NO_CONTRACTS)


def clusters(entry: CatalogEntry) -> frozenset[str]:
    """What a market tends to lose together with: its underlying (series) and settlement day."""
    day = _date(day_of(entry.market.expires_us))
    return frozenset({f"underlying:{entry.series.ticker}", f"day:{day}"})


@lru_cache(maxsize=1_024)
def _date(day: int) -> str:
    """A day by its number, as people write it."""
    return to_datetime(day * DAY).date().isoformat()


def market_facts(view: DeskView, ticker: str, book: OrderBook | None) -> MarketFacts:
    """What is known of a market; its fee terms are those of the view's instant."""
    entry = view.entries[ticker]
    rejection = view.rejected.get(ticker)
    return MarketFacts(
        market=entry.market,
        event=entry.event,
        category=entry.category,
        quote=entry.quote,
        book=book,
        fees=view.terms(ticker),
        forecast=view.forecasts.get(ticker),
        rejected_by=rejection.code if rejection else None,
    )
