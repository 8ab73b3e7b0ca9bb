"""Whether the exchange itself stopped our entries on a shard."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class OrderGroup(Control):
    """A triggered order group takes no entry until a person resumes; exits are in none."""

    code: ClassVar[str] = "ORDER_GROUP_TRIGGERED"
    remedy: ClassVar[str] = (
        "find out what sent so much at once; `kalshi resume` lets the group be reset"
    )
    rank: ClassVar[int] = 27
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        if intent.exchange_index not in state.triggered_shards:
            return None
        detail = (
            f"the order group of shard {intent.exchange_index} is triggered: "
            "only `kalshi resume` lets it be reset"
        )
        return Denial(self.code, detail, "triggered", "working")
