"""Leave when the market pays the plan's target. Off unless a plan carries one."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.exits._pricing import exit_price


@dataclass(frozen=True, slots=True)
class TakeProfit(Exit):
    """Compares the bid of the outcome held with the plan's target, and sells for no less. What the
    forecast is worth by now is another matter: see `value`.
    """

    code: ClassVar[str] = "TAKE_PROFIT"
    remedy: ClassVar[str] = "nothing; exits.take_profit, or the strategy, sets it"
    rank: ClassVar[int] = 20

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        price = exit_price(position, venue.book)
        if price is None or plan.levels.target is None or price < plan.levels.target:
            return None
        detail = f"the bid is {price.spoken}, the target {plan.levels.target.spoken}"
        return ExitReason(self.code, detail, least=plan.levels.target)
