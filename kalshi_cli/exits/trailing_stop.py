"""Leave when a gain is lost again. Off unless a plan carries a trail."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price


@dataclass(frozen=True, slots=True)
class TrailingStop(Exit):
    """Compares the bid of the outcome held with a level that follows the best bid seen since entry
    and never comes down again.
    """

    code: ClassVar[str] = "TRAILING_STOP"
    remedy: ClassVar[str] = "nothing; exits.trailing_stop, or the strategy, sets it"
    rank: ClassVar[int] = 15

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        price = exit_price(position, venue.book)
        seen = plan.seeing(price)
        level, peak = seen.trailing_level, seen.peak
        if price is None or level is None or peak is None or price > level:
            return None
        told = f"the bid is {price.spoken}, the trailing stop {level.spoken}"
        return ExitReason(self.code, f"{told}, the best bid was {peak.spoken}")
