"""One market's levels as the exchange tells them: a snapshot, changes, and what was lost.

YES prices in units of $0.0001, contracts in units of 0.01. Frames of one instant belong together:
the exchange tells one action in several of them, and between them its book may be crossed. A book
that is crossed after its instant, or has a level below zero, has lost a frame: it is unknown until
the next snapshot, and no side of it exists.
"""

from collections.abc import Iterable

from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue

NO_BID, NO_ASK = 0, 10_000
"""Raw prices that stand for an empty side: no order rests at $0 or $1."""
Ladder = list[tuple[int, int]]
"""Prices and units."""


class BookLevels:
    """Feed it in order of time. It is unknown until its first snapshot."""

    __slots__ = (
        "_asks",
        "_at_us",
        "_best_ask",
        "_best_bid",
        "_bids",
        "_known",
        "_watched",
    )

    def __init__(self) -> None:
        self._at_us = 0
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._best_bid, self._best_ask = NO_BID, NO_ASK
        self._known = False
        self._watched = False

    @property
    def known(self) -> bool:
        """Whether its sides can be believed: frames are complete, and it is not crossed."""
        return self._known and self._best_bid < self._best_ask

    @property
    def is_complete(self) -> bool:
        """Whether no frame was lost since its snapshot; it may be crossed for the moment."""
        return self._known

    @property
    def touch(self) -> tuple[int, int]:
        """The best bid and ask as told, `NO_BID` and `NO_ASK` where there is none."""
        return (self._best_bid, self._best_ask) if self.known else (NO_BID, NO_ASK)

    def best(self, side: Side) -> int:
        """The best price of a side as told, crossed or not."""
        return self._best_bid if side is Side.BID else self._best_ask

    def told(self, side: Side, price: int) -> int:
        """Units at a price."""
        return (self._bids if side is Side.BID else self._asks).get(price, 0)

    def snapshot(
        self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]], at_us: int
    ) -> None:
        """All levels anew, in any order.

        Raises `InvalidValue` for a level that is empty or not between $0 and $1.
        """
        self._turn(at_us)
        self._bids, self._asks = dict(bids), dict(asks)
        for price, units in (*self._bids.items(), *self._asks.items()):
            if units <= 0 or not NO_BID < price < NO_ASK:
                raise InvalidValue(f"An impossible level: {units} at {price}.")
        self._best_bid = max(self._bids, default=NO_BID)
        self._best_ask = min(self._asks, default=NO_ASK)
        self._known = True

    def change(self, side: Side, price: int, by: int, at_us: int) -> None:
        """A level grew or shrank by `by` units. Ignored while the book is unknown.

        Raises `InvalidValue` for an instant before the last, or a price not between $0 and $1.
        """
        if at_us != self._at_us:
            self._turn(at_us)
        if not self._known:
            return
        levels = self._bids if side is Side.BID else self._asks
        was = levels.get(price, 0)
        if self._watched:
            self._note(side, price, was)
        now = was + by
        if now > 0:
            levels[price] = now
            if not was:
                self._appear(side, price)
        elif now < 0:
            self.lose()
        elif was:
            del levels[price]
            self._vanish(side, price)

    def lose(self) -> None:
        """Frames were lost: nothing is known until the next snapshot."""
        self._known = False
        self._bids, self._asks = {}, {}
        self._best_bid, self._best_ask = NO_BID, NO_ASK

    def settle(self) -> None:
        """The instant is over. The first frame of a later one says so too."""
        if self._best_bid >= self._best_ask:
            self.lose()

    def ladder(self, side: Side) -> Ladder:
        """All levels of a side, best first."""
        if not self.known:
            return []
        levels = self._bids if side is Side.BID else self._asks
        return sorted(levels.items(), reverse=side is Side.BID)

    def _note(self, side: Side, price: int, was: int) -> None:
        """While it is watched: a level is about to change from `was` units."""

    def _appear(self, side: Side, price: int) -> None:
        if not NO_BID < price < NO_ASK:
            raise InvalidValue(f"A level that is not between $0 and $1: {price}.")
        if side is Side.BID:
            self._best_bid = max(self._best_bid, price)
        else:
            self._best_ask = min(self._best_ask, price)

    def _vanish(self, side: Side, price: int) -> None:
        if side is Side.BID and price == self._best_bid:
            self._best_bid = max(self._bids, default=NO_BID)
        elif side is Side.ASK and price == self._best_ask:
            self._best_ask = min(self._asks, default=NO_ASK)

    def _turn(self, at_us: int) -> None:
        """The first frame of another instant has come."""
        if at_us < self._at_us:
            raise InvalidValue("A book does not go back in time.")
        self.settle()
        self._at_us = at_us
