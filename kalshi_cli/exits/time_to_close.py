"""Leave before the market closes. Off unless a plan says how long before."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.instant import format_span
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue


@dataclass(frozen=True, slots=True)
class TimeToClose(Exit):
    """Compares market time with the close as it is scheduled now: it may have come nearer."""

    code: ClassVar[str] = "TIME_TO_CLOSE"
    remedy: ClassVar[str] = "nothing; exits.leave_before_close_minutes, or the strategy, sets it"
    rank: ClassVar[int] = 45

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        left = venue.close_us - now_us
        if (
            position.is_flat
            or plan.levels.before_close_us is None
            or left > plan.levels.before_close_us
        ):
            return None
        return ExitReason(self.code, f"the market closes in {format_span(max(0, left))}")
