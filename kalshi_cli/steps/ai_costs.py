"""What the AI cost, by day, role, model or strategy."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.instant import DAY, to_datetime
from kalshi_cli.domain.money import NO_COST, AiCost
from kalshi_cli.evaluation.ai_costs import UNUSED, DecisionCost, by_strategy
from kalshi_cli.ports.reports import Reports
from kalshi_cli.ports.rows.ai import AiCostRow


class By(StrEnum):
    """What costs may be summed by."""

    DAY = "day"
    ROLE = "role"
    MODEL = "model"
    STRATEGY = "strategy"


@dataclass(frozen=True, slots=True)
class CostLine:
    """A sum by its name; `calls` are those behind it, and a shared one counts for all who share."""

    name: str
    calls: int
    cost: AiCost


@dataclass(frozen=True, slots=True)
class AiCosts:
    """The dearest line first, days in their order; what is in flight counts as set aside."""

    by: By
    lines: tuple[CostLine, ...]
    total: AiCost


async def ai_costs(
    reports: Reports, by: By, *, ticker: str | None = None, since_wall_us: int | None = None
) -> AiCosts:
    """Sum what was spent on the event of a market, or on all, since an instant of real time."""
    rows = await reports.ai_costs(ticker=ticker, since_wall_us=since_wall_us)
    if by is By.STRATEGY:
        users = await reports.ai_users()
        lines = _of_strategies(rows, users)
    else:
        lines = _summed(rows, _NAMES[by])
    if by is By.DAY:
        lines.sort(key=lambda line: line.name)
    else:
        lines.sort(key=lambda line: (-line.cost.units, line.name))
    return AiCosts(by, tuple(lines), AiCost(sum(row.cost.units for row in rows)))


def _day(row: AiCostRow) -> str:
    return to_datetime(row.wall_day * DAY).date().isoformat()


_NAMES: dict[By, Callable[[AiCostRow], str]] = {
    By.DAY: _day,
    By.ROLE: lambda row: row.role,
    By.MODEL: lambda row: row.model,
}


def _summed(rows: tuple[AiCostRow, ...], name_of: Callable[[AiCostRow], str]) -> list[CostLine]:
    sums: dict[str, tuple[int, AiCost]] = {}
    for row in rows:
        calls, cost = sums.get(name_of(row), (0, NO_COST))
        sums[name_of(row)] = calls + row.calls, cost + row.cost
    return [CostLine(name, calls, cost) for name, (calls, cost) in sums.items()]


def _of_strategies(rows: tuple[AiCostRow, ...], users: dict[str, frozenset[str]]) -> list[CostLine]:
    paid = by_strategy([DecisionCost(row.decision_id, row.cost) for row in rows], users)
    calls = dict.fromkeys(paid, 0)
    for row in rows:
        for strategy in users.get(row.decision_id, {UNUSED}):
            calls[strategy] += row.calls
    return [CostLine(name, calls[name], cost) for name, cost in paid.items()]
