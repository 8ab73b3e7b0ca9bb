"""Whether a trade with a target and a stop pays: the hit rate it needs, and the one it is sure of.

Prices are dollars a contract of the outcome that is bought, each net of its own fee.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_cli.domain.trial import HitRate
from kalshi_cli.evaluation.interval import Z_ONE_SIDED_95, wilson_low

LEAST_TRIALS = 200
"""With fewer nothing is measured."""
ALIKE = 0.05
"""Stakes are measured together where the hit rates that they need are no further apart."""


@dataclass(frozen=True, slots=True)
class Stakes:
    """What an entry costs, and what leaving pays at the target and at the stop."""

    cost: float
    won: float
    lost: float

    @property
    def break_even(self) -> float:
        """The hit rate at which nothing is gained:
        (a + fee_in - (S - fee_S)) / ((T - fee_T) - (S - fee_S)).
        """
        return (self.cost - self.lost) / (self.won - self.lost)

    def worth(self, hit_rate: float) -> float:
        """What a contract is worth by a hit rate."""
        return self.lost + hit_rate * (self.won - self.lost)


def most_needed(break_even: float) -> float:
    """The hit rate that stakes need at most which are measured together with these.

    What is proven of all of them is held against it: so whichever of them hit, they paid.
    """
    return math.ceil(round(break_even / ALIKE, 6)) * ALIKE


def trials_needed(record: HitRate | None, needed: float) -> int | None:
    """How many trials it takes to prove that the hit rate on record is above what is needed; None
    where it is not. Before any trial as few as are measured at all may do.

    A bound of Wilson's is above a rate where the rate is refused by the score test, so that
    n > z^2 q (1 - q) / (p - q)^2.
    """
    if record is None or not record.count:
        return LEAST_TRIALS
    beyond = record.hits / record.count - needed
    if beyond <= 0.0:
        return None
    alone = Z_ONE_SIDED_95**2 * needed * (1.0 - needed) / beyond**2
    return math.floor(max(LEAST_TRIALS, 1 + math.floor(alone)) * record.alike)


def proven(record: HitRate | None) -> float:
    """The hit rate that is proven: Wilson's lower bound, one-sided at 95 %, by as many trials as
    these are as good as; 0 by too few.
    """
    if record is None or record.effective < LEAST_TRIALS:
        return 0.0
    return wilson_low(record.hits / record.alike, record.effective)


@dataclass(frozen=True, slots=True)
class Spans:
    """Trials of one signal by spans of time, summed over these: the trials and hits of each, and
    their squares and products.
    """

    count: int
    hits: int
    count_squares: int
    hit_squares: int
    products: int

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> "Spans":
        """Of (trials, hits) in each span."""
        told = tuple(spans)
        return cls(
            sum(n for n, _ in told),
            sum(h for _, h in told),
            sum(n * n for n, _ in told),
            sum(h * h for _, h in told),
            sum(n * h for n, h in told),
        )

    @property
    def alike(self) -> float:
        """Kish's design effect: the variance of the hits where those of a span may depend on each
        other, by that where none does; at least 1.

        Where all hit, or none, no variance tells: then all of a span are taken for one.
        """
        share = self.hits / self.count
        independent = self.count * share * (1.0 - share)
        if independent == 0.0:
            return self.count_squares / self.count
        square = self.hit_squares - 2.0 * share * self.products + share**2 * self.count_squares
        return max(1.0, round(square / independent, 9))
