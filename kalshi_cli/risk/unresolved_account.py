"""Nothing new is risked anywhere while too many orders have an unknown outcome."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import unknown_orders


@dataclass(frozen=True, slots=True)
class UnresolvedAccount(Control):
    """One lost answer is an accident; several mean that the exchange cannot be relied on now."""

    code: ClassVar[str] = "UNRESOLVED_ACCOUNT"
    remedy: ClassVar[str] = (
        "wait until `kalshi track` has found them; risk.max_unresolved_orders is the limit"
    )
    rank: ClassVar[int] = 232
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_unresolved_orders
        count = len(unknown_orders(state))
        if most is None or count <= most:
            return None
        detail = f"{count} orders have an unknown outcome"
        return Denial(self.code, detail, str(count), str(most))
