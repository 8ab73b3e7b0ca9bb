"""Whether an exit only closes what its owner holds, by our own arithmetic: whatever fills of all
that its owner has on its way, nothing is sold that is not held.

The exchange's `reduce_only` exists for immediate-or-cancel orders alone, and it knows one account,
not our strategies.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import WORKING, Order, OrderIntent, OrderState, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Reduction:
    """Contracts that may leave, this exit included, and contracts held to leave with.

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
    """Weigh an exit against its owner's position, and its orders that may close that already."""
    owned = (intent.ticker, intent.strategy)
    net = next((p.net for p in positions if (p.ticker, p.owner) == owned), NO_CONTRACTS)
    closes = net.units * intent.side.sign < 0
    return Reduction(
        leaving=spoken_for(owned, intent.side, orders) + intent.count,
        held=abs(net) if closes else NO_CONTRACTS,
    )


def held_against(
    intent: OrderIntent, positions: Iterable[Position]
) -> tuple[Contracts, Contracts] | None:
    """What its owner holds there and what others do, if these are of opposite signs, or the owner
    has nothing and would trade against the others; else None.
    """
    held = foreign = NO_CONTRACTS
    for position in positions:
        if position.ticker == intent.ticker and position.owner == intent.strategy:
            held += position.net
        if position.ticker == intent.ticker and position.owner == EXTERNAL:
            foreign += position.net
    is_against = (held.units or intent.side.sign) * foreign.units < 0
    return (held, foreign) if is_against else None


def beside(owned: tuple[str, str], side: Side, orders: Iterable[Order]) -> tuple[Order, ...]:
    """The orders of a (ticker, owner) that may trade on a side: exits, entries and quotes alike,
    for it is the same to a position which of them fills.
    """
    mine = (o for o in orders if (o.intent.ticker, o.intent.strategy) == owned)
    return tuple(order for order in mine if order.intent.side is side and order.remaining)


def spoken_for(owned: tuple[str, str], side: Side, orders: Iterable[Order]) -> Contracts:
    """Contracts that those may trade."""
    return sum((order.remaining for order in beside(owned, side, orders)), NO_CONTRACTS)


def fitted(
    intent: OrderIntent, positions: Iterable[Position], orders: Iterable[Order]
) -> OrderIntent:
    """The exit with as many contracts as others leave to it; as it is where they leave none."""
    found = reduction(intent, positions, orders)
    over = found.leaving - found.held
    if found.fits or over >= intent.count:
        return intent
    return replace(intent, count=intent.count - over)


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
