"""Forecasts, and what the AI calls behind them cost."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Columns
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.instant import day_of
from kalshi_cli.domain.money import AiCost
from kalshi_cli.ports.store import AiCall


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

    async def add_calls(self, calls: Sequence[AiCall]) -> None:
        """Append calls and add each new one to its day, in real time."""
        key = t.AI_CALLS.c.call_id
        ids = [call.call_id for call in calls]
        known = {row[0] for row in await self._transaction.rows(select(key).where(key.in_(ids)))}
        new = {call.call_id: call for call in calls if call.call_id not in known}
        await self._transaction.upsert(t.AI_CALLS, list(map(_call_row, new.values())))
        days: dict[int, list[AiCall]] = {}
        for call in new.values():
            days.setdefault(day_of(call.called_wall_us), []).append(call)
        for wall_day, called in sorted(days.items()):
            await self._add_to_day(wall_day, called)

    async def _add_to_day(self, wall_day: int, calls: Sequence[AiCall]) -> None:
        table = t.DAILY_AI_COST
        query = select(table.c.calls, table.c.cost_units).where(table.c.wall_day == wall_day)
        before = await self._transaction.first(query) or (0, 0)
        row = {
            "wall_day": wall_day,
            "calls": before[0] + len(calls),
            "cost_units": before[1] + sum(call.cost.units for call in calls),
        }
        await self._transaction.upsert(table, [row])

    async def spent(self, wall_day: int) -> AiCost:
        table = t.DAILY_AI_COST
        query = select(table.c.cost_units).where(table.c.wall_day == wall_day)
        return AiCost(await self._transaction.number(query) or 0)

    async def spent_ever(self) -> AiCost:
        query = select(func.sum(t.DAILY_AI_COST.c.cost_units))
        return AiCost(await self._transaction.number(query) or 0)


def _call_row(call: AiCall) -> Columns:
    return {
        "call_id": call.call_id,
        "run_id": call.run_id,
        "ticker": call.ticker,
        "role": call.role,
        "requested_model": call.requested_model,
        "served_model": call.served_model,
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cost_units": call.cost.units,
        "latency_ms": call.latency_ms,
        "outcome": call.outcome,
        "called_wall_us": call.called_wall_us,
    }
