"""Whether an exit only closes what its owner holds, by our own arithmetic.

The exchange's `reduce_only` exists for immediate-or-cancel orders alone, and it knows one account,
not our strategies.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, OrderState, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side


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


def entered_since(intent: OrderIntent, orders: Iterable[Order], known: Iterable[Order]) -> bool:
    """Whether the owner of an exit has an entry there that was not known when it was decided, or
    was on its way then: nobody could cancel it.
    """
    before = {o.client_order_id for o in known if o.state is not OrderState.INTENT}
    return any(
        order.intent.purpose is not Purpose.EXIT
        and (order.intent.ticker, order.intent.strategy) == (intent.ticker, intent.strategy)
        and order.client_order_id not in before
        for order in orders
    )


def cuts(
    positions: Iterable[Position], orders: Iterable[Order]
) -> tuple[tuple[Order, Contracts], ...]:
    """Resting exits that would leave with more than is held, and what each may keep.

    The newest gives way first; exits that cannot be changed count as they are.
    """
    nets = {(p.ticker, p.owner): p.net.units for p in positions}
    exits = [o for o in orders if o.intent.purpose is Purpose.EXIT and o.remaining]
    exits.sort(key=lambda order: (order.state in WORKING, order.created_us, order.sequence))
    found: list[tuple[Order, Contracts]] = []
    left: dict[tuple[str, str, Side], int] = {}
    for order in exits:
        intent = order.intent
        key = (intent.ticker, intent.strategy, intent.side)
        held = max(0, -nets.get(key[:2], 0) * intent.side.sign)
        kept = max(0, min(left.setdefault(key, held), order.remaining.units))
        left[key] -= order.remaining.units
        if order.state in WORKING and kept < order.remaining.units:
            found.append((order, Contracts(kept)))
    return tuple(found)
