"""Where markets came to their end: the rows of the last pass, and the counts of each day."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, or_, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.prepared import Values
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.instant import day_of
from kalshi_cli.domain.stop import EVERY_MARKET, At, Stop, StopCount, StopDay, nearest_of

KEPT_DAYS = 90
"""Days of counts that are kept: a few rows each."""


class SqlFunnel:
    """Implements `ports.funnel.Funnel`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def keep_stops(self, stops: Sequence[Stop], *, run_id: str, at_us: int) -> None:
        rows = [
            {
                "strategy": stop.strategy,
                "ticker": stop.ticker,
                "run_id": run_id,
                "at_us": at_us,
                "stage": stop.at.value,
                "code": stop.code,
                "value": stop.value,
                "limit": stop.limit,
                "detail": stop.detail,
            }
            for stop in stops
        ]
        await self._transaction.upsert(t.STOPS, rows)

    async def end_pass(
        self,
        counts: Collection[StopCount],
        strategies: Collection[str],
        *,
        run_id: str,
        at_us: int,
    ) -> None:
        kept = t.STOPS.c
        is_of_before = or_(kept.run_id != run_id, kept.at_us != at_us)
        gone = delete(t.STOPS).where(kept.strategy.in_(strategies), is_of_before)
        await self._transaction.write(gone)
        day, table = day_of(at_us), t.STOP_DAYS
        query = select(*table.c).where(table.c.day == day, table.c.strategy.in_(strategies))
        found = [stop_day_from(row) for row in await self._transaction.rows(query)]
        if not found:
            await self._transaction.write(delete(table).where(table.c.day < day - KEPT_DAYS))
        before = {(each.strategy, each.at, each.code): each for each in found}
        looked: dict[str, int] = dict.fromkeys(strategies, 0)
        for count in counts:
            looked[count.strategy] += count.markets
        every = [StopCount(name, At.STRATEGY, EVERY_MARKET, n, None) for name, n in looked.items()]
        rows = [
            _row(_with(before.get((count.strategy, count.at, count.code)), count, day, at_us))
            for count in (*counts, *every)
        ]
        await self._transaction.upsert(table, rows)


def _with(before: StopDay | None, count: StopCount, day: int, at_us: int) -> StopDay:
    """A day's counts with those of one more pass."""
    if before is None:
        since = None if count.nearest is None else at_us
        named = (count.strategy, count.at, count.code)
        return StopDay(day, *named, 1, count.markets, count.nearest, since)
    nearest = nearest_of([each for each in (before.nearest, count.nearest) if each is not None])
    return StopDay(
        day,
        count.strategy,
        count.at,
        count.code,
        before.passes + 1,
        max(before.most, count.markets),
        nearest,
        before.nearest_us if nearest == before.nearest else at_us,
    )


def _row(day: StopDay) -> dict[str, object]:
    nearest = day.nearest
    return {
        "day": day.day,
        "strategy": day.strategy,
        "stage": day.at.value,
        "code": day.code,
        "passes": day.passes,
        "most": day.most,
        "ticker": None if nearest is None else nearest.ticker,
        "value": "" if nearest is None else nearest.value,
        "limit": "" if nearest is None else nearest.limit,
        "detail": "" if nearest is None else nearest.detail,
        "nearest_us": day.nearest_us,
    }


def stop_day_from(row: Values) -> StopDay:
    """A day's count as the table has it."""
    day, strategy, stage, code, passes, most, ticker, value, limit, detail, nearest_us = row
    at = At(stage)
    nearest = None if ticker is None else Stop(strategy, ticker, at, code, value, limit, detail)
    return StopDay(day, strategy, at, code, passes, most, nearest, nearest_us)
