"""Reports on forecasts: what was forecast, and how that scored."""

from sqlalchemy import and_, func, or_, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.forecasts import forecast_from
from kalshi_cli.adapters.store.market_mapping import Values, level_from, payout_from
from kalshi_cli.adapters.store.queries import Reading, filtered, newest
from kalshi_cli.adapters.store.transaction import AnyRow
from kalshi_cli.domain.forecast import Probability
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import AiCost
from kalshi_cli.ports.rows.markets import AnalysisRow, ScoredRow

_MARKETS = t.MARKETS.c
_DECISION_US = 15 * MINUTE
"""A quote recorded longer before a forecast was stale by then, and belongs to another decision."""
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


class ForecastReports(Reading):
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


def _analysis_row(row: AnyRow) -> AnalysisRow:
    values: Values = row
    width = len(t.FORECASTS.c)
    bid, bid_count, ask, ask_count, title, result, value = values[width:]
    return AnalysisRow(
        forecast=forecast_from(values[:width]),
        title=title,
        bid=level_from(bid, bid_count),
        ask=level_from(ask, ask_count),
        result=None if result is None else Result(result),
        payout=payout_from(result, value),
    )


def _scored_row(row: AnyRow) -> ScoredRow:
    forecast_id, ticker, event, category, forecaster, model, label, made_us, *rest = row
    number, low, high, market, blended, cost, decision, variant, *ended = rest
    close_us, result, value, rank = ended
    paid = payout_from(result, value)
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
