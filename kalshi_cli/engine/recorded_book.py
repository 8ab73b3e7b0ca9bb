"""The liquidity of a recording or of a live stream: others' levels, and orders of ours among them.

Input is plain values: a snapshot, changes of levels, prints, the loss of frames. What is ours is
never in them, and nothing that we do changes what they tell. Nothing of ours happens before an
instant is over, and whether its prints or its changes came first does not matter.

What happens to an order of ours is an estimate wherever levels are told and not orders:

- All that is displayed at its price when it joins is ahead of it.
- A print at its price that hits its side goes through what is ahead first, then fills it.
- A print through its price fills it. No print fills more than was printed.
- A level that shrank by more than was printed there lost canceled orders: `QueueRule` says which.
- An order of others that comes to rest at or through its price would have met it: it fills it, for
  no more than came, and is not displayed.
- What we took of a level is gone until the level is told to be empty; what is added to it shows.
- After a gap, no more than the snapshot displays at its price can be ahead of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import NO_ASK, NO_BID, BookLevels, Ladder
from kalshi_cli.engine.tape_queue import (
    Queue,
    QueueRule,
    Waiting,
    found,
    own_ahead,
    reached,
    resized,
)

ENDLESS = 1 << 40
"""Units ahead of an order that joined an unknown book: more than any level holds."""
Spot = int
"""A price on a side: as it is among the bids, negative among the asks."""
Fill = tuple[int, str, int, int]
"""When one of our resting orders traded, its id, its price, units."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What is ours in a book, as data: our orders, and what we took of the others' levels."""

    waiting: Queue = ()
    bids_taken: tuple[tuple[int, int], ...] = ()
    asks_taken: tuple[tuple[int, int], ...] = ()


