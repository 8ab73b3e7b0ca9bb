"""Nothing new is risked in a market while it is not known how things stand there."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState

UNKNOWN_ORDER = "an order here has an unknown outcome"


@dataclass(frozen=True, slots=True)
class Unresolved(Control):
    """Until an order was found or shown to be absent, a row can be read, a difference is gone."""

    code: ClassVar[str] = "UNRESOLVED"
    remedy: ClassVar[str] = (
        "`kalshi track` finds out; `kalshi inspect-db --reconcile` tells what it cannot explain"
    )
    rank: ClassVar[int] = 230
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        why = state.unresolved.get(intent.ticker)
        return None if why is None else Denial(self.code, why, "unknown", "resolved")
