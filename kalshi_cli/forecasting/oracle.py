"""The simulated truth, made worse on purpose."""

from kalshi_cli.domain.forecast import Probability, probability
from kalshi_cli.forecasting.logit import expit, logit


def blurred(truth: float, logit_error: float, noise: float) -> Probability:
    """The truth moved by `noise` (a standard normal draw) times `logit_error`, in log-odds.

    Without error the truth itself, to the last digit.
    """
    if logit_error == 0.0:
        return probability(truth)
    return probability(expit(logit(truth) + logit_error * noise))
