"""The Grok desk: what its roles say of an event becomes judgements, the numbers made in code."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from kalshi_cli.domain.deliberation import Prompt, Role, Template
from kalshi_cli.domain.forecast import Advice, Judgement, probability
from kalshi_cli.domain.instant import HOUR, day_of
from kalshi_cli.domain.market import Listing, Market
from kalshi_cli.domain.money import NO_CONTRACTS, AiCost
from kalshi_cli.forecasting import critic, forecaster, trader
from kalshi_cli.forecasting.coherence import at_most_one, moved
from kalshi_cli.forecasting.critic import Review, Ruling
from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.ladders import monotone
from kalshi_cli.forecasting.legs import MOST_LEGS
from kalshi_cli.forecasting.trader import Desk, Tip
from kalshi_cli.forecasting.weights import MARKET, Say
from kalshi_cli.ports.forecaster import Judged, Planned, Question, Skipped
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.asking import Answer, Asker, Decision, NoAnswer

Taken = TypeVar("Taken")
AI_ERROR = 1.0
"""sigma_f of a language model, in logits, until it is measured."""
OUT_OF_CREDITS = "ai_out_of_credits_wall"
"""The marker of the wall time at which the provider last said that it is not paid any more."""
NO_CREDITS = "AI_CREDITS"
Says = Mapping[tuple[str, str], Say]
"""What was fitted and proved, by served model and category."""


@dataclass(frozen=True, slots=True)
class DeliberationPolicy:
    """`templates` are the instructions of the roles that are on; the Forecaster always is.

    `starting_weight` is w for the model that first served the primary name; every other model has
    none until it has a record of its own. Forecasts less confident than `min_confidence` are kept,
    and no Critic is paid for them; under `min_confidence_to_trade`, no Trader.
    """

    templates: Mapping[Role, Template]
    starting_weight: float
    min_confidence: float
    min_confidence_to_trade: float
    at_once: int


@dataclass(frozen=True, slots=True)
class _Case:
    """One event under deliberation: its markets, and the calls made about it."""

    question: Question
    markets: tuple[Market, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class _Ruled:
    """An opinion on its way to a judgement. `barred` says why it may not trade, or is empty."""

    opinion: Opinion
    barred: str = ""
    review: Review | None = None
    advice: Advice | None = None
    reasons: tuple[str, ...] = ()


async def no_record() -> Says:
    """Nothing was fitted."""
    return {}


class GrokForecaster:
    """Implements `ports.forecaster.Forecaster`. `label` is empty where nobody need be warned."""

    name = "grok"

    def __init__(
        self,
        asker: Asker,
        policy: DeliberationPolicy,
        label: str = "",
        fit: Callable[[], Awaitable[Says]] = no_record,
    ) -> None:
        self.label = label
        self._fit = fit
        self._fitted: Says | None = None
        self._fitted_us = 0
        self._asker, self._policy = asker, policy
        self._stopped: NoAnswer | None = None
        self._of_record = ""

    @property
    def at_once(self) -> int:
        return self._policy.at_once

    async def judge(self, question: Question) -> Judged:
        """Ask about all markets of the event at once; those beyond the first many abstain.

        A refused key ends the asking of this process; a provider without credits that of the day.
        """
        stopped = self._stopped or await self._out_of_credits()
        if stopped is not None:
            return Judged((), _abstained(question.listings, stopped))
        asked, over = question.listings[:MOST_LEGS], question.listings[MOST_LEGS:]
        too_many = _abstained(over, NoAnswer("AI_LEGS", f"more than {MOST_LEGS} in one event"))
        decision = self._asker.decide(
            question.event.event_ticker,
            is_held=any(question.held.get(listing.market.ticker) for listing in asked),
        )
        case = _Case(question, tuple(listing.market for listing in asked), decision)
        answer = await self._opinions(case)
        if isinstance(answer, NoAnswer):
            await self._heed(answer)
            return Judged((), (*_abstained(asked, answer), *too_many), decision.spent)
        say = await self._say(answer, question.category)
        ruled = await self._reviewed(case, [_Ruled(opinion) for opinion in answer.said])
        ruled = await self._advised(case, ruled)
        judgements = _coherent([_judged(each, answer.model, say, case) for each in ruled], case)
        return Judged(_with_cost(judgements, decision.spent), too_many, decision.spent)

    def preview(self, question: Question) -> tuple[Planned, ...]:
        """The Forecaster's question; what the others are asked depends on its answer."""
        markets = [listing.market for listing in question.listings[:MOST_LEGS]]
        prompt, model = self._blind(question, markets), self._asker.policy.models[0]
        return (Planned(prompt, model, self._asker.estimate(prompt, model)),)

    def _blind(self, question: Question, markets: Sequence[Market]) -> Prompt:
        """The question without a price."""
        template = self._policy.templates[Role.FORECASTER]
        event, category = question.event, question.category
        return forecaster.ask(template, event, category, markets, question.now_us)

    async def _opinions(self, case: _Case) -> Answer[tuple[Opinion, ...]] | NoAnswer:
        tickers = [market.ticker for market in case.markets]
        prompt = self._blind(case.question, case.markets)
        return await self._asker.ask(
            prompt, case.decision, lambda told: forecaster.opinions(told, tickers)
        )

    async def _reviewed(self, case: _Case, ruled: Sequence[_Ruled]) -> list[_Ruled]:
        """The opinions after the Critic, who is asked about those that are sure enough."""
        template = self._policy.templates.get(Role.CRITIC)
        sure = _sure(ruled, self._policy.min_confidence)
        if template is None or not sure:
            return list(ruled)
        opinions = [each.opinion for each in sure]
        tickers = [opinion.ticker for opinion in opinions]
        prompt = critic.ask(
            template,
            case.question.event,
            case.question.category,
            [market for market in case.markets if market.ticker in tickers],
            opinions,
            case.question.now_us,
        )
        answer = await self._heard(prompt, case, lambda told: critic.reviews(told, tickers))
        if isinstance(answer, str):
            return [_barred(each, answer) if each in sure else each for each in ruled]
        return [_after(each, answer.get(each.opinion.ticker)) for each in ruled]

    async def _advised(self, case: _Case, ruled: Sequence[_Ruled]) -> list[_Ruled]:
        """The same after the Trader, who is asked about those that may still trade."""
        template = self._policy.templates.get(Role.TRADER)
        sure = [e for e in _sure(ruled, self._policy.min_confidence_to_trade) if not e.barred]
        if template is None or not sure:
            return list(ruled)
        by_ticker = {listing.market.ticker: listing for listing in case.question.listings}
        desks = [
            Desk(
                by_ticker[each.opinion.ticker],
                each.opinion,
                each.review,
                case.question.held.get(each.opinion.ticker, NO_CONTRACTS),
            )
            for each in sure
        ]
        tickers = [each.opinion.ticker for each in sure]
        event, category = case.question.event, case.question.category
        prompt = trader.ask(template, event, category, desks, case.question.now_us)
        answer = await self._heard(prompt, case, lambda told: trader.tips(told, tickers))
        if isinstance(answer, str):
            return [_barred(each, answer) if each in sure else each for each in ruled]
        return [_told(each, answer.get(each.opinion.ticker)) for each in ruled]

    async def _heard(
        self, prompt: Prompt, case: _Case, take: Callable[[Mapping[str, Any]], Taken]
    ) -> Taken | str:
        """What a role says after the Forecaster; or why it was not heard."""
        answer = await self._asker.ask(prompt, case.decision, take)
        if isinstance(answer, NoAnswer):
            await self._heed(answer)
            return f"the {prompt.role} was not heard: {answer.detail}"
        if not answer.may_trade:
            return f"the {prompt.role}'s answer had to be repaired"
        return answer.said

    async def _say(self, answer: Answer[tuple[Opinion, ...]], category: str) -> Say:
        """W and slope of the model that answered; none for an answer that had to be repaired."""
        if not answer.may_trade:
            return MARKET
        fitted = (await self._fits()).get((answer.model, category))
        if fitted is not None:
            return fitted
        if not self._of_record:  # it never changes again
            async with self._asker.store.unit(reads=True) as unit:
                self._of_record = await unit.ai.first_served(self._asker.policy.models[:1])
        is_of_record = answer.model == self._of_record
        return Say(self._policy.starting_weight) if is_of_record else MARKET

    async def _fits(self) -> Says:
        """What was fitted on the record, which is looked at once an hour of market time."""
        now = self._asker.clock.now()
        if self._fitted is None or now - self._fitted_us >= HOUR:
            self._fitted, self._fitted_us = await self._fit(), now
        return self._fitted

    async def _heed(self, answer: NoAnswer) -> None:
        """Keep in mind what ends the asking of anything else."""
        if not answer.stops:
            return
        if answer.code != NO_CREDITS:
            self._stopped = answer
            return
        async with self._asker.store.unit() as unit:
            await unit.catalog.set_marker(OUT_OF_CREDITS, self._asker.clock.wall())
            await unit.commit()

    async def _out_of_credits(self) -> NoAnswer | None:
        """Whether the provider said so today, to this process or to another."""
        async with self._asker.store.unit(reads=True) as unit:
            said = await unit.catalog.marker(OUT_OF_CREDITS)
        if said is None or day_of(said) != day_of(self._asker.clock.wall()):
            return None
        return NoAnswer(NO_CREDITS, "xAI has no credits left for this key; it is asked tomorrow")


