"""The run state comes first: a halted desk sends nothing, exits included."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class HaltState(Control):
    """Reduce-only and flatten let exits pass; halted lets nothing pass."""

    code: ClassVar[str] = "HALT_STATE"
    remedy: ClassVar[str] = "`kalshi status` says why it is so; `kalshi resume` lifts it"
    rank: ClassVar[int] = 10
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if state.desk is DeskState.ACTIVE:
            return None
        if state.desk is not DeskState.HALTED and intent.purpose is Purpose.EXIT:
            return None
        detail = f"the desk is {state.desk}; `kalshi resume` lifts that"
        return Denial(self.code, detail, str(state.desk), str(DeskState.ACTIVE))
