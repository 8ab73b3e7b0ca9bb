"""How large one entry may be."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import ENTRIES, Control, Denial, RiskState
from kalshi_cli.risk._exposure import worst_cost


@dataclass(frozen=True, slots=True)
class OrderSize(Control):
    """In contracts, and in dollars at its worst price with the fee."""

    code: ClassVar[str] = "ORDER_SIZE"
    remedy: ClassVar[str] = "raise trading.max_single_position or risk.max_order_contracts"
    rank: ClassVar[int] = 55
    purposes: ClassVar[frozenset[Purpose]] = ENTRIES

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        most = state.limits.max_order_contracts
        if most is not None and intent.count.units > 100 * most:
            detail = f"{intent.count.spoken} contracts, at most {most:,} an order"
            return Denial(self.code, detail, str(intent.count), str(most))
        share = state.limits.max_single_position
        if share is None:
            return None
        cost, limit = worst_cost(intent, intent.count, state), state.bankroll.scaled(share)
        if cost <= limit:
            return None
        return Denial(
            self.code, f"it may cost {cost.spoken}, at most {limit.spoken}", str(cost), str(limit)
        )
