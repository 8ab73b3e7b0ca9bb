"""Forecasts."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import func, select

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Prepared
from kalshi_cli.adapters.store.transaction import Transaction, among
from kalshi_cli.domain.forecast import Forecast


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
        await self._transaction.insert_new(t.FORECASTS, list(map(mapping.forecast_row, forecasts)))

    async def latest(self, tickers: Collection[str]) -> Mapping[str, Forecast]:
        if not tickers:
            return {}
        newest = _newest(is_postgres=self._transaction.is_postgres)
        rows = await self._transaction.rows(newest, {"names": list(set(tickers))})
        return {found.ticker: found for found in map(mapping.forecast_from, rows)}

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        ticker, made_us = t.FORECASTS.c.ticker, t.FORECASTS.c.made_us
        times: dict[str, list[int]] = {}
        is_paid = t.FORECASTS.c.cost_units > 0
        query = select(ticker, made_us).where(made_us >= since_us, is_paid).order_by(made_us)
        for name, instant_us in await self._transaction.rows(query):
            times.setdefault(name, []).append(instant_us)
        return {name: tuple(instants) for name, instants in times.items()}
