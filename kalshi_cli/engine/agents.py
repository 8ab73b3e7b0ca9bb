"""Who comes to take in the generated world: noise traders and informed traders.

Everything about them is exogenous: when they come, how much they want and how eager they are
depends on their streams alone. What they get depends on the book they find, ours included.
"""

import math
from dataclasses import dataclass

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.noise import normal_of, poisson, stream, uniforms
from kalshi_cli.engine.series_plan import Climate

MEDIAN_SIZE, SIZE_SPREAD = 21.0, 1.95
"""Contracts, and the deviation of ln(size): what of it the levels of a book let through is prints
with a median of about 24 and a 99th percentile of about 1,000."""
DEPTH_SPREAD = 1.0
"""Deviation of ln(depth) among the markets of a category."""
YES_APPETITE = 0.62
"""Share of noise traders who buy YES: last prices lean to the ask, and events add up to over 1."""
REACH_MOST = 0.05
"""Mean reach of noise traders at most (dollars): a very wide book is not crossed in a hurry."""
INFORMED_MARGIN = 0.005
"""What an informed trader wants to gain a contract, after the fee (dollars)."""
_PER_BLOCK, _RAREST, _FIRST_DRAWS = 2.0, 1e-4, 8
_TAKER_FEE = 0.07


@dataclass(frozen=True, slots=True)
class Taker:
    """A trader who comes to take. `reach` is how far beyond fair a noise trader goes (dollars)."""

    informed: bool
    side: Side
    units: int
    reach: float


@dataclass(frozen=True, slots=True)
class Temper:
    """One market's own habits around its category's: half the spread, depth, traders an hour."""

    half_spread: float
    depth: float
    trades_per_hour: float


def temper_of(seed: int, ticker: str, climate: Climate, flow_factor: float = 1.0) -> Temper:
    """Markets of a category differ: spreads by 0.7 to 1.5, flow by 0.6 to 1.6, depth by more."""
    spread, depth, flow, deep = uniforms(stream(seed, ticker, "temper"), 4)
    half = climate.half_spread * (0.7 + 0.8 * spread)
    return Temper(
        half_spread=min(0.15, half),
        depth=climate.depth * math.exp(DEPTH_SPREAD * normal_of(depth, deep)),
        trades_per_hour=climate.trades_per_hour * (0.6 + flow) * flow_factor,
    )


class Flow:
    """The takers of one market, as they come whether we trade or not.

    They are drawn block by block of time: an hour, or where fewer than one comes an hour, as many
    hours as two need. When somebody comes is known at once, who it is only once he is there.
    """

    __slots__ = ("_block", "_hours", "_market", "_mean", "_seed", "_times")

    def __init__(self, seed: int, market: str, traders_per_hour: float) -> None:
        self._seed, self._market = seed, market
        self._hours = max(1, int(_PER_BLOCK / max(traders_per_hour, _RAREST)))
        self._mean = self._hours * traders_per_hour
        self._block = -1
        self._times: tuple[int, ...] = ()

    def after(self, at_us: int, until_us: int) -> int | None:
        """When somebody comes next after an instant, and before another."""
        span = self._hours * HOUR
        for block in range(at_us // span, -(-until_us // span)):
            for came_us in self._arrivals(block):
                if at_us < came_us:
                    return came_us if came_us < until_us else None
        return None

    def _arrivals(self, block: int) -> tuple[int, ...]:
        """The arrivals of a block in order; the last block is kept at hand."""
        if block == self._block:
            return self._times
        name = stream(self._seed, self._market, "arrivals", block)
        draws = uniforms(name, _FIRST_DRAWS)
        count = poisson(draws[0], self._mean)
        if count >= _FIRST_DRAWS:
            draws = uniforms(name, count + 1)
        span = self._hours * HOUR
        times = tuple(sorted([block * span + int(span * draw) for draw in draws[1 : count + 1]]))
        self._block, self._times = block, times
        return times


def taker_at(seed: int, market: str, at_us: int, climate: Climate, temper: Temper) -> Taker:
    """Who comes at an instant."""
    kind, which, first, second, eager = uniforms(stream(seed, market, "taker", at_us), 5)
    size = MEDIAN_SIZE * math.exp(SIZE_SPREAD * normal_of(first, second))
    return Taker(
        informed=kind < climate.informed_share,
        side=Side.BID if which < YES_APPETITE else Side.ASK,
        units=100 * max(1, round(size)),
        reach=-math.log(eager) * min(REACH_MOST, 0.01 + 1.5 * temper.half_spread),
    )


def taker_fee(price: float, multiplier: float) -> float:
    """What taking costs, in dollars a contract."""
    return _TAKER_FEE * multiplier * price * (1.0 - price)
