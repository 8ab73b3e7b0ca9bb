"""What is demanded of a world: of every rule, that it does not earn; of prices, what DESIGN says.

A demand on prices is broken when the whole interval lies outside of it: the bounds are for the
world, the interval for how much of it was seen.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.series_plan import CLIMATES, SERIES, Climate
from tests.studies.estimate import Estimate
from tests.studies.rules import PLACES, RESTING, SETS, TAKING
from tests.studies.traits import BUCKETS, LAGS

ORACLES = ("oracle buys", "oracle sells")
NAMED = tuple(rule for rule in (*TAKING, *SETS, *RESTING) if rule not in ORACLES)
"""The rules that must not earn, in the order of the table: each by its plain 95 % lower bound.
Of forty rules at exactly nothing one would be called an earner by chance (2.5 % each)."""
CELLS = tuple((place, side, category) for category in CLIMATES for place in PLACES for side in Side)
"""Resting orders by place, side and category."""
JOINT = 3.3
"""Standard errors of a bound that holds for all 48 cells together with 95 % (0.05 / 48, one tail,
gives 3.1; a little is added for tails heavier than normal)."""
SURPRISING = 4.0
"""Standard errors by which the results of no rule may differ from the truth, over some 120 rules
and measures (0.05 / 120, two tails, gives 3.5)."""


def cell_name(place: str, side: Side, category: str) -> str:
    return f"{side}s {place}: {category}"


def cap(side: Side, category: str) -> float:
    """What a resting rule in one category may earn (dollars a contract).

    The documented exception: YES is overpriced by `yes_bias`, which is public inside the world
    (`documented_bias`), so who rests on the selling side is paid up to that. Buyers get nothing.
    """
    return CLIMATES[category].yes_bias if side is Side.ASK else 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """The bounds of a measure, in what `scale` makes of it. `unit` is c, %, or nothing."""

    measure: str
    low: float
    high: float
    unit: str = ""
    scale: Callable[[float], float] = float

    def holds(self, estimate: Estimate, deviations: float) -> bool:
        """Whether the interval of so many standard errors touches the bounds."""
        lowest, highest = (self.scale(estimate.bound(sign * deviations)) for sign in (-1.0, 1.0))
        return lowest <= self.high and highest >= self.low


def _root(square: float) -> float:
    return math.sqrt(max(0.0, square))


def demands() -> Iterator[Demand]:
    """What DESIGN §9 and the fairness of takers, mids and prices ask for."""
    yield Demand("takers, gross", -0.025, -0.005, "c")
    for category in CLIMATES:
        yield Demand(f"takers, gross: {category}", -0.035, -0.003, "c")
    for bucket in BUCKETS:
        yield Demand(bucket, -0.02, 0.02, "c")
    yield Demand("underreaction of the crowd", -0.02, 0.02)
    yield Demand("underreaction of mids", -0.03, 0.03)
    for lag in range(1, LAGS + 1):
        yield Demand(f"autocorrelation of mids, lag {lag}", -0.05 if lag == 1 else -0.02, 0.02)
    for lag in range(1, LAGS + 1):
        yield Demand(f"autocorrelation of trades, lag {lag}", -0.5 if lag == 1 else -0.03, 0.03)
    yield Demand("prints of 24 at most", 0.44, 0.56, "%")
    yield Demand("prints over 1,000", 0.005, 0.015, "%")
    yield Demand("overround of last prices, more legs", 1.04, 1.10, "%")
    yield Demand("overround of last prices, two legs", 1.00, 1.10, "%")  # docs/decisions/0010
    yield Demand("scalar results", 0.005, 0.009, "%")
    for category, climate in CLIMATES.items():
        yield from _of_category(category, climate)


def _of_category(category: str, climate: Climate) -> Iterator[Demand]:
    error, half, absent = climate.logit_error, climate.half_spread, climate.one_sided
    early = max(plan.early_close for plan in SERIES if plan.category == category)
    either = 2 * absent - absent * absent
    yield Demand(f"logit error: {category}", 0.8 * error, 1.2 * error, scale=_root)
    yield Demand(f"yes bias: {category}", climate.yes_bias - 0.002, climate.yes_bias + 0.002, "c")
    yield Demand(f"half the spread: {category}", 0.8 * half, 1.1 * half + 0.01, "c")
    yield Demand(
        f"depth at the touch: {category}", 0.6 * climate.depth, 1.6 * climate.depth, scale=math.exp
    )
    yield Demand(f"a side missing: {category}", 0.7 * either, 1.3 * either + 0.02, "%")
    yield Demand(f"early closes: {category}", 0.9 * early, 1.1 * early + 0.02, "%")
