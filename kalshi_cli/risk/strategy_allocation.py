"""What one strategy may put at risk."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import over_share


@dataclass(frozen=True, slots=True)
class StrategyAllocation(Control):
    """Only its own positions and orders count."""

    code: ClassVar[str] = "STRATEGY_ALLOCATION"
    rank: ClassVar[int] = 160
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        return over_share(
            self.code,
            intent.strategy,
            intent,
            state,
            share=state.limits.strategy_allocation,
            group=("strategy", intent.strategy),
        )
