"""What the roles said becomes judgements: barred or not, coherent, each with its share of cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kalshi_cli.domain.forecast import Advice, Judgement, probability
from kalshi_cli.domain.market import Market
from kalshi_cli.domain.money import AiCost
from kalshi_cli.forecasting.coherence import at_most_one, moved
from kalshi_cli.forecasting.critic import Review, Ruling, widened
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.ladders import monotone
from kalshi_cli.forecasting.trader import Tip
from kalshi_cli.forecasting.weights import Say

AI_ERROR = 1.0
"""sigma_f of a language model, in logits, until it is measured."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """An opinion on its way to a judgement. `barred` says why it may not trade, or is empty.

    It is not whole where a role that was to have a say was not heard.
    """

    opinion: Opinion
    barred: str = ""
    review: Review | None = None
    advice: Advice | None = None
    reasons: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """What all judgements of one question have in common."""

    model: str
    say: Say
    decision_id: str
    prompt_version: str
    variant: str


def sure(ruled: Sequence[Ruled], least: float) -> list[Ruled]:
    """Those that are at least so confident."""
    return [each for each in ruled if each.opinion.confidence >= least]


def unheard(ruled: Ruled, why: str) -> Ruled:
    """The opinion without the role that was to have a say: it trades nothing."""
    return replace(ruled, barred=why, is_whole=False)


def reviewed(ruled: Ruled, review: Review | None) -> Ruled:
    """The opinion after the Critic: as it was, wider, or barred."""
    if review is None:
        return ruled
    if review.ruling is Ruling.VETO:
        return replace(ruled, barred=f"vetoed: {'; '.join(review.problems) or 'no reason given'}")
    return replace(ruled, opinion=widened(ruled.opinion, review), review=review)


def advised(ruled: Ruled, tip: Tip | None) -> Ruled:
    """The opinion after the Trader."""
    return ruled if tip is None else replace(ruled, advice=tip.advice, reasons=tip.reasons)


def judged(ruled: Ruled, source: Source, inputs: str) -> Judgement:
    """A judgement; one that is barred has no say, so that it is scored and nothing else."""
    opinion = ruled.opinion
    said = " | ".join(filter(None, (ruled.barred, opinion.reasoning, *ruled.reasons)))
    return Judgement(
        ticker=opinion.ticker,
        probability=probability(opinion.probability),
        low=probability(opinion.low),
        high=probability(opinion.high),
        logit_error=AI_ERROR,
        weight=0.0 if ruled.barred else source.say.weight,
        slope=1.0 if ruled.barred else source.say.slope,
        slope_error=0.0 if ruled.barred else source.say.slope_error,
        rationale=said,
        model=source.model,
        decision_id=source.decision_id,
        advice=ruled.advice,
        inputs=inputs if ruled.is_whole else "",
        prompt_version=source.prompt_version,
        variant=source.variant,
    )


def coherent(
    judgements: Sequence[Judgement], markets: Sequence[Market], *, is_exclusive: bool
) -> tuple[Judgement, ...]:
    """Ladders fall, and exclusive markets add up to at most one; intervals move along."""
    chances = monotone({each.ticker: each.probability for each in judgements}, markets)
    fallen = tuple(_moved(each, chances[each.ticker]) for each in judgements)
    return at_most_one(fallen) if is_exclusive else fallen


def _moved(judgement: Judgement, chance: float) -> Judgement:
    if chance == judgement.probability:
        return judgement
    was = f"was {judgement.probability:.4f} against its ladder"
    return moved(judgement, probability(chance), f"{judgement.rationale} ({was})")


def with_cost(judgements: Sequence[Judgement], spent: AiCost) -> tuple[Judgement, ...]:
    """Each with its part of what was spent; the parts add up to the last tick."""
    each, rest = divmod(spent.units, len(judgements))
    return tuple(
        replace(judgement, cost=AiCost(each + (at < rest)))
        for at, judgement in enumerate(judgements)
    )
