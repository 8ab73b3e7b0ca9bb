"""How many entries an hour."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Rate(Control):
    """Counts entries of the last hour of market time."""

    code: ClassVar[str] = "RATE"
    remedy: ClassVar[str] = "wait, or raise risk.max_trades_per_hour"
    rank: ClassVar[int] = 80
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_trades_per_hour
        count = state.entries_last_hour + 1
        if most is None or count <= most:
            return None
        return Denial(self.code, f"entry {count} within an hour", str(count), str(most))
