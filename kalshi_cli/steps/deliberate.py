"""The Grok desk: what its roles say of an event becomes judgements, the numbers made in code."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kalshi_cli.domain.deliberation import Prompt, Role
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.market import Listing, Market
from kalshi_cli.forecasting.legs import MOST_LEGS, inputs
from kalshi_cli.forecasting.pooling import pooled
from kalshi_cli.forecasting.ruling import (
    Ruled,
    Source,
    advised,
    coherent,
    judged,
    reviewed,
    sure,
    unheard,
    with_cost,
)
from kalshi_cli.forecasting.weights import MARKET, Say
from kalshi_cli.ports.forecaster import Judged, Planned, Question, Skip, Skipped
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.asking import Answer, Asker, NoAnswer
from kalshi_cli.steps.decision import Decision
from kalshi_cli.steps.deliberation_policy import DeliberationPolicy
from kalshi_cli.steps.roles import Taken, asked_first, asked_of_critic, asked_of_trader, in_turn
from kalshi_cli.steps.saying import Saying, Says, no_record


@dataclass(frozen=True, slots=True)
class _Case:
    """One event under deliberation: its markets, and the calls made about it."""

    question: Question
    markets: tuple[Market, ...]
    decision: Decision


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
        self._asker, self._policy = asker, policy
        self._stopped: NoAnswer | None = None
        self._saying = Saying(asker, policy.starting_weight, fit)
        self._terms = short_hash(
            policy.prompt_version, policy.variant, asker.model.provider, *asker.policy.models
        )

    @property
    def at_once(self) -> int:
        return self._policy.at_once

    async def judge(self, question: Question) -> Judged:
        """Ask about all markets of the event at once; of too many, some wait for their turn.

        Nobody is asked where all of them have a standing forecast that was asked from the same. A
        refused key ends the asking of this process; a provider without credits that of the day.
        """
        asked = in_turn(question)
        over = [each for each in question.listings if each not in asked]
        too_many = _abstained(over, NoAnswer(Skip.AI_LEGS, f"more than {MOST_LEGS} in one event"))
        markets = tuple(listing.market for listing in asked)
        froms = {market.ticker: self._inputs(question, market) for market in markets}
        if all(_stands(question, ticker, each) for ticker, each in froms.items()):
            return Judged((), too_many, unchanged=tuple(froms))
        if self._stopped is not None:
            return Judged((), _abstained(question.listings, self._stopped))
        decision = self._asker.decide(
            question.event.event_ticker,
            is_held=any(question.held.get(ticker) for ticker in froms),
            until_wall_us=question.until_wall_us,
            stopping=question.stopping,
        )
        try:
            found = await self._deliberated(_Case(question, markets, decision), froms)
        finally:
            await self._asker.settle(decision, question.behind)
        return replace(found, abstained=(*found.abstained, *too_many), spent=decision.spent)

    async def _deliberated(self, case: _Case, froms: Mapping[str, str]) -> Judged:
        """What the roles come to; what the last one cost is not on record yet."""
        question, decision = case.question, case.decision
        answer = await self._first(case)
        if isinstance(answer, NoAnswer):
            await self._heed(answer)
            asked = [each for each in question.listings if each.market.ticker in froms]
            return Judged((), _abstained(asked, answer))
        source = Source(
            answer.model,
            await self._say(answer, case),
            decision.decision_id,
            self._policy.prompt_version,
            self._policy.variant,
        )
        ruled = await self._advised(case, await self._reviewed(case, answer.said))
        made = [judged(each, source, froms[each.opinion.ticker]) for each in ruled]
        is_exclusive = question.event.mutually_exclusive
        judgements = coherent(made, case.markets, is_exclusive=is_exclusive)
        return Judged(with_cost(judgements, decision.spent))

    def _inputs(self, question: Question, market: Market) -> str:
        return inputs(self._terms, question.event, question.category, market)

    async def _first(self, case: _Case) -> Answer[list[Ruled]] | NoAnswer:
        """What is said first, by as many answers as there are to be."""
        prompt, take = asked_first(self._policy, case.question, case.markets)
        asking = (self._sample(prompt, case, take) for _ in range(self._policy.samples))
        ended = await asyncio.gather(*asking, return_exceptions=True)
        heard: list[Answer[list[Ruled]]] = []
        missing: list[NoAnswer] = []
        for each in ended:
            if isinstance(each, BaseException):
                raise each
            if isinstance(each, NoAnswer):
                missing.append(each)
            else:
                heard.append(each)
        if not heard:
            return max(missing, key=lambda each: each.stops)
        for each in missing:
            await self._heed(each)
        return _pooled(heard, self._policy.samples)

    async def _sample(
        self, prompt: Prompt, case: _Case, take: Callable[[Mapping[str, Any]], list[Ruled]]
    ) -> Answer[list[Ruled]] | NoAnswer:
        answer = await self._asker.ask(prompt, case.decision, take)
        if self._policy.samples > 1:  # the others may take long
            await self._asker.settle(case.decision)
        return answer

    def preview(self, question: Question) -> tuple[Planned, ...]:
        """The first questions; what the others are asked depends on the answers."""
        markets = [listing.market for listing in in_turn(question)]
        model = self._asker.policy.models[0]
        prompt, _ = asked_first(self._policy, question, markets)
        planned = Planned(prompt, model, self._asker.estimate(prompt, model))
        return (planned,) * self._policy.samples

    async def _reviewed(self, case: _Case, ruled: Sequence[Ruled]) -> list[Ruled]:
        """The opinions after the Critic, who is asked about those that are sure enough."""
        template = self._policy.templates.get(Role.CRITIC)
        chosen = sure(ruled, self._policy.min_confidence)
        if template is None or not chosen:
            return list(ruled)
        asked = asked_of_critic(template, case.question, case.markets, chosen)
        answer = await self._heard(*asked, case)
        if isinstance(answer, str):
            return [unheard(each, answer) if each in chosen else each for each in ruled]
        return [reviewed(each, answer.get(each.opinion.ticker)) for each in ruled]

    async def _advised(self, case: _Case, ruled: Sequence[Ruled]) -> list[Ruled]:
        """The same after the Trader, who is asked about those that may still trade."""
        template = self._policy.templates.get(Role.TRADER)
        chosen = [e for e in sure(ruled, self._policy.min_confidence_to_trade) if not e.barred]
        if template is None or not chosen:
            return list(ruled)
        answer = await self._heard(*asked_of_trader(template, case.question, chosen), case)
        if isinstance(answer, str):
            return [unheard(each, answer) if each in chosen else each for each in ruled]
        return [advised(each, answer.get(each.opinion.ticker)) for each in ruled]

    async def _heard(
        self, prompt: Prompt, take: Callable[[Mapping[str, Any]], Taken], case: _Case
    ) -> Taken | str:
        """What a role says after the Forecaster; or why it was not heard."""
        answer = await self._asker.ask(prompt, case.decision, take)
        if isinstance(answer, NoAnswer):
            await self._heed(answer)
            return f"the {prompt.role} was not heard: {answer.detail}"
        if not answer.may_trade:
            return f"the {prompt.role}'s answer had to be repaired"
        return answer.said

    async def _say(self, answer: Answer[list[Ruled]], case: _Case) -> Say:
        """W and slope of the model that answered; none for an answer that had to be repaired."""
        if not answer.may_trade:
            return MARKET
        settle = partial(self._asker.settle, case.decision)
        return await self._saying.of(answer.model, case.question.category, settle)

    async def _heed(self, answer: NoAnswer) -> None:
        """Keep in mind what ends the asking of anything else."""
        if not answer.stops:
            return
        if answer.code != Skip.AI_CREDITS:
            self._stopped = answer
            return
        async with self._asker.store.unit() as unit:
            await unit.ai.out_of_credits(self._asker.clock.wall())
            await unit.commit()


async def ask_again(store: Store) -> None:
    """Take back that the provider is not paid any more: a person looked, and the key passed."""
    async with store.unit() as unit:
        await unit.ai.in_credit()
        await unit.commit()


def _stands(question: Question, ticker: str, asked_from: str) -> bool:
    """Whether a market has a standing forecast that was asked from the same."""
    standing = question.standing.get(ticker)
    return standing is not None and standing.inputs == asked_from


def _pooled(answers: Sequence[Answer[list[Ruled]]], wanted: int) -> Answer[list[Ruled]]:
    """Several answers as one. Those of different models are by none that has a record, and fewer
    than wanted are not whole.
    """
    if wanted == 1:
        return answers[0]
    models = sorted({answer.model for answer in answers})
    of_each = zip(*(answer.said for answer in answers), strict=True)
    is_whole = len(answers) == wanted
    said = [Ruled(pooled([e.opinion for e in each]), is_whole=is_whole) for each in of_each]
    return Answer(said, "+".join(models), all(answer.may_trade for answer in answers))


def _abstained(listings: Sequence[Listing], why: NoAnswer) -> tuple[Skipped, ...]:
    return tuple(Skipped(each.market.ticker, why.code, why.detail) for each in listings)
