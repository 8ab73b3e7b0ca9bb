"""How often one strategy enters one market."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Repeated(Control):
    """Counts entries of the last 24 hours of market time, whatever became of them."""

    code: ClassVar[str] = "REPEATED"
    remedy: ClassVar[str] = "wait, or raise risk.max_entries_per_market"
    rank: ClassVar[int] = 85
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.ENTRY})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_entries_per_market
        count = state.entries_today.get((intent.strategy, intent.ticker), 0) + 1
        if most is None or count <= most:
            return None
        return Denial(self.code, f"entry {count} here within 24 hours", str(count), str(most))
