"""How far from its peak the account may fall before entries stop."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Drawdown(Control):
    """From the highest equity on record."""

    code: ClassVar[str] = "DRAWDOWN"
    rank: ClassVar[int] = 200
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_drawdown
        if most is None:
            return None
        lost = state.peak_equity - state.equity
        limit = state.peak_equity.scaled(most)
        if lost <= limit:
            return None
        detail = f"down ${lost} from the peak, at most ${limit}"
        return Denial(self.code, detail, str(lost), str(limit))
