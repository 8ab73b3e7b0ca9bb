"""Our orders on a tape: which recorded prints fill them, for how much, and what waits before them.

The queue at a price is an estimate wherever the recording shows levels and not orders. A print
goes through it from the front; a level that shrinks without a print lost orders that were
canceled, and where in the queue those stood is what `QueueRule` assumes.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from kalshi_cli.domain.side import Side
from kalshi_cli.errors import NotFound


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order of ours in the book. `ahead` is what of others must still trade before it."""

    order_id: str
    side: Side
    price: int
    units: int
    ahead: int


Queue = tuple[Waiting, ...]
"""Our orders in one market, in order of joining."""
Reached = tuple[str, int, int]
"""A fill: order id, price, units."""


class QueueRule(StrEnum):
    """Where canceled orders stood: all behind ours, evenly spread, or all before ours.

    The truth lies between the first and the last, which bound every fill of a resting order.
    """

    PESSIMISTIC = "pessimistic"
    PROPORTIONAL = "proportional"
    OPTIMISTIC = "optimistic"

    def left_ahead(self, ahead: int, level: int, canceled: int) -> int:
        """What is still before an order after cancellations among the `level` units of others."""
        match self:
            case QueueRule.PESSIMISTIC:
                return min(ahead, level - canceled)
            case QueueRule.PROPORTIONAL:
                return ahead - ahead * canceled // level
            case QueueRule.OPTIMISTIC:
                return max(ahead - canceled, 0)


def reached(waiting: Queue, price: int, units: int, hits: Side) -> tuple[Queue, list[Reached]]:
    """What a print does to our orders, whose taker traded with the side `hits`.

    Those with a better price first, then in order of joining; all of them share what was printed,
    and those at the printed price wait for the same others before them.
    """
    left, passed = units, 0
    fills: list[Reached] = []
    after = {order.order_id: order for order in waiting}
    for order in sorted(waiting, key=lambda order: -order.side.sign * order.price):
        through = order.side.sign * (order.price - price)
        if through < 0 or (through == 0 and order.side is not hits):
            continue
        waits = 0 if through else min(max(order.ahead - passed, 0), left)
        passed += waits
        filled = min(order.units, left - waits)
        left -= waits + filled
        ahead = order.ahead if through else max(order.ahead - passed, 0)
        after[order.order_id] = replace(order, ahead=ahead, units=order.units - filled)
        if filled:
            fills.append((order.order_id, order.price, filled))
    return tuple(order for order in after.values() if order.units), fills


def found(waiting: Queue, order_id: str) -> Waiting:
    """One of our orders. Raises `NotFound` where it does not wait."""
    for order in waiting:
        if order.order_id == order_id:
            return order
    raise NotFound(f"No order {order_id} rests here.")


def own_ahead(waiting: Queue, order_id: str) -> int:
    """Units of our own orders that are served before one of them."""
    order = found(waiting, order_id)
    earlier = waiting[: waiting.index(order)]
    return sum(
        own.units
        for own in waiting
        if own.side is order.side
        and (better := own.side.sign * (own.price - order.price)) >= 0
        and (better > 0 or own in earlier)
    )


def resized(waiting: Queue, order_id: str, units: int) -> Queue:
    """One of our orders has `units` from now on, in its place; at 0 it is gone."""
    order = found(waiting, order_id)
    after = (replace(each, units=units) if each is order else each for each in waiting)
    return tuple(each for each in after if each.units > 0)
