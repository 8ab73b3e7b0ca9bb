"""Whether the exchange takes orders at all: it pauses every Thursday, and when it must."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class ExchangePaused(Control):
    """Nothing is sent into a pause, which would only be refused, order by order.

    Where the exchange does not tell whether it trades, no entry is sent, but an exit may try.
    """

    code: ClassVar[str] = "EXCHANGE_PAUSED"
    remedy: ClassVar[str] = "wait; `kalshi doctor` shows when trading goes on"
    rank: ClassVar[int] = 25
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if state.paused_shards is None:
            if intent.purpose is Purpose.EXIT:
                return None
            return Denial(self.code, "whether the exchange trades is not known", "unknown", "open")
        if intent.exchange_index not in state.paused_shards:
            return None
        detail = f"trading is paused on shard {intent.exchange_index} of the exchange"
        return Denial(self.code, detail, "paused", "open")
