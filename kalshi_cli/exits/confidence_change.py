"""Leave when the forecaster is no longer as sure as at entry."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Exit, ExitPlan, ExitReason
from kalshi_cli.portfolio.edge import SLACK


@dataclass(frozen=True, slots=True)
class ConfidenceChange(Exit):
    """Fires on a forecast made after entry whose confidence fell by at least this much.

    A forecast without a say against the market (w = 0) is on record only, and ends nothing.
    """

    target_confidence_change: float

    code: ClassVar[str] = "CONFIDENCE_CHANGE"
    rank: ClassVar[int] = 30

    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        book: OrderBook,
        now_us: int,
    ) -> ExitReason | None:
        if position.is_flat or forecast is None or plan.entry_confidence is None:
            return None
        if forecast.weight == 0.0:
            return None
        fallen = plan.entry_confidence - forecast.confidence
        if forecast.made_us <= plan.made_us or fallen < self.target_confidence_change - SLACK:
            return None
        was, now = plan.entry_confidence, forecast.confidence
        return ExitReason(self.code, f"confidence fell from {was:.3f} to {now:.3f}")
