"""How much may be lost in a day before entries stop."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class DailyLoss(Control):
    """Since 00:00 UTC of market time."""

    code: ClassVar[str] = "DAILY_LOSS"
    rank: ClassVar[int] = 190
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_daily_loss
        if most is None:
            return None
        lost = state.day_start_equity - state.equity
        limit = state.day_start_equity.scaled(most)
        if lost <= limit:
            return None
        detail = f"down ${lost} since 00:00 UTC, at most ${limit}"
        return Denial(self.code, detail, str(lost), str(limit))
