"""Leave when a position has been held long enough."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.instant import format_span
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue


@dataclass(frozen=True, slots=True)
class TimeLimit(Exit):
    """Compares market time with the plan's."""

    code: ClassVar[str] = "TIME_LIMIT"
    remedy: ClassVar[str] = "nothing; exits.max_hold_hours, or the strategy, sets it"
    rank: ClassVar[int] = 40

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        if position.is_flat or plan.levels.leave_by_us is None or now_us < plan.levels.leave_by_us:
            return None
        return ExitReason(self.code, f"overdue by {format_span(now_us - plan.levels.leave_by_us)}")
