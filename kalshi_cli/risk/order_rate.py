"""How many orders a minute before entries wait."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class OrderRate(Control):
    """What sends more than this has run away: exits that are sent over and over count too.

    They are never stopped by it, for they only take risk away; the account's own budget of requests
    holds for them.
    """

    code: ClassVar[str] = "ORDER_RATE"
    remedy: ClassVar[str] = (
        "wait a minute; where exits run away, `kalshi halt` and look at `kalshi inspect orders`"
    )
    rank: ClassVar[int] = 75
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_orders_per_minute
        count = state.orders_last_minute + 1
        if most is None or count <= most:
            return None
        return Denial(self.code, f"order {count} within a minute", str(count), str(most))
