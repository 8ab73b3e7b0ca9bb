"""Forecasts."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import func, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Columns, Values, price_from, price_units
from kalshi_cli.adapters.store.prepared import Prepared
from kalshi_cli.adapters.store.transaction import Transaction, among
from kalshi_cli.domain.forecast import Advice, Forecast, Probability
from kalshi_cli.domain.money import AiCost
from kalshi_cli.domain.side import Side

_SKIP = "skip"


@lru_cache(maxsize=2)
def _newest(*, is_postgres: bool) -> Prepared:
    """The newest forecast of each of `:names`."""
    ticker, made_us = t.FORECASTS.c.ticker, t.FORECASTS.c.made_us
    newest = (
        select(ticker.label("ticker"), func.max(made_us).label("made_us"))
        .where(among(ticker, is_postgres=is_postgres))
        .group_by(ticker)
        .subquery()
    )
    # Of two made at one instant the larger id counts, so that the answer never wavers.
    return Prepared(
        select(*t.FORECASTS.c)
        .join(newest, (newest.c.ticker == ticker) & (newest.c.made_us == made_us))
        .order_by(t.FORECASTS.c.forecast_id)
    )


class SqlForecasts:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, forecasts: Sequence[Forecast]) -> None:
        await self._transaction.insert_new(t.FORECASTS, list(map(_forecast_row, forecasts)))

    async def latest(self, tickers: Collection[str]) -> Mapping[str, Forecast]:
        if not tickers:
            return {}
        newest = _newest(is_postgres=self._transaction.is_postgres)
        rows = await self._transaction.rows(newest, {"names": list(set(tickers))})
        return {found.ticker: found for found in map(forecast_from, rows)}

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        ticker, made_us = t.FORECASTS.c.ticker, t.FORECASTS.c.made_us
        times: dict[str, list[int]] = {}
        is_paid = t.FORECASTS.c.cost_units > 0
        query = select(ticker, made_us).where(made_us >= since_us, is_paid).order_by(made_us)
        for name, instant_us in await self._transaction.rows(query):
            times.setdefault(name, []).append(instant_us)
        return {name: tuple(instants) for name, instants in times.items()}


def _forecast_row(forecast: Forecast) -> Columns:
    return {
        "forecast_id": forecast.forecast_id,
        "run_id": forecast.run_id,
        "ticker": forecast.ticker,
        "event_ticker": forecast.event_ticker,
        "category": forecast.category,
        "forecaster": forecast.forecaster,
        "model": forecast.model,
        "made_us": forecast.made_us,
        "probability": forecast.probability,
        "low": forecast.low,
        "high": forecast.high,
        "logit_error": forecast.logit_error,
        "weight": forecast.weight,
        "market": forecast.market,
        "blended": forecast.blended,
        "cost_units": forecast.cost.units,
        "rationale": forecast.rationale,
        "label": forecast.label,
        "decision_id": forecast.decision_id,
        **_advice_columns(forecast.advice),
        "slope": forecast.slope,
        "inputs": forecast.inputs,
        "prompt_version": forecast.prompt_version,
        "variant": forecast.variant,
        "slope_error": forecast.slope_error,
    }


def _advice_columns(advice: Advice | None) -> Columns:
    if advice is None:
        return {"advice": None, "advice_limit_units": None}
    side = _SKIP if advice.side is None else advice.side.value
    return {
        "advice": side,
        "advice_limit_units": price_units(advice.limit),
    }


def _advice_from(side: str | None, limit: int | None) -> Advice | None:
    if side is None:
        return None
    return Advice(None if side == _SKIP else Side(side), price_from(limit))


def forecast_from(values: Values) -> Forecast:
    forecast_id, run_id, ticker, event, category, forecaster, model, made_us, *rest = values
    number, low, high, logit_error, weight, market, blended, cost, rationale, *named = rest
    label, decision_id, advice, advice_limit, slope, *made_by, slope_error = named
    inputs, prompt_version, variant = made_by
    return Forecast(
        forecast_id,
        run_id,
        ticker,
        event,
        category,
        forecaster,
        model,
        made_us,
        Probability(number),
        Probability(low),
        Probability(high),
        logit_error,
        weight,
        market,
        blended,
        AiCost(cost),
        rationale,
        label,
        decision_id,
        _advice_from(advice, advice_limit),
        slope,
        inputs,
        prompt_version,
        variant,
        slope_error,
    )
