"""Why nothing was traded, over days; and why one market was not, and what would have had to be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.stop import EVERY_MARKET, At, StopDay, nearest_of
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.desk import RunRow
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FunnelRow,
    StopRow,
)
from kalshi_cli.steps.explain import Trace
from kalshi_cli.steps.regating import Regated


@dataclass(frozen=True, slots=True)
class StrategyFunnel:
    """Where the markets of one strategy came to their end. `passes` and `markets` (at most at once)
    are all it looked at; `ends` are those that ended most markets in most passes first.
    """

    strategy: str
    passes: int
    markets: int
    ends: tuple[StopDay, ...]


@dataclass(frozen=True, slots=True)
class WhyNothing:
    """Whole days of market time since `since_us`: as far back as was asked, or as there is anything
    on record; None where nothing was ever run. `filters` are the counts of the newest ingest,
    `orders` those sent, `last_run` the newest command of all.
    """

    since_us: int | None
    until_us: int | None
    state: DeskState
    state_reason: str
    last_run: RunRow | None
    orders: int
    filters: tuple[FunnelRow, ...]
    strategies: tuple[StrategyFunnel, ...]


@dataclass(frozen=True, slots=True)
class WhyMarket:
    """One market: what became of it, what stopped it last, and the gates by what is on record.

    `supposing` are the settings that were supposed, as `old -> new`, and `supposed` the gates under
    these; None where none were. Sizes at the gates are of the market by itself; in a pass, what
    else is proposed and held beside it takes its part.
    """

    trace: Trace
    stops: tuple[StopRow, ...]
    now: Regated | None
    supposing: Mapping[str, str]
    supposed: Regated | None

    def denied(self, row: StopRow) -> DenialRow | None:
        """What was asked for in a pass that ended at a control, sized beside all else in it."""
        return next(
            (
                each
                for each in self.trace.denials
                if (each.strategy, each.code, each.at_us)
                == (row.stop.strategy, row.stop.code, row.at_us)
            ),
            None,
        )


async def why_nothing(reports: Reports, *, now_us: int, since_us: int) -> WhyNothing:
    """Add up what stopped trading on each day of a span: of the first one the whole, too, since
    stops are counted by the day.
    """
    since_us = day_of(since_us) * DAY
    days = await reports.stop_days(since_day=day_of(since_us))
    summary = await reports.summary()
    orders = await reports.orders(since_us=since_us)
    was_run = bool(days) or summary.last_run is not None
    return WhyNothing(
        since_us=max([since_us, *(day.day * DAY for day in days[-1:])]) if was_run else None,
        until_us=now_us if was_run else None,
        state=summary.state,
        state_reason=summary.state_reason,
        last_run=summary.last_run,
        orders=len(orders),
        filters=await reports.funnel(),
        strategies=funnels(days),
    )


def funnels(days: Sequence[StopDay]) -> tuple[StrategyFunnel, ...]:
    """The counts of several days as one, by strategy."""
    merged: dict[tuple[str, At, str], StopDay] = {}
    for day in days:
        key = (day.strategy, day.at, day.code)
        merged[key] = _together(merged[key], day) if key in merged else day
    found = []
    for name in sorted({day.strategy for day in days}):
        own = [day for day in merged.values() if day.strategy == name]
        every = [day for day in own if day.code == EVERY_MARKET]
        ends = _in_order(day for day in own if day.code != EVERY_MARKET)
        passes, markets = (every[0].passes, every[0].most) if every else (0, 0)
        found.append(StrategyFunnel(name, passes, markets, ends))
    return tuple(found)


def _in_order(days: Iterable[StopDay]) -> tuple[StopDay, ...]:
    stages = list(At)
    return tuple(sorted(days, key=lambda d: (-d.most * d.passes, stages.index(d.at), d.code)))


def _together(one: StopDay, other: StopDay) -> StopDay:
    nearest = nearest_of(each for each in (one.nearest, other.nearest) if each is not None)
    return replace(
        one,
        passes=one.passes + other.passes,
        most=max(one.most, other.most),
        nearest=nearest,
        nearest_us=one.nearest_us if nearest == one.nearest else other.nearest_us,
    )
