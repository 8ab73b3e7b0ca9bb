"""Means of dependent observations, with an interval that admits what is not known.

Forecasts of one event share its outcome: they are one observation. The standard error is clustered
by event, the quantile is Student's with one degree of freedom less than there are clusters.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Z_95 = 1.959964
Z_ONE_SIDED_95 = 1.644854
MIN_CLUSTERS = 30
"""With fewer independent events nothing is claimed, whatever the interval says."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A number, and the event it belongs to."""

    cluster: str
    value: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval; the bounds are None where two clusters are not to be had."""

    mean: float
    low: float | None
    high: float | None
    count: int
    clusters: int


class Verdict(StrEnum):
    """What an interval allows to say."""

    EDGE = "edge"
    NO_EDGE = "no edge"
    UNRESOLVED = "unresolved"


def clustered_mean(observations: Sequence[Observation]) -> Interval | None:
    """The mean over observations, its error clustered; None for no observations at all."""
    if not observations:
        return None
    count = len(observations)
    mean = math.fsum(o.value for o in observations) / count
    sums: dict[str, float] = defaultdict(float)
    for observation in observations:
        sums[observation.cluster] += observation.value - mean
    clusters = len(sums)
    if clusters < 2:
        return Interval(mean, None, None, count, clusters)
    spread = math.fsum(total * total for total in sums.values())
    error = math.sqrt(spread * clusters / (clusters - 1)) / count
    reach = student_95(clusters - 1) * error
    return Interval(mean, mean - reach, mean + reach, count, clusters)


def verdict(interval: Interval | None, min_clusters: int = MIN_CLUSTERS) -> Verdict:
    """Edge above zero, no edge below it; unresolved across it or with too few clusters."""
    if interval is None or interval.low is None or interval.high is None:
        return Verdict.UNRESOLVED
    if interval.clusters < min_clusters:
        return Verdict.UNRESOLVED
    if interval.low > 0.0:
        return Verdict.EDGE
    return Verdict.NO_EDGE if interval.high < 0.0 else Verdict.UNRESOLVED


def student_95(freedom: int) -> float:
    """Two-sided 95 % quantile of Student's t: exact for 1 and 2 degrees, else Cornish-Fisher.

    The expansion is Abramowitz and Stegun 26.7.5; from 3 degrees on it is within 1 %.
    """
    if freedom == 1:
        return math.tan(0.475 * math.pi)
    if freedom == 2:
        return 0.95 * math.sqrt(2.0 / (1.0 - 0.95**2))
    z = Z_95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, start=1))


def wilson_low(hits: float, count: float) -> float:
    """The lower bound of a share by Wilson's score (1927), with 95 % confidence.

    Raises `ValueError` where there is nothing to take a share of.
    """
    if count < 1:
        raise ValueError("no share of nothing")
    z = Z_ONE_SIDED_95
    share, doubt = hits / count, z * z / count
    spread = z * math.sqrt(share * (1.0 - share) / count + doubt / (4.0 * count))
    return min(share, max(0.0, (share + doubt / 2.0 - spread) / (1.0 + doubt)))
