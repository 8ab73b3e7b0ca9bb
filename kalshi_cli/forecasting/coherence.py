"""What must hold between the forecasts of one event.

Of markets that exclude each other at most one ends YES, so their probabilities add up to at most
one. Asked prices add up to more (the overround is what makers charge); a forecast may not.
"""

from collections.abc import Sequence
from dataclasses import replace

from kalshi_cli.domain.forecast import Judgement, Probability
from kalshi_cli.forecasting.logit import expit, logit


def at_most_one(judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """Scale the probabilities of exclusive markets down to a sum of one where they exceed it.

    Intervals keep their width in log-odds.
    """
    total = sum(judgement.probability for judgement in judgements)
    if total <= 1.0:
        return tuple(judgements)
    return tuple(_scaled(judgement, 1.0 / total) for judgement in judgements)


def _scaled(judgement: Judgement, factor: float) -> Judgement:
    before = logit(judgement.probability)
    after = logit(judgement.probability * factor)
    return replace(
        judgement,
        probability=Probability(expit(after)),
        low=Probability(expit(after + logit(judgement.low) - before)),
        high=Probability(expit(after + logit(judgement.high) - before)),
        rationale=f"{judgement.rationale}; exclusive markets added up to {1.0 / factor:.4f}",
    )
