"""How fast a market moves, by its prints: the variance of its log-odds an hour.

Prints bounce between bid and ask, so only those of takers on the same side are compared. Products
of neighbouring moves (bipower variation, Barndorff-Nielsen and Shephard 2004) leave a single jump
out. Few prints tell little: the estimate is drawn to what the time left implies by itself, as a
Gaussian that decides at the end must move by then.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.logit import logit

PRIOR_MOVES = 8
"""How many measured moves weigh as much as what the time left implies."""
IMPLIED = 8.0 / math.pi
"""Variance of the log-odds of an even market, times the time left: p = Phi(x / sqrt(left)) has
d logit p = 4 phi(0) dx / sqrt(left)."""
APART_US = MINUTE
"""Prints closer together than this are one."""
LEAST_HOURS = 0.25
"""Time left, at the least: what is about to be known moves as fast as this and no faster."""


def implied_variance(hours_left: float) -> float:
    """What the time left until the answer is known implies, an hour."""
    return IMPLIED / max(LEAST_HOURS, hours_left)


def variance_per_hour(trades: Sequence[Trade], hours_left: float) -> float:
    """The variance of log-odds an hour, by prints in any order and the time left."""
    products = [product for side in Side for product in _products(trades, side)]
    implied = implied_variance(hours_left)
    return (sum(products) + PRIOR_MOVES * implied) / (len(products) + PRIOR_MOVES)


def _products(trades: Sequence[Trade], side: Side) -> Iterator[float]:
    """Products of neighbouring moves of one side, each scaled to an hour."""
    scaled = [
        abs(after - before) / math.sqrt(span_us / HOUR)
        for before, after, span_us in moves(trades, side)
    ]
    for first, second in pairwise(scaled):
        yield first * second * math.pi / 2.0


def moves(trades: Sequence[Trade], side: Side) -> Iterator[tuple[float, float, int]]:
    """Log-odds before and after, and the microseconds between, oldest first."""
    own = sorted((t.at_us, logit(float(t.price))) for t in trades if t.taker_side == side.value)
    kept: list[tuple[int, float]] = []
    for at_us, level in own:
        if not kept or at_us - kept[-1][0] >= APART_US:
            kept.append((at_us, level))
    for (then_us, before), (now_us, after) in pairwise(kept):
        yield before, after, now_us - then_us
