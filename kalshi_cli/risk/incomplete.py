"""Nothing new is risked on books that could not be read whole, or that do not add up."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Incomplete(Control):
    """A failed or partial read is no evidence that nothing is held or working.

    Cash that nothing on record explains is evidence that something is not on record.
    """

    code: ClassVar[str] = "BOOKS_INCOMPLETE"
    remedy: ClassVar[str] = "`kalshi inspect-db --reconcile` tells what is missing or unexplained"
    rank: ClassVar[int] = 235
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if not state.missing:
            return None
        return Denial(self.code, f"the books are not whole: {state.missing}", "partial", "all")
