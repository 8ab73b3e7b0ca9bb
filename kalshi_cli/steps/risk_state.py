"""What the controls see of the desk, and of it once an order was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, day_of, to_datetime
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import Order, OrderReport, OrderState, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.risk._base import MarketFacts, RiskState
from kalshi_cli.risk._exposure import carry
from kalshi_cli.risk.unresolved import UNKNOWN_ORDER
from kalshi_cli.steps.at_risk import at_risk, counted, foreign_order
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.valuation import Valuation

NOT_TOLD: Mapping[int, Money] = MappingProxyType({})


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


def watermarks_of(view: DeskView, equity: Money) -> tuple[Money, Money]:
    """The equity that the day began with, and the peak; today's where none is on record."""
    marks = view.watermarks
    return (
        equity if marks.day_start is None else marks.day_start,
        equity if marks.peak is None else marks.peak,
    )


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
        later_fees=view.later_terms(ticker),
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
