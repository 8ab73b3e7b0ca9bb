"""Our position and a foreign one of opposite sign net out at the exchange."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.domain.reduction import held_against
from kalshi_cli.domain.side import spoken_net
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Frozen(Control):
    """What one of the two sells, the other loses: nothing trades until a person sorts it out."""

    code: ClassVar[str] = "MARKET_FROZEN"
    remedy: ClassVar[str] = (
        "close what is foreign there at the exchange; `kalshi inspect positions` shows both"
    )
    rank: ClassVar[int] = 92
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        found = held_against(intent, state.positions)
        if found is None:
            return None
        held, foreign = found
        ours, theirs = spoken_net(held), spoken_net(foreign)
        detail = f"we hold {ours} here, and others {theirs}"
        if not held:
            detail = f"others hold {theirs} here, against which this would trade"
        return Denial(self.code, detail, ours, theirs)
