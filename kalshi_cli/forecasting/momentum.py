"""Which way a market is being pushed, by its prints: how far it moved, and who was in a hurry.

Prints bounce between bid and ask, so prices are compared among takers of one side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import ONE_DOLLAR
from kalshi_cli.domain.side import Side

LEAST_PRINTS = 3
"""Fewer in the window are no flow."""
BEFORE = 3
"""Prices of before are looked for in so many windows before this one."""


@dataclass(frozen=True, slots=True)
class Push:
    """`moved` is dollars that YES rose; `imbalance` the share of prints by buyers of YES less that
    by sellers, from -1 to 1.
    """

    moved: float
    imbalance: float

    @property
    def side(self) -> Side | None:
        """The side that goes with it; None where prices and takers disagree."""
        if self.moved > 0 and self.imbalance > 0:
            return Side.BID
        return Side.ASK if self.moved < 0 and self.imbalance < 0 else None


def reach_us(window_us: int) -> int:
    """How far back prints have a say."""
    return (1 + BEFORE) * window_us


def push(trades: Sequence[Trade], now_us: int, window_us: int) -> Push | None:
    """The push of the last window, by prints in any order; None where these are too few."""
    since_us = now_us - window_us
    recent = of_window(trades, now_us, window_us)
    before = [t for t in trades if now_us - reach_us(window_us) < t.at_us <= since_us]
    if len(recent) < LEAST_PRINTS:
        return None
    moves = [
        newest - oldest
        for side in Side
        if (newest := _last(recent, side)) is not None
        and (oldest := _last(before, side)) is not None
    ]
    if not moves:
        return None
    signs = [Side(t.taker_side).sign for t in recent]
    return Push(sum(moves) / len(moves), sum(signs) / len(signs))


def of_window(trades: Sequence[Trade], now_us: int, window_us: int) -> list[Trade]:
    """The prints of the last window."""
    return [t for t in trades if now_us - window_us < t.at_us <= now_us]


def _last(trades: Sequence[Trade], side: Side) -> float | None:
    """What the newest takers of a side paid, in dollars; on average where they are of one instant,
    as those of one order are that walks the book.
    """
    own = [t for t in trades if t.taker_side == side.value]
    newest_us = max((t.at_us for t in own), default=0)
    paid = [t.price.units for t in own if t.at_us == newest_us]
    return sum(paid) / len(paid) / ONE_DOLLAR.units if paid else None
