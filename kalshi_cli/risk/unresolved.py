"""Nothing new is risked in a market while an order there has an unknown outcome."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Unresolved(Control):
    """Until the order was found, or shown to be absent."""

    code: ClassVar[str] = "UNRESOLVED"
    rank: ClassVar[int] = 230
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if intent.ticker not in state.unresolved:
            return None
        return Denial(self.code, "an order here has an unknown outcome", "unknown", "resolved")
