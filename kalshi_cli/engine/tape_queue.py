"""Our orders on a tape: which recorded prints fill them, and for how much."""

from dataclasses import dataclass, replace

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.recording import Prints


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order of ours in the book. `ahead` is what must still print at its price before it."""

    order_id: str
    side: Side
    price: int
    units: int
    ahead: int


def reached(
    waiting: tuple[Waiting, ...], prints: Prints, index: int
) -> tuple[tuple[Waiting, ...], list[tuple[str, int, int]]]:
    """What one print does to our orders: those left, and fills as (order id, price, units).

    Better prices first, then in order of joining; all of them share the volume printed.
    """
    price, left = prints.price[index], prints.units[index]
    hits = Side.ASK if prints.bought[index] else Side.BID
    fills: list[tuple[str, int, int]] = []
    after = {order.order_id: order for order in waiting}
    for order in sorted(waiting, key=lambda order: -order.side.sign * order.price):
        through = order.side.sign * (order.price - price)
        if through < 0 or (through == 0 and order.side is not hits):
            continue
        waits = 0 if through else min(order.ahead, left)
        filled = min(order.units, left - waits)
        left -= waits + filled
        after[order.order_id] = replace(
            order, ahead=order.ahead - waits, units=order.units - filled
        )
        if filled:
            fills.append((order.order_id, order.price, filled))
    return tuple(order for order in after.values() if order.units), fills
