"""The makers of the generated world: what they show around the crowd's fair price.

Everything about them is exogenous: what they show is a function of their market and of the instant
at which they quoted. Sizes are drawn for those who look at the whole book; whether a taker reaches
it, the touch alone says.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.money import ZERO_PRICE
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.agents import Temper
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.occasion import Occasion
from kalshi_cli.engine.series_plan import tapered_bias

LEVELS = 4
_SLACK = 1e-6
"""Raw units: a quote that is on a tick but for float noise stays on it."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """What makers show: `(price, units)`, best first."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


NO_QUOTES = Quotes((), ())


class Touch(NamedTuple):
    """Where makers quote best: rungs of the grid, outside of it where a side is not there.

    `centre` is the price that they believe in and `half` half of what they ask for, in raw units.
    """

    ticks: Sequence[int]
    bid: int
    ask: int
    centre: float
    half: float

    def is_reached(self, side: Side, limit: int) -> bool:
        """Whether somebody who takes on `side` up to a limit finds anything."""
        if side is Side.BID:
            return self.ask < len(self.ticks) and self.ticks[self.ask] <= limit
        return self.bid >= 0 and self.ticks[self.bid] >= limit


@cache
def tick_table(grid: PriceGrid) -> tuple[int, ...]:
    """Every price that the grid accepts, ascending, in raw units."""
    ticks: list[int] = []
    price = grid.ceil(ZERO_PRICE)
    while price is not None:
        ticks.append(price.units)
        price = grid.above(price)
    return tuple(ticks)


def touch_of(occasion: Occasion, temper: Temper, crowd: float) -> Touch:
    """The touch around the crowd's fair price plus the category's bias.

    A quote outside the grid is not clipped: it is not there.
    """
    ticks = tick_table(occasion.plan.grid)
    centre = 10_000 * (crowd + tapered_bias(occasion.climate.yes_bias, crowd))
    half = 10_000 * max(0.005, temper.half_spread * (0.35 + 2.6 * crowd * (1.0 - crowd)))
    bid = bisect_right(ticks, centre - half + _SLACK) - 1
    return Touch(ticks, bid, bisect_left(ticks, centre + half - _SLACK), centre, half)


def quotes_of(
    occasion: Occasion, ticker: str, temper: Temper, touch: Touch, quoted_us: int
) -> Quotes:
    """The whole book as quoted at an instant.

    The size-weighted mid is the price that makers believe in, up to their noise: the side that the
    grid pushed further away shows more. In thin categories makers of a side are away for an hour
    now and then.
    """
    seed, plan, share = occasion.genesis.seed, occasion.plan, occasion.climate.one_sided
    number = quoted_us // (plan.refresh_s * SECOND)
    draws = uniforms(stream(seed, ticker, "makers", number), 2 * LEVELS)
    bids, asks = _ladders(touch, temper.depth, draws)
    if not share:
        return Quotes(bids, asks)
    bid, ask = uniforms(stream(seed, ticker, "absent", quoted_us // HOUR), 2)
    return Quotes(() if bid < share else bids, () if ask < share else asks)


def _ladders(
    touch: Touch, depth: float, draws: list[float]
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    ticks, bid, ask, centre, half = touch
    away_bid = centre - ticks[bid] if bid >= 0 else half
    away_ask = ticks[ask] - centre if ask < len(ticks) else half
    size = 200.0 * depth / (away_bid + away_ask)
    stride = max(1, round(half / 100))
    return (
        _ladder(ticks, range(bid, -1, -stride), size * away_bid, draws[:LEVELS]),
        _ladder(ticks, range(ask, len(ticks), stride), size * away_ask, draws[LEVELS:]),
    )


def _ladder(
    ticks: Sequence[int], rungs: range, size: float, draws: list[float]
) -> tuple[tuple[int, int], ...]:
    """Quotes from the best rung outwards, each deeper one larger; whole contracts."""
    return tuple(
        [
            (ticks[rung], max(1, int(size * (1.0 + 0.5 * i) * (0.8 + 0.4 * draw)) // 100) * 100)
            for i, (rung, draw) in enumerate(zip(rungs, draws, strict=False))
        ]
    )
