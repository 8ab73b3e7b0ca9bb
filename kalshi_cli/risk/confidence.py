"""How sure a forecast must be before it is traded."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Confidence(Control):
    """For entries with a forecast, which must be the newest one of its market."""

    code: ClassVar[str] = "CONFIDENCE"
    remedy: ClassVar[str] = (
        "wait for a newer or surer forecast, or lower trading.min_confidence_to_trade"
    )
    rank: ClassVar[int] = 115
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if intent.forecast_id is None:
            return None
        facts = state.facts.get(intent.ticker)
        forecast = None if facts is None else facts.forecast
        if forecast is None or forecast.forecast_id != intent.forecast_id:
            return Denial(self.code, "its forecast is not the newest", "missing", "the newest")
        least = state.limits.min_confidence_to_trade
        if forecast.confidence >= least:
            return None
        detail = f"confidence {forecast.confidence:.1%}, at least {least:.1%} is asked"
        return Denial(self.code, detail, f"{forecast.confidence:.3f}", f"{least:.3f}")
