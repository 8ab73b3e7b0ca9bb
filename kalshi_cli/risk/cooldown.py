"""A market that was left is left alone for a while."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import format_span
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Cooldown(Control):
    """Per strategy and market, in market time. Quotes are flat now and then by their trade."""

    code: ClassVar[str] = "COOLDOWN"
    remedy: ClassVar[str] = "wait, or lower risk.reentry_cooldown_hours"
    rank: ClassVar[int] = 100
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        left = state.last_exit_us.get((intent.strategy, intent.ticker))
        wait = state.limits.reentry_cooldown_us
        if left is None or now_us - left >= wait:
            return None
        age = now_us - left
        detail = f"left {format_span(age)} ago; re-entry after {format_span(wait)}"
        return Denial(self.code, detail, str(age), str(wait))
