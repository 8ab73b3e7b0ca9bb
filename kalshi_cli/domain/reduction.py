"""Whether an exit only closes what its owner holds, by our own arithmetic.

The exchange's `reduce_only` exists for immediate-or-cancel orders alone, and it knows one account,
not our strategies.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import Order, OrderIntent, Purpose
from kalshi_cli.domain.position import Position


@dataclass(frozen=True, slots=True)
class Reduction:
    """Contracts that would be leaving, this exit included, and contracts held to leave with.

    `held` is nothing where the exit would add to the position.
    """

    leaving: Contracts
    held: Contracts

    @property
    def fits(self) -> bool:
        return self.leaving <= self.held


def reduction(
    intent: OrderIntent, positions: Iterable[Position], orders: Iterable[Order]
) -> Reduction:
    """Weigh an exit against its owner's position and the exits already open there."""
    mine = (intent.ticker, intent.strategy)
    net = next((p.net for p in positions if (p.ticker, p.owner) == mine), NO_CONTRACTS)
    closes = net.units * intent.side.sign < 0
    open_exits = sum(
        order.remaining.units
        for order in orders
        if order.intent.purpose is Purpose.EXIT
        and (order.intent.ticker, order.intent.strategy) == mine
    )
    return Reduction(
        leaving=Contracts(open_exits + intent.count.units),
        held=abs(net) if closes else NO_CONTRACTS,
    )
