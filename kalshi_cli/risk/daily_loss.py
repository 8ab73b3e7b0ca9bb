"""How much may be lost in a day before entries stop."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._losses import DAILY_LOSS, daily_loss


@dataclass(frozen=True, slots=True)
class DailyLoss(Control):
    """Since 00:00 UTC of market time."""

    code: ClassVar[str] = DAILY_LOSS
    remedy: ClassVar[str] = "wait for 00:00 UTC of market time, then `kalshi resume`"
    rank: ClassVar[int] = 190
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        return daily_loss(state.limits, equity=state.equity, day_start=state.day_start_equity)
