"""Reports on markets: what is held, what is listed, what was forecast, and how that scored."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import and_, func, or_, select

from kalshi_cli.adapters.store import ledger_mapping, market_mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Values, level_from, price_from
from kalshi_cli.adapters.store.plans import plan_from
from kalshi_cli.adapters.store.queries import CATEGORY, Reading, filtered, newest, with_catalog
from kalshi_cli.adapters.store.snapshots import seen_of_others
from kalshi_cli.adapters.store.transaction import AnyRow, Transaction
from kalshi_cli.domain.forecast import Probability
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import MarketStatus, Result, payout
from kalshi_cli.domain.marks import (
    NOBODY,
    UNLISTED,
    Behind,
    Resting,
    by_quote,
    position_mark,
    resting,
)
from kalshi_cli.domain.money import NO_MONEY, ZERO_PRICE, AiCost, Money, Price
from kalshi_cli.domain.order import LIVE, Order
from kalshi_cli.domain.side import held_terms
from kalshi_cli.ports.rows.markets import (
    AnalysisRow,
    MarketRow,
    ScoredRow,
)
from kalshi_cli.ports.rows.trading import PositionRow

_MARKETS, _QUOTES = t.MARKETS.c, t.QUOTES.c
_SIDES = (
    _QUOTES.bid_price_units,
    _QUOTES.bid_count_units,
    _QUOTES.ask_price_units,
    _QUOTES.ask_count_units,
)
_HELD = len(t.POSITIONS.c)
POSITION_QUERY = with_catalog(
    select(
        *t.POSITIONS.c,
        *_SIDES,
        _QUOTES.at_us,
        _MARKETS.title,
        _MARKETS.event_ticker,
        CATEGORY,
        _MARKETS.status,
        _MARKETS.result,
        _MARKETS.settlement_value_units,
        _MARKETS.close_us,
        *t.EXIT_PLANS.c,
    ).select_from(
        t.POSITIONS.outerjoin(
            t.EXIT_PLANS,
            and_(
                t.EXIT_PLANS.c.ticker == t.POSITIONS.c.ticker,
                t.EXIT_PLANS.c.owner == t.POSITIONS.c.owner,
            ),
        )
    ),
    t.POSITIONS.c.ticker,
)
_DECISION_US = 15 * MINUTE
"""A quote recorded longer before a forecast was stale by then, and belongs to another decision."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What of the quotes is ours, and what others wanted beside that when books were last read."""

    resting: Mapping[str, Resting]
    seen: Mapping[str, Behind]

    @classmethod
    async def read(cls, transaction: Transaction) -> Self:
        ordered, held = t.ORDERS.c, t.POSITIONS.c
        query = select(*ledger_mapping.order_columns()).where(
            ordered.state.in_(LIVE),
            ordered.ticker.in_(select(held.ticker).where(held.net_units != 0)),
        )
        by_ticker: dict[str, list[Order]] = defaultdict(list)
        for row in await transaction.rows(query):
            order = ledger_mapping.order_from(row)
            by_ticker[order.intent.ticker].append(order)
        own = {ticker: resting(orders) for ticker, orders in by_ticker.items()}
        return cls(own, await seen_of_others(transaction))


def position_row(row: AnyRow, over: tuple[Money, Money], ours: Ours) -> PositionRow:
    """Of a row of `POSITION_QUERY`; `over` is what earlier trips earned and their fees."""
    position = ledger_mapping.position_from(row[:_HELD])
    earned, charged = over
    realized, fees = position.realized - earned, position.fees - charged
    bid_units, bid_count, ask_units, ask_count, quoted_us, title, event, category, *end = row[
        _HELD:
    ]
    bid, ask = level_from(bid_units, bid_count), level_from(ask_units, ask_count)
    stands, result, value, close_us, *planned = end
    status = None if stands is None else MarketStatus(stands)
    paid = _payout(result, value)
    own, seen = ours.resting.get(position.ticker, {}), ours.seen.get(position.ticker, NOBODY)
    standing = UNLISTED if title is None else by_quote(status, paid, (bid, ask), own, seen)
    worth = position_mark(position, standing)
    outcome, count, _ = held_terms(position.net, ZERO_PRICE)
    plan = None if planned[0] is None else plan_from(planned)
    return PositionRow(
        ticker=position.ticker,
        title=title or "",
        event_ticker=event or "",
        category=category,
        owner=position.owner,
        outcome=outcome,
        count=count,
        average=position.average,
        cost=position.cost,
        mark=worth,
        unrealized=worth.value - position.cost,
        realized=realized,
        fees=fees,
        net=worth.value - position.cost + realized - fees,
        bid=standing.bid,
        ask=standing.ask,
        quoted_us=quoted_us,
        status=status,
        payout=paid,
        opened_us=position.opened_us,
        plan=plan,
        leave_us=None if plan is None else plan.leaves_us(close_us),
    )


