"""Log-odds: the scale on which forecasts are blended and blurred."""

import math

from kalshi_cli.domain.forecast import Probability, probability

Z_80 = 1.2816
"""Standard normal quantile of 0.90: an 80 % interval is this many sigmas to either side."""


def logit(chance: float) -> float:
    """ln(p / (1 - p)) of a probability strictly between 0 and 1."""
    return math.log(chance) - math.log1p(-chance)


def expit(log_odds: float) -> float:
    """The probability of some log-odds; exact to the last digits at both ends."""
    if log_odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def interval_80(center: float, error: float) -> tuple[Probability, Probability]:
    """The 80 % interval around a probability whose log-odds are off by `error` (one sigma)."""
    middle, reach = logit(center), Z_80 * error
    low, high = expit(middle - reach), expit(middle + reach)
    return probability(min(low, center)), probability(max(high, center))
