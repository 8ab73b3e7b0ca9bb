"""How far from its peak the account may fall before entries stop."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._losses import DRAWDOWN, drawdown


@dataclass(frozen=True, slots=True)
class Drawdown(Control):
    """From the highest equity on record."""

    code: ClassVar[str] = DRAWDOWN
    remedy: ClassVar[str] = "find out why; `kalshi resume` measures it anew from there"
    rank: ClassVar[int] = 200
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        return drawdown(state.limits, equity=state.equity, peak=state.peak_equity)
