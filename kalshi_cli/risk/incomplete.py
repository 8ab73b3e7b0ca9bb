"""Nothing new is risked on books that could not be read whole."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Incomplete(Control):
    """A failed or partial read is no evidence that nothing is held or working."""

    code: ClassVar[str] = "BOOKS_INCOMPLETE"
    rank: ClassVar[int] = 235
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if not state.missing:
            return None
        return Denial(self.code, f"not everything could be read: {state.missing}", "partial", "all")