class RecordedBook(BookLevels):
    """Feed it in order of time, and ask for `fills` after `settle`."""

    __slots__ = (
        "_before",
        "_fills",
        "_own_ask",
        "_own_bid",
        "_prints",
        "_rule",
        "_spots",
        "_taken",
        "_waiting",
    )

    def __init__(self, rule: QueueRule = QueueRule.PROPORTIONAL) -> None:
        super().__init__()
        self._rule = rule
        self._waiting: Queue = ()
        self._taken: dict[Spot, int] = {}
        self._prints: list[tuple[int, int, Side]] = []
        self._fills: list[Fill] = []
        self._before: dict[Spot, int] = {}
        """Of the levels that touch ours and changed in this instant: what they were before it."""
        self._watch()

    @property
    def ours(self) -> Ours:
        """What is ours, as of the last settled instant."""
        taken = sorted(self._taken.items())
        bids = tuple((spot, units) for spot, units in taken if spot > 0)
        asks = tuple((-spot, units) for spot, units in taken if spot < 0)
        return Ours(self._waiting, bids, asks)

    @ours.setter
    def ours(self, ours: Ours) -> None:
        self._waiting = ours.waiting
        self._taken = dict(ours.bids_taken) | {-price: units for price, units in ours.asks_taken}
        self._watch()

    def printed(self, price: int, units: int, hits: Side, at_us: int) -> None:
        """A public trade, whose taker traded with resting orders on the side `hits`."""
        if at_us != self._at_us:
            self._turn(at_us)
        if self._waiting:
            self._prints.append((price, units, hits))

    def snapshot(
        self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]], at_us: int
    ) -> None:
        super().snapshot(bids, asks, at_us)
        if not self.known or not self._watched:
            return
        for price, _ in self.ours.bids_taken:
            self._cap_taken(Side.BID, price)
        for price, _ in self.ours.asks_taken:
            self._cap_taken(Side.ASK, price)
        for side in Side:
            for price, units in self.others(side):
                self._meet(side, price, units)
        self._waiting = tuple(
            replace(order, ahead=min(order.ahead, self._shown(order.side, order.price)))
            for order in self._waiting
        )
        self._watch()

    def settle(self) -> None:
        """The instant is over: what it did to our orders happens now."""
        super().settle()
        self._apply()

    def fills(self) -> list[Fill]:
        """What was filled of our orders, each fill told once, in order of time."""
        told, self._fills = self._fills, []
        return told

    def others(self, side: Side) -> Ladder:
        """Others' levels, best first, less what we took of them."""
        ladder = self.ladder(side)
        if not self._taken:
            return ladder
        return [(price, units) for price, _ in ladder if (units := self._shown(side, price))]

    def display(self, side: Side) -> Ladder:
        """The levels as everybody sees them, best first, with our orders in them."""
        ours = [order for order in self._waiting if order.side is side]
        if not ours or not self.known:
            return self.others(side)
        totals = dict(self.others(side))
        for order in ours:
            totals[order.price] = totals.get(order.price, 0) + order.units
        return sorted(totals.items(), reverse=side is Side.BID)

    def take(self, side: Side, limit: int, units: int) -> Ladder:
        """Our order on `side` takes from the others up to its limit: prices and units."""
        if not self.known:
            return []
        self._apply()
        taken: Ladder = []
        for price, there in self.others(side.opposite):
            if units <= 0 or side.sign * (limit - price) < 0:
                break
            got = min(there, units)
            units -= got
            taken.append((price, got))
            self._take_away(_spot(side.opposite, price), got)
        self._watch()
        return taken

    def join(self, order_id: str, side: Side, price: int, units: int) -> None:
        """Our order rests behind all that others display at its price.

        While the book is unknown no end of that queue is known: the next snapshot tells it.
        """
        ahead = ENDLESS
        if self.known:
            self._apply()
            ahead = self._shown(side, price)
        self._waiting = (*self._waiting, Waiting(order_id, side, price, units, ahead))
        self._watch()

    def resize(self, order_id: str, units: int) -> None:
        """Our order now has `units` and keeps its place; at 0 it leaves."""
        self._waiting = resized(self._waiting, order_id, units)
        self._watch()

    def ahead(self, order_id: str) -> int:
        """Units that must trade before our order does: of others by estimate, and our own."""
        return found(self._waiting, order_id).ahead + own_ahead(self._waiting, order_id)

    def lose(self) -> None:
        super().lose()
        self._before.clear()

    def _watch(self) -> None:
        """Keep in mind which levels touch what is ours: those are noted when they change."""
        waiting = self._waiting
        self._watched = bool(waiting or self._taken)
        self._spots = {*self._taken, *(_spot(order.side, order.price) for order in waiting)}
        self._own_bid = max((o.price for o in waiting if o.side is Side.BID), default=NO_BID)
        self._own_ask = min((o.price for o in waiting if o.side is Side.ASK), default=NO_ASK)

    def _note(self, side: Side, price: int, was: int) -> None:
        meets = price >= self._own_ask if side is Side.BID else price <= self._own_bid
        spot = _spot(side, price)
        if meets or spot in self._spots:
            self._before.setdefault(spot, was)

    def _shown(self, side: Side, price: int) -> int:
        """What is told at a price less what we took of it."""
        return max(self.told(side, price) - self._taken.get(_spot(side, price), 0), 0)

    def _apply(self) -> None:
        """What the prints and changes of the instant did to our orders, and to what we took."""
        if not self._before and not self._prints:
            return
        printed: dict[Spot, int] = {}
        for price, units, hits in sorted(self._prints, key=_as_walked):
            spot = _spot(hits, price)
            printed[spot] = printed.get(spot, 0) + units
            self._hit(price, units, hits)
        was = {spot: told - self._taken.get(spot, 0) for spot, told in self._before.items()}
        self._prints.clear()
        self._before.clear()
        for spot in sorted(was, reverse=True):
            side, price = (Side.BID, spot) if spot > 0 else (Side.ASK, -spot)
            self._cap_taken(side, price)
            now = self._shown(side, price)
            self._meet(side, price, now - was[spot])
            left = max(was[spot] - printed.get(spot, 0), 0)
            self._thin_out(side, price, left, max(left - now, 0))
        self._watch()

    def _hit(self, price: int, units: int, hits: Side) -> None:
        """A print reaches those of our orders that rest on the side it hit."""
        hit = tuple(order for order in self._waiting if order.side is hits)
        if hit:
            after, fills = reached(hit, price, units, hits)
            self._waiting = (*(o for o in self._waiting if o.side is not hits), *after)
            self._fills += [(self._at_us, *fill) for fill in fills]

    def _thin_out(self, side: Side, price: int, level: int, canceled: int) -> None:
        """Others canceled so many units of a level: some of them were ahead of ours."""

        def after(order: Waiting) -> Waiting:
            if order.side is not side or order.price != price:
                return order
            ahead = min(order.ahead, level)
            if canceled:
                ahead = self._rule.left_ahead(ahead, level, canceled)
            return replace(order, ahead=ahead)

        self._waiting = tuple(map(after, self._waiting))

    def _meet(self, side: Side, price: int, came: int) -> None:
        """Others' orders came to rest at or through prices of ours: they trade with ours."""
        if came <= 0:
            return
        met = [
            order
            for order in self._waiting
            if order.side is not side and order.side.sign * (order.price - price) >= 0
        ]
        for order in sorted(met, key=lambda order: -order.side.sign * order.price):
            got = min(order.units, came)
            if got:
                came -= got
                self._take_away(_spot(side, price), got)
                self._fills.append((self._at_us, order.order_id, order.price, got))
                self.resize(order.order_id, order.units - got)

    def _take_away(self, spot: Spot, units: int) -> None:
        self._taken[spot] = self._taken.get(spot, 0) + units

    def _cap_taken(self, side: Side, price: int) -> None:
        """No more can be gone of a level than is told of it."""
        spot = _spot(side, price)
        left = min(self._taken.pop(spot, 0), self.told(side, price))
        if left:
            self._taken[spot] = left


def _as_walked(row: tuple[int, int, Side]) -> tuple[Side, int]:
    """Prints in the order in which a taker walks the side that it hits."""
    price, _, hits = row
    return hits, -hits.sign * price


def _spot(side: Side, price: int) -> Spot:
    return price if side is Side.BID else -price
