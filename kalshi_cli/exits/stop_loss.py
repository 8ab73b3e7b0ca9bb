"""Leave when too much of the entry price is lost. Off unless a plan carries a stop."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price


@dataclass(frozen=True, slots=True)
class StopLoss(Exit):
    """Compares the bid of the outcome held with the plan's stop."""

    code: ClassVar[str] = "STOP_LOSS"
    remedy: ClassVar[str] = "nothing; exits.stop_loss, or the strategy, sets it"
    rank: ClassVar[int] = 10

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        price = exit_price(position, venue.book)
        if price is None or plan.levels.stop is None or price > plan.levels.stop:
            return None
        detail = f"the bid is {price.spoken}, the stop {plan.levels.stop.spoken}"
        return ExitReason(self.code, detail)
