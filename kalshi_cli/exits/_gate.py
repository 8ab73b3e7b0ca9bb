"""All exits in their order: the first reason counts."""

from collections.abc import Mapping, Sequence

import kalshi_cli.exits as package
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason
from kalshi_cli.plugins import load_all


def exits(parameters: Mapping[str, object]) -> tuple[Exit, ...]:
    """Every exit of the package, by rank."""
    return tuple(sorted(load_all(package, Exit, parameters), key=lambda rule: rule.rank))


def first_reason(
    chosen: Sequence[Exit],
    position: Position,
    plan: ExitPlan,
    forecast: Forecast | None,
    book: OrderBook,
    now_us: int,
) -> ExitReason | None:
    """None to stay; `chosen` is in order of rank."""
    for rule in chosen:
        reason = rule.check(position, plan, forecast, book, now_us)
        if reason is not None:
            return reason
    return None
