"""Which changes of a recorded book were trades, where the recording holds no trades.

The ticker tells what was traded in all until an instant, and size and price of the last trade. A
taker takes from the touch: so what traded between two tickers is among the actions that only took
from the best level of a side (an action that also adds to that side moved an order). Actions count
whole, the newest one that ends in the last trade is it, and nothing traded after it. Of all sets of
actions before it that add up exactly, this is the one of those that took from several orders or
levels at once, as no single cancellation does, and then of the latest.

What adds up to no set is counted, not placed. The size of everything, and the last price of every
ticker, are the exchange's; which of several possible actions it was is inferred.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import BookLevels
from kalshi_cli.engine.book_tape import Stretch

_EFFORT = 2_000_000_000
"""Bits of working memory that a single question may take: sums times actions."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A ticker's word on trading: units traded in all, and price and units of the last trade."""

    at_us: int
    traded: int
    last_price: int
    last_units: int


@dataclass(frozen=True, slots=True)
class Action:
    """What one instant took from the touch of one side: (price, units), in the order told."""

    at_us: int
    hits: Side
    taken: tuple[tuple[int, int], ...]

    @property
    def units(self) -> int:
        return sum(units for _, units in self.taken)


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch seen once from its start to its end.

    `touches` are (instant, best bid, best ask) after each instant that changed them.
    """

    actions: tuple[Action, ...]
    touches: tuple[tuple[int, int, int], ...]


class _Instant:
    """What an instant did to one side so far."""

    __slots__ = ("added", "side", "taken")

    def __init__(self, side: Side) -> None:
        self.side, self.added = side, False
        self.taken: list[tuple[int, int]] = []

    def ended(self, at_us: int) -> Iterator[Action]:
        """What it took from the touch, if it added nothing; then begin anew."""
        if self.taken:
            if not self.added:
                yield Action(at_us, self.side, tuple(self.taken))
            self.taken.clear()
        self.added = False


def read(stretch: Stretch) -> Told:
    """Replay a stretch for its touches, and for the actions that may have been trades."""
    levels = BookLevels()
    levels.snapshot(stretch.bids, stretch.asks, stretch.start_us)
    touches = [(stretch.start_us, *levels.touch)]
    actions: list[Action] = []
    bids, asks = _Instant(Side.BID), _Instant(Side.ASK)
    now_us = stretch.start_us
    for at_us, on_bid, price, by in stretch.changes.rows():
        if at_us != now_us:
            actions += (*bids.ended(now_us), *asks.ended(now_us))
            if levels.touch != touches[-1][1:]:
                touches.append((now_us, *levels.touch))
            now_us = at_us
        instant = bids if on_bid else asks
        if by > 0:
            instant.added = True
        elif price == levels.best(instant.side):
            instant.taken.append((price, -by))
        levels.change(instant.side, price, by, at_us)
    actions += (*bids.ended(now_us), *asks.ended(now_us))
    if levels.touch != touches[-1][1:]:
        touches.append((now_us, *levels.touch))
    return Told(tuple(actions), tuple(touches))


def infer(actions: Sequence[Action], tickers: Sequence[Ticked]) -> tuple[list[Action], int]:
    """The trades among the actions of a stretch, and how many traded units could not be placed.

    Before the first ticker nothing is known of trading.
    """
    trades: list[Action] = []
    unplaced = at = 0
    for before, ticker in pairwise(tickers):
        between: list[Action] = []
        while at < len(actions) and actions[at].at_us <= ticker.at_us:
            if actions[at].at_us > before.at_us:
                between.append(actions[at])
            at += 1
        traded = ticker.traded - before.traded
        if traded > 0:
            placed = _placed(between, traded, ticker)
            trades += placed
            unplaced += traded - sum(action.units for action in placed)
    return trades, unplaced


def _placed(actions: Sequence[Action], traded: int, ticker: Ticked) -> list[Action]:
    """The trades that make up what a ticker counts; only the last one where no set adds up."""
    last = (ticker.last_price, ticker.last_units)
    newest = next((i for i in reversed(range(len(actions))) if actions[i].taken[-1] == last), None)
    if newest is None:
        return []
    final = actions[newest]
    rest = traded - final.units
    before = _adding_up(actions[:newest], rest) if rest >= 0 else None
    if before is None:
        return [Action(final.at_us, final.hits, (last,))] if ticker.last_units <= traded else []
    return [*before, final]


def _adding_up(actions: Sequence[Action], total: int) -> list[Action] | None:
    """A set of actions of exactly `total` units, in order of time; None where there is none.

    Sums that the first n actions can reach are the bits of one number each.
    """
    usable = sorted(
        (action for action in actions if action.units <= total),
        key=lambda action: (len(action.taken) > 1, action.at_us),
    )
    if total * len(usable) > _EFFORT:
        return None
    mask = (1 << (total + 1)) - 1
    reach = [1]
    for action in usable:
        reach.append((reach[-1] | reach[-1] << action.units) & mask)
    if not reach[-1] >> total & 1:
        return None
    chosen: list[Action] = []
    for index in reversed(range(len(usable))):
        units = usable[index].units
        if units <= total and reach[index] >> (total - units) & 1:
            chosen.append(usable[index])
            total -= units
    return sorted(chosen, key=lambda action: action.at_us)
