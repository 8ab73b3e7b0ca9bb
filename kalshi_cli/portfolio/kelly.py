"""The share of a bankroll to stake on one uncertain edge.

Kelly's share of a contract that costs c and pays $1 with probability p is (p - c) / (1 - c). Where
p itself is uncertain with standard deviation s, Baker and McHale (2013) shrink it by
e^2 / (e^2 + s^2), e = p - c. Shrinking bounds what a wrong p costs; it does not make it pay.
"""

from kalshi_cli.domain.forecast import Forecast


def fair_error(forecast: Forecast, fair: float) -> float:
    """Standard deviation of the blended probability: w * sigma_f * p * (1 - p)."""
    return forecast.weight * forecast.logit_error * fair * (1.0 - fair)


def stake_share(*, win: float, cost: float, error: float, kelly_fraction: float) -> float:
    """Share of the bankroll to pay for contracts that cost `cost` each and win with chance `win`.

    0 without an edge. `error` is the standard deviation of `win`.
    """
    edge = win - cost
    if edge <= 0.0 or not 0.0 < cost < 1.0:
        return 0.0
    trust = edge * edge / (edge * edge + error * error)
    return kelly_fraction * trust * edge / (1.0 - cost)
