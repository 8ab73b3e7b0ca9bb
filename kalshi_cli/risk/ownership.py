"""One strategy owns a market from its first intent until it is flat."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Ownership(Control):
    """Denies the others; what is not ours owns nothing."""

    code: ClassVar[str] = "MARKET_OWNED"
    remedy: ClassVar[str] = "wait until the strategy that it names is flat there"
    rank: ClassVar[int] = 90
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        owners = {p.owner for p in state.positions if p.ticker == intent.ticker and p.net}
        owners |= {o.intent.strategy for o in state.orders if o.intent.ticker == intent.ticker}
        others = owners - {intent.strategy, EXTERNAL}
        if not others:
            return None
        names = ", ".join(sorted(others))
        return Denial(self.code, f"the market belongs to {names}", names, intent.strategy)
