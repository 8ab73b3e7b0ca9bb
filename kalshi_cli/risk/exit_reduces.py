"""Exits close what their owner holds, and nothing more."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class ExitReduces(Control):
    """Open exit contracts and this order stay within the owner's position."""

    code: ClassVar[str] = "EXIT_REDUCES"
    rank: ClassVar[int] = 220
    purposes: ClassVar[frozenset[Purpose]] = frozenset({Purpose.EXIT})

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        held = next(
            (p for p in state.positions if (p.ticker, p.owner) == (intent.ticker, intent.strategy)),
            None,
        )
        net = NO_CONTRACTS if held is None else held.net
        if net.units * intent.side.sign >= 0:
            return Denial(self.code, "it would add to the position", str(intent.count), "0.00")
        open_exits = sum(
            order.remaining.units
            for order in state.orders
            if order.intent.purpose is Purpose.EXIT
            and (order.intent.ticker, order.intent.strategy) == (intent.ticker, intent.strategy)
        )
        leaving = Contracts(open_exits + intent.count.units)
        if leaving <= abs(net):
            return None
        detail = f"{leaving} contracts would be leaving, {abs(net)} are held"
        return Denial(self.code, detail, str(leaving), str(abs(net)))
