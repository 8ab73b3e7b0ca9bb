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


def moved(judgement: Judgement, chance: Probability, rationale: str) -> Judgement:
    """The judgement with another probability; its interval keeps its width in log-odds.

    An end that is the probability itself stays so: sums of log-odds are a digit off.
    """
    shift = logit(chance) - logit(judgement.probability)
    return replace(
        judgement,
        probability=chance,
        low=Probability(min(chance, expit(logit(judgement.low) + shift))),
        high=Probability(max(chance, expit(logit(judgement.high) + shift))),
        rationale=rationale,
    )


def _scaled(judgement: Judgement, factor: float) -> Judgement:
    why = f"exclusive markets added up to {1.0 / factor:.4f}"
    chance = Probability(judgement.probability * factor)
    return moved(judgement, chance, f"{judgement.rationale}; {why}")
