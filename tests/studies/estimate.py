"""Ratios with intervals that know that trades of one event stand or fall together.

Every measure is a ratio: the sum of values over the sum of weights, each added up within its event
first. What is kept of an event is its share of five sums, so hundreds of worlds add up in a few
numbers, in any order.
"""

import math
from dataclasses import dataclass, fields

Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Estimate:
    """A ratio with its standard error, and what it rests on."""

    mean: float
    error: float
    weight: float
    events: int

    def bound(self, deviations: float) -> float:
        """So many standard errors above the mean (below, if negative)."""
        return self.mean + deviations * self.error

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.bound(-Z95)

    @property
    def high(self) -> float:
        return self.bound(Z95)


@dataclass(slots=True)
class Sums:
    """The sums of a ratio over events: `add` once an event, `merge` with another world's."""

    events: int = 0
    weight: float = 0.0
    value: float = 0.0
    weight_squared: float = 0.0
    weight_value: float = 0.0
    value_squared: float = 0.0

    def add(self, weight: float, value: float) -> None:
        self.merge(Sums(1, weight, value, weight * weight, weight * value, value * value))

    def merge(self, other: "Sums") -> None:
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))

    @property
    def estimate(self) -> Estimate:
        """Linearised variance of a ratio of sums over independent events; a single event has an
        error without bound. Raises `ZeroDivisionError` where nothing was weighed."""
        mean = self.value / self.weight
        squares = self.value_squared - 2 * mean * self.weight_value
        squares = max(0.0, squares + mean * mean * self.weight_squared)
        if self.events < 2:
            return Estimate(mean, math.inf, self.weight, self.events)
        error = math.sqrt(squares * self.events / (self.events - 1)) / self.weight
        return Estimate(mean, error, self.weight, self.events)