async def earlier_trips(transaction: Transaction) -> dict[tuple[str, str], tuple[Money, Money]]:
    """What the round trips of each open position's market and owner earned, and their fees."""
    held, trips = t.POSITIONS.c, t.ROUND_TRIPS.c
    sums = (
        select(
            held.ticker,
            held.owner,
            func.sum(trips.proceeds_units - trips.entry_cost_units),
            func.sum(trips.fees_units),
        )
        .join_from(
            t.POSITIONS,
            t.ROUND_TRIPS,
            and_(trips.ticker == held.ticker, trips.owner == held.owner),
        )
        .where(held.net_units != 0)
        .group_by(held.ticker, held.owner)
    )
    rows = await transaction.rows(sums)
    return {
        (ticker, owner): (Money(int(gross)), Money(int(fees)))
        for ticker, owner, gross, fees in rows
    }


def _payout(result: str | None, value_units: int | None) -> Price | None:
    return None if result is None else payout(Result(result), price_from(value_units))


class MarketReports(Reading):
    async def positions(
        self, *, ticker: str | None = None, owner: str | None = None, limit: int | None = None
    ) -> tuple[PositionRow, ...]:
        held = t.POSITIONS.c
        query = POSITION_QUERY.where(held.net_units != 0).order_by(held.ticker, held.owner)
        query = query.limit(limit)
        async with self._opened() as transaction:
            found = await transaction.rows(
                filtered(query, {held.ticker: ticker, held.owner: owner})
            )
            over = await earlier_trips(transaction)
            ours = await Ours.read(transaction)
        return tuple(
            position_row(row, over.get((row[0], row[1]), (NO_MONEY, NO_MONEY)), ours)
            for row in found
        )

    async def markets(
        self,
        *,
        ticker: str | None = None,
        event_ticker: str | None = None,
        category: str | None = None,
        statuses: Collection[MarketStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[MarketRow, ...]:
        columns = (
            _MARKETS.event_ticker,
            t.EVENTS.c.series_ticker,
            CATEGORY,
            _MARKETS.title,
            _MARKETS.status,
            _MARKETS.close_us,
            _MARKETS.expected_expiration_us,
            _MARKETS.result,
            _MARKETS.settlement_value_units,
        )
        quote = (_QUOTES[name] for name in market_mapping.QUOTE)
        query = select(*columns, *quote).join_from(t.MARKETS, t.QUOTES)
        query = query.join(t.EVENTS).join(t.SERIES)
        wanted = {_MARKETS.ticker: ticker, _MARKETS.event_ticker: event_ticker, CATEGORY: category}
        query = filtered(query, wanted)
        if statuses is not None:
            query = query.where(_MARKETS.status.in_([status.value for status in statuses]))
        query = query.order_by(_QUOTES.volume_24h_units.desc(), _MARKETS.ticker).limit(limit)
        async with self._opened() as transaction:
            return tuple(map(_market_row, await transaction.rows(query)))

    async def analyses(
        self,
        *,
        ticker: str | None = None,
        model: str | None = None,
        forecast_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[AnalysisRow, ...]:
        table, past = t.FORECASTS.c, t.QUOTE_HISTORY.c
        before = t.QUOTE_HISTORY.alias().c
        decided = (
            select(func.max(before.at_us))
            .where(before.ticker == table.ticker, before.why == "decision")
            .where(before.at_us.between(table.made_us - _DECISION_US, table.made_us))
            .correlate(t.FORECASTS)
            .scalar_subquery()
        )
        same = and_(past.ticker == table.ticker, past.why == "decision", past.at_us == decided)
        quote = (
            past.bid_price_units,
            past.bid_count_units,
            past.ask_price_units,
            past.ask_count_units,
        )
        end = (_MARKETS.title, _MARKETS.result, _MARKETS.settlement_value_units)
        query = select(*table, *quote, *end).join_from(t.FORECASTS, t.MARKETS)
        query = query.outerjoin(t.QUOTE_HISTORY, same)
        wanted = {table.ticker: ticker, table.model: model, table.forecast_id: forecast_id}
        query = filtered(query, wanted)
        query = newest(query, table.made_us, table.forecast_id, since_us=since_us, limit=limit)
        async with self._opened() as transaction:
            return tuple(map(_analysis_row, await transaction.rows(query)))

    async def labels(self) -> tuple[tuple[str, str], ...]:
        label, forecaster = t.FORECASTS.c.label, t.FORECASTS.c.forecaster
        query = select(forecaster, label).where(label != "").distinct().order_by(label)
        async with self._opened() as transaction:
            return tuple((name, text) for name, text in await transaction.rows(query))

    async def scored(self, *, since_us: int | None = None) -> tuple[ScoredRow, ...]:
        table = t.FORECASTS.c
        order = func.row_number().over(
            partition_by=(table.ticker, table.forecaster, table.model),
            order_by=(table.made_us, table.forecast_id),
        )
        known = or_(
            _MARKETS.result != Result.SCALAR.value, _MARKETS.settlement_value_units.is_not(None)
        )
        ended = (_MARKETS.close_us, _MARKETS.result, _MARKETS.settlement_value_units)
        ranked = (
            select(*(table[name] for name in _SCORED), *ended, order.label("rank"))
            .join_from(t.FORECASTS, t.MARKETS)
            .where(_MARKETS.result.is_not(None), known)
            .subquery()
        )
        query = select(*ranked.c).order_by(ranked.c.made_us, ranked.c.forecast_id)
        if since_us is not None:
            query = query.where(ranked.c.made_us >= since_us)
        async with self._opened() as transaction:
            return tuple(map(_scored_row, await transaction.rows(query)))


_SCORED = (
    "forecast_id",
    "ticker",
    "event_ticker",
    "category",
    "forecaster",
    "model",
    "label",
    "made_us",
    "probability",
    "low",
    "high",
    "market",
    "blended",
    "cost_units",
    "decision_id",
    "variant",
)


def _market_row(row: AnyRow) -> MarketRow:
    event, series, category, title, status, close_us, expected_us, result, value, *rest = row
    quote = market_mapping.quote_from(rest)
    return MarketRow(
        ticker=quote.ticker,
        title=title,
        event_ticker=event,
        series_ticker=series,
        category=category,
        status=MarketStatus(status),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        volume=quote.volume,
        volume_24h=quote.volume_24h,
        open_interest=quote.open_interest,
        quoted_us=quote.at_us,
        close_us=close_us,
        expires_us=close_us if expected_us is None else expected_us,
        result=None if result is None else Result(result),
        payout=_payout(result, value),
    )


def _analysis_row(row: AnyRow) -> AnalysisRow:
    values: Values = row
    width = len(t.FORECASTS.c)
    bid, bid_count, ask, ask_count, title, result, value = values[width:]
    return AnalysisRow(
        forecast=market_mapping.forecast_from(values[:width]),
        title=title,
        bid=level_from(bid, bid_count),
        ask=level_from(ask, ask_count),
        result=None if result is None else Result(result),
        payout=_payout(result, value),
    )


def _scored_row(row: AnyRow) -> ScoredRow:
    forecast_id, ticker, event, category, forecaster, model, label, made_us, *rest = row
    number, low, high, market, blended, cost, decision, variant, *ended = rest
    close_us, result, value, rank = ended
    paid = _payout(result, value)
    if paid is None:
        raise AssertionError(f"{ticker} was selected for its payout.")
    return ScoredRow(
        forecast_id=forecast_id,
        ticker=ticker,
        event_ticker=event,
        category=category,
        forecaster=forecaster,
        model=model,
        label=label,
        made_us=made_us,
        close_us=close_us,
        probability=Probability(number),
        low=Probability(low),
        high=Probability(high),
        market=market,
        blended=blended,
        cost=AiCost(cost),
        decision_id=decision,
        variant=variant,
        payout=paid,
        is_first=rank == 1,
    )