async def ask_again(store: Store) -> None:
    """Take back that the provider is not paid any more: a person looked, and the key passed."""
    async with store.unit() as unit:
        if await unit.catalog.marker(OUT_OF_CREDITS) is not None:
            await unit.catalog.set_marker(OUT_OF_CREDITS, 0)
            await unit.commit()


def _sure(ruled: Sequence[_Ruled], least: float) -> list[_Ruled]:
    return [each for each in ruled if each.opinion.confidence >= least]


def _barred(ruled: _Ruled, why: str) -> _Ruled:
    return replace(ruled, barred=why)


def _after(ruled: _Ruled, review: Review | None) -> _Ruled:
    if review is None:
        return ruled
    if review.ruling is Ruling.VETO:
        return _barred(ruled, f"vetoed: {'; '.join(review.problems) or 'no reason given'}")
    return replace(ruled, opinion=critic.widened(ruled.opinion, review), review=review)


def _told(ruled: _Ruled, tip: Tip | None) -> _Ruled:
    return ruled if tip is None else replace(ruled, advice=tip.advice, reasons=tip.reasons)


def _judged(ruled: _Ruled, model: str, say: Say, case: _Case) -> Judgement:
    """A judgement; one that is barred has no say, so that it is scored and nothing else."""
    opinion = ruled.opinion
    said = " | ".join(filter(None, (ruled.barred, opinion.reasoning, *ruled.reasons)))
    return Judgement(
        ticker=opinion.ticker,
        probability=probability(opinion.probability),
        low=probability(opinion.low),
        high=probability(opinion.high),
        logit_error=AI_ERROR,
        weight=0.0 if ruled.barred else say.weight,
        slope=1.0 if ruled.barred else say.slope,
        rationale=said,
        model=model,
        decision_id=case.decision.decision_id,
        advice=ruled.advice,
    )


def _coherent(judgements: Sequence[Judgement], case: _Case) -> tuple[Judgement, ...]:
    """Ladders fall, and exclusive markets add up to at most one; intervals move along."""
    chances = monotone({each.ticker: each.probability for each in judgements}, case.markets)
    fallen = tuple(_moved(each, chances[each.ticker]) for each in judgements)
    return at_most_one(fallen) if case.question.event.mutually_exclusive else fallen


def _moved(judgement: Judgement, chance: float) -> Judgement:
    if chance == judgement.probability:
        return judgement
    was = f"was {judgement.probability:.4f} against its ladder"
    return moved(judgement, probability(chance), f"{judgement.rationale} ({was})")


def _with_cost(judgements: Sequence[Judgement], spent: AiCost) -> tuple[Judgement, ...]:
    """Each with its part of what was spent; the parts add up to the last tick."""
    each, rest = divmod(spent.units, len(judgements))
    return tuple(
        replace(judgement, cost=AiCost(each + (at < rest)))
        for at, judgement in enumerate(judgements)
    )


def _abstained(listings: Sequence[Listing], why: NoAnswer) -> tuple[Skipped, ...]:
    return tuple(Skipped(each.market.ticker, why.code, why.detail) for each in listings)
