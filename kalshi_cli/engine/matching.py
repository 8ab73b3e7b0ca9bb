"""One market's book with price-time priority, in raw units: others' orders and ours.

An order is `(price, owner, units)`: YES price in $0.0001, contracts in 0.01, owner `""` for
everybody else and the exchange's order id for ours. Each side is one list in order of priority.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from kalshi_cli.domain.side import Side
from kalshi_cli.errors import NotFound

Resting = tuple[int, str, int]
Hit = tuple[int, str, int]
"""What a taker got: price, owner of the resting order, units."""
OTHERS = ""
_OWNER = itemgetter(1)


class MatchingBook:
    """Bids and asks, best first; at one price, first come first served. Never crossed."""

    __slots__ = ("asks", "bids")

    def __init__(self, bids: Iterable[Resting] = (), asks: Iterable[Resting] = ()) -> None:
        self.bids = list(bids)
        self.asks = list(asks)

    def resting(self, side: Side) -> list[Resting]:
        """The orders on a side."""
        return self.bids if side is Side.BID else self.asks

    def has_ours(self) -> bool:
        return any(map(_OWNER, self.bids)) or any(map(_OWNER, self.asks))

    def take(self, side: Side, limit: int, units: int, *, ours_too: bool = True) -> list[Hit]:
        """An order on `side` trades with the other side up to its limit, in priority.

        `ours_too=False` is our own order: it passes over orders of ours.
        """
        sign = side.sign
        hits: list[Hit] = []
        kept: list[Resting] = []
        book = self.resting(side.opposite)
        done = 0
        for price, owner, size in book:
            if units <= 0 or sign * (limit - price) < 0:
                break
            done += 1
            traded = 0 if owner and not ours_too else min(units, size)
            if traded:
                hits.append((price, owner, traded))
                units -= traded
            if traded < size:
                kept.append((price, owner, size - traded))
        book[:done] = kept
        return hits

    def take_ours(self, side: Side, limit: int) -> list[Hit]:
        """Somebody on `side` takes all of ours up to a limit, and nothing of the others."""
        sign = side.sign
        book = self.resting(side.opposite)
        hits = [order for order in book if order[1] and sign * (limit - order[0]) >= 0]
        if hits:
            book[:] = [order for order in book if order not in hits]
        return hits

    def join(self, side: Side, price: int, owner: str, units: int) -> None:
        """Rest behind everything at this price. The caller has seen to it that nothing crosses."""
        book = self.resting(side)
        better = side.sign
        at = next((i for i, order in enumerate(book) if better * (price - order[0]) > 0), len(book))
        book.insert(at, (price, owner, units))

    def leave(self, owner: str) -> None:
        """Take out an order of ours, if it is there."""
        self.bids = [order for order in self.bids if order[1] != owner]
        self.asks = [order for order in self.asks if order[1] != owner]

    def reduce(self, owner: str, units: int) -> None:
        """An order of ours shrinks to `units` and keeps its place; it is nowhere: `NotFound`."""
        side, at = self._place_of(owner)
        price, _, _ = side[at]
        side[at : at + 1] = [(price, owner, units)] if units > 0 else []

    def ahead(self, owner: str) -> int:
        """Units that are served before an order of ours: at better prices, and earlier at its own.

        Raises `NotFound` where no such order rests.
        """
        side, at = self._place_of(owner)
        return sum(units for _, _, units in side[:at])

    def _place_of(self, owner: str) -> tuple[list[Resting], int]:
        for side in (self.bids, self.asks):
            for at, order in enumerate(side):
                if order[1] == owner:
                    return side, at
        raise NotFound(f"No order {owner} rests here.")

    def requote(self, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]) -> None:
        """Others replace their quotes, `(price, units)` best first.

        Where ours rest at a price, others who stay keep their place: reductions come from the back
        of the queue, additions go behind. Others never cross ours: such quotes are left out.
        """
        best_ask = min((order[0] for order in self.asks if order[1]), default=None)
        best_bid = max((order[0] for order in self.bids if order[1]), default=None)
        self.bids = _merged(self.bids, bids, 1, lambda p: best_ask is None or p < best_ask)
        self.asks = _merged(self.asks, asks, -1, lambda p: best_bid is None or p > best_bid)

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Total units by price, best first."""
        totals: dict[int, int] = {}
        for price, _, units in self.resting(side):
            totals[price] = totals.get(price, 0) + units
        return list(totals.items())


def _merged(
    old: list[Resting],
    quotes: Sequence[tuple[int, int]],
    better: int,
    allowed: Callable[[int], bool],
) -> list[Resting]:
    if not any(order[1] for order in old):
        return [(price, OTHERS, units) for price, units in quotes if units and allowed(price)]
    wanted = {price: units for price, units in quotes if units and allowed(price)}
    queues: dict[int, list[Resting]] = {}
    for order in old:
        queues.setdefault(order[0], []).append(order)
    merged: list[Resting] = []
    for price in sorted({*wanted, *queues}, reverse=better > 0):
        merged.extend(_requeued(queues.get(price, []), price, wanted.get(price, 0)))
    return merged


def _requeued(queue: list[Resting], price: int, wanted: int) -> list[Resting]:
    kept: list[Resting] = []
    for order in queue:
        if order[1]:
            kept.append(order)
        elif wanted:
            stays = min(order[2], wanted)
            kept.append((price, OTHERS, stays))
            wanted -= stays
    if wanted:
        kept.append((price, OTHERS, wanted))
    return kept
