"""Leave when a new forecast says something else than the one at entry."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason, Venue
from kalshi_cli.portfolio.edge import SLACK, chance


@dataclass(frozen=True, slots=True)
class ConfidenceChange(Exit):
    """Fires on a forecast made after entry that moved by more than this much against what is held:
    its probability, or how sure it is of it.

    A forecast without a say against the market (w = 0) is on record only, and ends nothing; nor
    does the market's own number, which moves as the price does.
    """

    target_confidence_change: float

    code: ClassVar[str] = "CONFIDENCE_CHANGE"
    remedy: ClassVar[str] = "nothing; exits.target_confidence_change sets how far"
    rank: ClassVar[int] = 30

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        if position.is_flat or forecast is None or forecast.made_us <= plan.made_us:
            return None
        if forecast.weight == 0.0 or forecast.is_of_market:
            return None
        least = self.target_confidence_change + SLACK
        if plan.entry_probability is not None:
            was = chance(position.side, plan.entry_probability)
            now = chance(position.side, forecast.probability)
            if was - now > least:
                told = f"the forecast of what is held fell from {was:.1%} to {now:.1%}"
                return ExitReason(self.code, told)
        if plan.entry_confidence is not None:
            was, now = plan.entry_confidence, forecast.confidence
            if was - now > least:
                return ExitReason(self.code, f"confidence fell from {was:.1%} to {now:.1%}")
        return None
