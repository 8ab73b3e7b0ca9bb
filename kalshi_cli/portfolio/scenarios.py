"""Simulated endings of many events at once, those that hang together more often alike.

Each family of outcomes is drawn by one normal number, of which a part is common to its category and
parts to its clusters (Gaussian copula); where it falls decides the state. Draws are a function of
the seed and of what is drawn, so who else is drawn changes nothing.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from hashlib import shake_128
from itertools import accumulate
from statistics import NormalDist
from struct import Struct

from kalshi_cli.portfolio.correlation import SAME_CATEGORY, SAME_CLUSTER, Bet

_SCALE = 2.0**-53


class Scenarios:
    """`count` endings of the world. Correlations are those that stakes are made smaller by."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed, self.count = seed, count
        self._factors: dict[tuple[str, str], list[float]] = {}

    def endings(self, bet: Bet, chances: Sequence[float]) -> list[int]:
        """The state in which a family ends, in each scenario."""
        parts = [("category", bet.category, SAME_CATEGORY)]
        for name in sorted(bet.clusters):
            share = (SAME_CLUSTER - SAME_CATEGORY) / len(bet.clusters)
            parts.append(("cluster", name, share))
        parts.append(("own", "\x1f".join(bet.family), 1.0 - sum(share for *_, share in parts)))
        drawn = [0.0] * self.count
        for kind, name, share in parts:
            weight = math.sqrt(share)
            factor = self._factor(kind, name)
            drawn = [had + weight * more for had, more in zip(drawn, factor, strict=True)]
        cuts = [_quantile(level) for level in list(accumulate(chances))[:-1]]
        return [bisect_left(cuts, number) for number in drawn]

    def _factor(self, kind: str, name: str) -> list[float]:
        """Standard normal draws."""
        if (kind, name) not in self._factors:
            words = Struct(f"<{self.count}Q")
            stream = shake_128(f"{self._seed}\x1f{kind}\x1f{name}".encode())
            uniforms = words.unpack(stream.digest(words.size))
            self._factors[kind, name] = [_quantile((word >> 11 | 1) * _SCALE) for word in uniforms]
        return self._factors[kind, name]


def _quantile(level: float) -> float:
    if level <= 0.0:
        return -math.inf
    return math.inf if level >= 1.0 else NormalDist().inv_cdf(level)
