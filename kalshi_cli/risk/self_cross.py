"""The desk never trades with itself."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.book import reaches
from kalshi_cli.domain.order import Order, OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState
from kalshi_cli.risk._wording import own_price


@dataclass(frozen=True, slots=True)
class SelfCross(Control):
    """Denies an order that would meet one of our own, of any strategy."""

    code: ClassVar[str] = "SELF_CROSS"
    remedy: ClassVar[str] = "wait until the order that it names is done, or `kalshi cancel` it"
    rank: ClassVar[int] = 210
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING
    recounts: ClassVar[bool] = True

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        for order in state.orders:
            own = order.intent
            opposed = own.ticker == intent.ticker and own.side is intent.side.opposite
            if opposed and reaches(intent.side, intent.limit, order.worst_limit):
                return self._met(intent, order)
        return None

    def _met(self, intent: OrderIntent, order: Order) -> Denial:
        """Both prices are of the outcome that the intent trades."""
        price, its = own_price(intent, intent.limit), own_price(intent, order.worst_limit)
        own = f"our own order {order.client_order_id} at {its.spoken}"
        detail = f"at {price.spoken} it would trade with {own}"
        return Denial(self.code, detail, str(price), str(its))
