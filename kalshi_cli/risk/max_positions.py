"""How many markets the desk may be in."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import in_or_entering


@dataclass(frozen=True, slots=True)
class MaxPositions(Control):
    """Markets held or with a live entry, this one included; foreign positions are not ours to
    count.
    """

    code: ClassVar[str] = "MAX_POSITIONS"
    remedy: ClassVar[str] = "wait until a market is left, or raise risk.max_positions"
    rank: ClassVar[int] = 170
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_positions
        markets = in_or_entering(state)
        count = len(markets | {intent.ticker})
        if most is None or count <= most or intent.ticker in markets:
            return None
        return Denial(self.code, f"this would be market {count}", str(count), str(most))
