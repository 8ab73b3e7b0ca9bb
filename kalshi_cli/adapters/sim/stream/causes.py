"""Which changes of the books our own orders made, so that their deltas can name the order.

An order makes the levels that it takes from smaller, and the level where it rests larger; whoever
cancels or shrinks it makes that level smaller. What others take from it is their doing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.happenings import Filled, Happening, OrderChanged
from kalshi_cli.engine.orders import ExchangeOrder, UpdateReason

Place = tuple[str, Side, int]
"""A level of a book: ticker, side, YES price in its units."""

_NOT_OURS = frozenset({UpdateReason.CLOSE, UpdateReason.HALT})


@dataclass(frozen=True, slots=True)
class Cause:
    """One of our orders changed a level by so many units."""

    units: int
    client_order_id: str


class OwnOrders:
    """Our orders in the books, as of the last command heard of."""

    def __init__(self, resting: Iterable[ExchangeOrder]) -> None:
        self._resting = {order.order_id: order for order in resting}

    def causes(self, happenings: Iterable[Happening]) -> dict[Place, list[Cause]]:
        """What the orders in these happenings did to the books."""
        changed: dict[str, ExchangeOrder] = {}
        taken_from: Counter[str] = Counter()
        causes: dict[Place, list[Cause]] = {}
        for happening in happenings:
            if isinstance(happening, OrderChanged):
                changed[happening.order.order_id] = happening.order
            elif isinstance(happening, Filled) and happening.fill.is_taker:
                fill = happening.fill
                place = (fill.ticker, fill.side.opposite, fill.price.units)
                cause = Cause(-fill.count.units, happening.client_order_id)
                causes.setdefault(place, []).append(cause)
            elif isinstance(happening, Filled):
                taken_from[happening.fill.order_id] += happening.fill.count.units
        for order_id, order in changed.items():
            for place, units in self._moved(order, taken_from[order_id]):
                causes.setdefault(place, []).append(Cause(units, order.client_order_id))
        return causes

    def _moved(self, order: ExchangeOrder, taken_from: int) -> list[tuple[Place, int]]:
        """How the levels changed on which an order rested and rests, by no trade of others."""
        before = self._resting.pop(order.order_id, None)
        levels: Counter[Place] = Counter()
        if before is not None:
            levels[_place(before)] -= before.remaining.units - taken_from
        if order.remaining:
            self._resting[order.order_id] = order
            levels[_place(order)] += order.remaining.units
        if order.reason in _NOT_OURS:
            return []
        return [(place, units) for place, units in levels.items() if units]


def _place(order: ExchangeOrder) -> Place:
    return order.ticker, order.side, order.price.units
