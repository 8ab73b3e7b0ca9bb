"""Forecasts."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.forecast import Forecast


class SqlForecasts:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, forecasts: Sequence[Forecast]) -> None:
        await self._transaction.insert_new(t.FORECASTS, list(map(mapping.forecast_row, forecasts)))

    async def latest(self, tickers: Collection[str]) -> Mapping[str, Forecast]:
        ticker, made_us = t.FORECASTS.c.ticker, t.FORECASTS.c.made_us
        found: dict[str, Forecast] = {}
        for part in chunks(set(tickers)):
            newest = (
                select(ticker.label("ticker"), func.max(made_us).label("made_us"))
                .where(ticker.in_(part))
                .group_by(ticker)
                .subquery()
            )
            # Of two made at one instant the larger id counts, so that the answer never wavers.
            query = (
                select(*t.FORECASTS.c)
                .join(newest, (newest.c.ticker == ticker) & (newest.c.made_us == made_us))
                .order_by(t.FORECASTS.c.forecast_id)
            )
            for row in await self._transaction.rows(query):
                found[row.ticker] = mapping.forecast_from(row)
        return found

    async def times_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        ticker, made_us = t.FORECASTS.c.ticker, t.FORECASTS.c.made_us
        times: dict[str, list[int]] = {}
        query = select(ticker, made_us).where(made_us >= since_us).order_by(made_us)
        for name, instant_us in await self._transaction.rows(query):
            times.setdefault(name, []).append(instant_us)
        return {name: tuple(instants) for name, instants in times.items()}
