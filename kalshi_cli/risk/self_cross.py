"""The desk never trades with itself."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class SelfCross(Control):
    """Denies an order that would meet one of our own, of any strategy."""

    code: ClassVar[str] = "SELF_CROSS"
    remedy: ClassVar[str] = "wait until the order that it names is done, or `kalshi cancel` it"
    rank: ClassVar[int] = 210
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        for order in state.orders:
            own = order.intent
            opposed = own.ticker == intent.ticker and own.side is intent.side.opposite
            if opposed and reaches(intent.side, intent.limit, order.worst_limit):
                detail = f"it would trade with our own order {order.client_order_id}"
                return Denial(self.code, detail, str(intent.limit), str(order.worst_limit))
        return None
