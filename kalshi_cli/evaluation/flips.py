"""Whether a trade with a target and a stop pays: the hit rate it needs, and the one it is sure of.

Prices are dollars a contract of the outcome that is bought, each net of its own fee.
"""

import math
from dataclasses import dataclass

from kalshi_cli.domain.trial import HitRate
from kalshi_cli.evaluation.interval import wilson_low

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


def proven(record: HitRate | None) -> float:
    """The hit rate that is proven: Wilson's lower bound, one-sided at 95 %; 0 by too few trials."""
    if record is None or record.count < LEAST_TRIALS:
        return 0.0
    return wilson_low(record.hits, record.count)
