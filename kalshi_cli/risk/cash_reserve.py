"""Cash that entries never touch."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import reserved, worst_cost


@dataclass(frozen=True, slots=True)
class CashReserve(Control):
    """What is left once every live order and this one are filled, fee included."""

    code: ClassVar[str] = "CASH_RESERVE"
    remedy: ClassVar[str] = (
        "add cash, wait until something is sold or settled, or lower risk.min_cash_reserve"
    )
    rank: ClassVar[int] = 180
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        left = state.cash - reserved(state) - worst_cost(intent, intent.count, state)
        least = state.bankroll.scaled(state.limits.min_cash_reserve)
        if left >= least:
            return None
        detail = f"{left.spoken} of cash would be left, {least.spoken} stays untouched"
        return Denial(self.code, detail, str(left), str(least))
