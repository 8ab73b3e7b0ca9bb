"""The rules under study. They see prices, sizes, the tape and the announced close, never truth.

A taking rule buys or sells a lot at the touch whenever it wants to; a resting rule says which of
the orders that rest at or inside the touch are its own; a set rule trades several legs at once.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.series_plan import documented_bias
from tests.studies.looks import Look

BUY, SELL = Side.BID, Side.ASK
MOVE, TAIL, NEAR, PROMISE, WIDE = 0.03, 0.15, 0.04, 0.01, 0.08
"""Dollars: a move, a price in the tail, nearly free, an edge worth an order, a wide spread."""


def _low(look: Look) -> bool:
    return look.ask is not None and float(look.ask.price) <= TAIL


def _high(look: Look) -> bool:
    return look.bid is not None and float(look.bid.price) >= 1 - TAIL


def _last_hour(look: Look) -> bool:
    return look.left_us <= HOUR


def _leads(look: Look) -> bool:
    return look.mid is not None and look.mid >= 0.5


def _trails(look: Look) -> bool:
    return look.mid is not None and look.mid < 0.5


def _run(look: Look, side: Side) -> bool:
    """The last three takers were all on one side."""
    return len(look.tape) >= 3 and all(taken.side is side for taken in look.tape[:3])


def _swept(look: Look, side: Side) -> bool:
    """The last taker went to a price beyond where that side now begins."""
    level = look.taking(side)
    if level is None or not look.tape or look.tape[0].side is not side:
        return False
    return side.sign * (look.tape[0].price.units - level.price.units) > 0


def _wide(look: Look) -> bool:
    return look.spread is not None and look.spread >= WIDE


Wants = Callable[[Look], bool]

TAKING: dict[str, tuple[Side, Wants]] = {
    "always buy": (BUY, lambda look: True),
    "always sell": (SELL, lambda look: True),
    "buy longshots": (BUY, _low),
    "sell longshots": (SELL, _low),
    "buy favourites": (BUY, _high),
    "sell favourites": (SELL, _high),
    "momentum: buy risen": (BUY, lambda look: look.moved() > MOVE),
    "momentum: sell fallen": (SELL, lambda look: look.moved() < -MOVE),
    "momentum: buy risen over 4 looks": (BUY, lambda look: look.moved(4) > 2 * MOVE),
    "momentum: sell fallen over 4 looks": (SELL, lambda look: look.moved(4) < -2 * MOVE),
    "momentum: buy after 3 buyers": (BUY, lambda look: _run(look, BUY)),
    "momentum: sell after 3 sellers": (SELL, lambda look: _run(look, SELL)),
    "momentum: buy after a sweep": (BUY, lambda look: _swept(look, BUY)),
    "momentum: sell after a sweep": (SELL, lambda look: _swept(look, SELL)),
    "fade: sell risen": (SELL, lambda look: look.moved() > MOVE),
    "fade: buy fallen": (BUY, lambda look: look.moved() < -MOVE),
    "fade: sell risen over 4 looks": (SELL, lambda look: look.moved(4) > 2 * MOVE),
    "fade: buy fallen over 4 looks": (BUY, lambda look: look.moved(4) < -2 * MOVE),
    "fade: sell after 3 buyers": (SELL, lambda look: _run(look, BUY)),
    "fade: buy after 3 sellers": (BUY, lambda look: _run(look, SELL)),
    "last hour: buy": (BUY, _last_hour),
    "last hour: sell": (SELL, _last_hour),
    "last hour: buy who leads": (BUY, lambda look: _last_hour(look) and _leads(look)),
    "last hour: sell who trails": (SELL, lambda look: _last_hour(look) and _trails(look)),
    "depth: buy the heavier bid": (BUY, lambda look: look.heavy > 0.6),
    "depth: sell the heavier ask": (SELL, lambda look: look.heavy < 0.4),
    "oracle buys": (BUY, lambda look: (look.cost(BUY) or 0.0) > PROMISE),
    "oracle sells": (SELL, lambda look: (look.cost(SELL) or 0.0) > PROMISE),
}

Rests = Callable[[Look, Side], bool]
AT_TOUCH, INSIDE, HALFWAY = "at the touch", "a tick inside", "halfway to the mid"
PLACES = (AT_TOUCH, INSIDE, HALFWAY)


def _promises(look: Look, side: Side) -> bool:
    """A tick inside the touch, the size-weighted mid less the documented bias promises a cent."""
    if look.bid is None or look.ask is None or not 0.02 <= (look.spread or 0.0) <= 0.10:
        return False
    bid, ask = float(look.bid.price), float(look.ask.price)
    micro = bid * (1 - look.heavy) + ask * look.heavy
    fair = micro - documented_bias(look.series.category, micro)
    inside = look.grid.above(look.bid.price) if side is BUY else look.grid.below(look.ask.price)
    return inside is not None and side.sign * (fair - float(inside)) >= PROMISE


RESTING: dict[str, tuple[str, Rests]] = {
    "two-sided at the touch": (AT_TOUCH, lambda look, side: True),
    "two-sided at the touch, last hour": (AT_TOUCH, lambda look, side: _last_hour(look)),
    "rest: buy longshots": (AT_TOUCH, lambda look, side: side is BUY and _low(look)),
    "rest: sell longshots": (AT_TOUCH, lambda look, side: side is SELL and _low(look)),
    "rest: buy favourites": (AT_TOUCH, lambda look, side: side is BUY and _high(look)),
    "rest: sell favourites": (AT_TOUCH, lambda look, side: side is SELL and _high(look)),
    "rest: with the move": (AT_TOUCH, lambda look, side: side.sign * look.moved() > MOVE),
    "rest: against the move": (AT_TOUCH, lambda look, side: side.sign * look.moved() < -MOVE),
    "two-sided at the touch, wide": (AT_TOUCH, lambda look, side: _wide(look)),
    "asks alone, at the touch": (AT_TOUCH, lambda look, side: side is SELL),
    "bids alone, at the touch": (AT_TOUCH, lambda look, side: side is BUY),
    "asks alone, a tick inside": (INSIDE, lambda look, side: side is SELL),
    "bids alone, a tick inside": (INSIDE, lambda look, side: side is BUY),
    "asks alone, halfway to the mid": (HALFWAY, lambda look, side: side is SELL),
    "bids alone, halfway to the mid": (HALFWAY, lambda look, side: side is BUY),
    "two-sided a tick inside": (INSIDE, lambda look, side: True),
    "two-sided a tick inside, wide": (INSIDE, lambda look, side: _wide(look)),
    "two-sided halfway to the mid": (HALFWAY, lambda look, side: True),
    "two-sided halfway to the mid, wide": (HALFWAY, lambda look, side: _wide(look)),
    "inside where it promises a cent": (INSIDE, _promises),
}  # fmt: skip

Leg = tuple[Look, Side]


def complete_sets(looks: Sequence[Look], near: float = 0.0) -> Iterator[tuple[Leg, ...]]:
    """All legs of an exclusive event, bought for under $1, or sold for over, by `near` at most."""
    for side in Side:
        levels = [look.taking(side) for look in looks]
        paid = sum(level.price.units for level in levels if level is not None) / 10_000
        if len(looks) > 1 and None not in levels and side.sign * (1.0 - paid) > -near:
            yield tuple((look, side) for look in looks)


def ladder_breaks(looks: Sequence[Look], near: float = 0.0) -> Iterator[tuple[Leg, ...]]:
    """Neighbouring strikes, looks in order of strike: buy the lower one's ask, sell the higher
    one's bid where that costs nothing (`near`: or little): the lower one pays at least as much."""
    for lower, higher in pairwise(looks):
        if lower.ask is not None and higher.bid is not None:
            cost = lower.ask.price.units - higher.bid.price.units
            if cost / 10_000 < near or cost < 0:
                yield ((lower, BUY), (higher, SELL))


SETS: dict[str, tuple[bool, Callable[[Sequence[Look]], Iterator[tuple[Leg, ...]]]]] = {
    "complete sets": (True, complete_sets),
    "complete sets, within 4 c": (True, lambda looks: complete_sets(looks, NEAR)),
    "ladder breaks": (False, ladder_breaks),
    "ladder breaks, within 4 c": (False, lambda looks: ladder_breaks(looks, NEAR)),
}
"""Which events a rule is for (exclusive ones, or ladders of strikes), and what it trades."""
