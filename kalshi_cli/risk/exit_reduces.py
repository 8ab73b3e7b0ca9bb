"""Exits close what their owner holds, and nothing more."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.reduction import reduction
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class ExitReduces(Control):
    """An exit, and all of its owner's orders that may close the position, stay within it."""

    code: ClassVar[str] = "EXIT_REDUCES"
    remedy: ClassVar[str] = "nothing: it is leaving already, or `kalshi track` looks again"
    rank: ClassVar[int] = 220
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.EXIT})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        found = reduction(intent, state.positions, state.orders)
        if found.fits:
            return None
        leaving, held = found.leaving, found.held
        detail = (
            f"{leaving.spoken} contracts may leave, all own orders on that side counted, "
            f"and {held.spoken} are held"
        )
        return Denial(self.code, detail, str(leaving), str(held))
