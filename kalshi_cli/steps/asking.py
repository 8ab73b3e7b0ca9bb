"""One question to a language model: money set aside, calls, and an answer that can be used or not.

Each call is a row before it is made. What a call cost takes the place of what was set aside; a call
that was cancelled or killed leaves that standing, and so does one that broke on its way back, since
it may be billed all the same.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from secrets import token_hex
from typing import Any, Generic, TypeVar

from kalshi_cli.domain.deliberation import Attempt, Outcome, Prompt
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import NO_COST, AiCost
from kalshi_cli.forecasting.legs import Unfit
from kalshi_cli.forecasting.persistence import (
    ANSWERS,
    MAY_BE_BILLED,
    UNUSABLE,
    GiveUp,
    Why,
    next_move,
)
from kalshi_cli.forecasting.prices import price_of
from kalshi_cli.forecasting.reading import Form, Read, Unreadable, read, whole_tokens
from kalshi_cli.forecasting.untrusted import cleaned
from kalshi_cli.ports.ai_ledger import CostSource, Reservation, Settled, Unfunded
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.language_model import LanguageModel
from kalshi_cli.ports.store import Store, Unit, Write
from kalshi_cli.steps.insisting import insist

Taken = TypeVar("Taken")
Written = TypeVar("Written")
NO_CREDITS = "AI_CREDITS"
_REFUSED = {
    Unfunded.CREDITS: (NO_CREDITS, "xAI has no credits left for this key; it is asked tomorrow"),
    Unfunded.BUDGET: ("AI_BUDGET", "spent, or set aside, for today (UTC)"),
}
Repair = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""Mends one balanced object that is not strict JSON; None where that takes too long or fails."""


@dataclass(frozen=True, slots=True)
class AskingPolicy:
    """What questions are held to. `models` are asked in their order: the primary, the fallback.

    An answer has at most `max_tokens`; of what is thought before it, which nothing bounds, so many
    tokens as `reserved_thinking` are paid for in advance. Of the day's budget `held_share` is kept
    for markets with a position. `call_s` bounds one call, `decision_s` all calls about one event,
    in real seconds.
    """

    models: tuple[str, ...]
    max_tokens: int
    reserved_thinking: int
    call_s: float
    decision_s: float
    decision_budget: AiCost | None
    daily_budget: AiCost | None
    held_share: float


@dataclass(slots=True)
class Decision:
    """All calls about one event, what they cost so far, and what the whole day may cost for it.

    `reserved` is set aside for those under way; none begins once `stopping`. `unsettled` calls have
    ended and are put on record with what comes next: a commit for both.
    """

    decision_id: str
    event_ticker: str
    until_wall_us: int
    daily_budget: AiCost | None
    stopping: Callable[[], bool] = lambda: False
    spent: AiCost = NO_COST
    reserved: AiCost = NO_COST
    calls: int = 0
    unsettled: list[Settled] = field(default_factory=list)

    def fits(self, amount: AiCost, budget: AiCost | None) -> bool:
        """Whether a call that may cost so much stays within what an event may cost."""
        return budget is None or self.spent + self.reserved + amount <= budget


@dataclass(frozen=True, slots=True)
class Answer(Generic[Taken]):
    """What was said, by whom. Where `may_trade` is False it is kept and scored, no more."""

    said: Taken
    model: str
    may_trade: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A stable code and what there is to say. `stops` ends the asking of anything else too."""

    code: str
    detail: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks within its means. `draws` spreads retries apart."""

    model: LanguageModel
    store: Store
    clock: Clock
    policy: AskingPolicy
    run_id: str
    repair: Repair
    draws: Random = field(default_factory=Random)

    def decide(
        self,
        event_ticker: str,
        *,
        is_held: bool,
        until_wall_us: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Decision:
        """Begin the calls about one event; `is_held` opens the whole of the day's budget."""
        until = self.clock.wall() + int(self.policy.decision_s * SECOND)
        until = until if until_wall_us is None else min(until, until_wall_us)
        budget = self.policy.daily_budget
        if budget is not None and not is_held:
            budget = AiCost(int(budget.units * (1.0 - self.policy.held_share)))
        return Decision(token_hex(6), event_ticker, until, budget, stopping)

    def estimate(self, prompt: Prompt, model: str) -> AiCost:
        """What is set aside for one call."""
        searches = 0 if prompt.research is None else prompt.research.most_searches
        written = self.policy.max_tokens + self.policy.reserved_thinking
        return price_of(model).at_most(_length(prompt), written, searches)

    async def ask(
        self, prompt: Prompt, decision: Decision, take: Callable[[Mapping[str, Any]], Taken]
    ) -> Answer[Taken] | NoAnswer:
        """Ask until there is an answer that `take` accepts; it raises `Unfit` for another one.

        An answer that cannot be used is asked for once more, with the reason. `settle` follows.
        """
        attempts: list[Attempt] = []
        while True:
            seconds_left = (decision.until_wall_us - self.clock.wall()) / SECOND
            move = next_move(
                attempts,
                self.policy.models,
                seconds_left=seconds_left,
                chance=self.draws.random(),
            )
            if isinstance(move, GiveUp):
                return _no_answer(move)
            if decision.stopping():
                return NoAnswer("AI_STOPPED", "nothing is asked any more after a stop")
            worded = self._affordable(_worded(prompt, attempts), decision, move.model)
            amount = self.estimate(worded, move.model)
            call_id = await self._reserve(worded, decision, move.model, amount)
            if isinstance(call_id, NoAnswer):
                return _after_failures(call_id, attempts)
            attempt = await self.model.attempt(
                worded,
                move.model,
                after_s=move.after_s,
                within_s=min(self.policy.call_s, seconds_left - move.after_s),
                max_tokens=self.policy.max_tokens,
            )
            attempt, used = await self._used(attempt, take)
            _ended(call_id, attempt, used, amount, decision)
            if used is not None:
                return Answer(used.said, attempt.served_model, used.form is not Form.REPAIRED)
            attempts.append(attempt)

    def _affordable(self, prompt: Prompt, decision: Decision, model: str) -> Prompt:
        """The question; without research where that alone is more than its event may cost."""
        if prompt.research is None:
            return prompt
        amount = self.estimate(prompt, model)
        fits = decision.fits(amount, self.policy.decision_budget)
        return prompt if fits else replace(prompt, research=None)

    async def _reserve(
        self, prompt: Prompt, decision: Decision, model: str, amount: AiCost
    ) -> str | NoAnswer:
        """Set the money aside and put the call on record; its id."""
        budget = self.policy.decision_budget
        if not decision.fits(amount, budget):
            return NoAnswer(
                "AI_DECISION_BUDGET",
                f"a call of {model} may cost ${amount}, ${decision.spent + decision.reserved} is "
                f"spent or set aside, and one event may cost ${budget}",
            )
        call_id = f"{decision.decision_id}-{decision.calls}"
        decision.calls += 1
        call = Reservation(
            call_id=call_id,
            decision_id=decision.decision_id,
            run_id=self.run_id,
            event_ticker=decision.event_ticker,
            prompt=prompt,
            requested_model=model,
            provider=self.model.provider,
            amount=amount,
            at_us=self.clock.now(),
            wall_us=self.clock.wall(),
        )

        async def reserve(unit: Unit) -> NoAnswer | None:
            refused = await unit.ai.reserve(call, daily_budget=decision.daily_budget)
            return None if refused is None else NoAnswer(*_REFUSED[refused])

        decision.reserved += amount  # before the store answers: others of this event ask meanwhile
        refused = await self._written(decision, reserve)
        if refused is not None:
            decision.reserved -= amount
            return refused
        return call_id

    async def _used(
        self, attempt: Attempt, take: Callable[[Mapping[str, Any]], Taken]
    ) -> "tuple[Attempt, _Used[Taken] | None]":
        """What an answer says, where it can be used; else the attempt with the reason."""
        if attempt.outcome is not Outcome.ANSWERED:
            return attempt, None
        found = read(attempt.text)
        if isinstance(found, Unreadable) and found.object_text:
            found = await self._repaired(found)
        if isinstance(found, Unreadable):
            return _unusable(attempt, found.reason), None
        try:
            return attempt, _Used(take(found.value), found.form, found.value)
        except Unfit as unfit:
            return _unusable(attempt, str(unfit)), None

    async def _repaired(self, broken: Unreadable) -> Read | Unreadable:
        """One object that is not strict JSON, mended, if nothing in it had to be guessed."""
        mended = await self.repair(broken.object_text)
        if mended is None or not whole_tokens(mended, broken.object_text):
            return broken
        return Read(mended, Form.REPAIRED)

    async def settle(
        self, decision: Decision, behind: Callable[[Write], None] | None = None
    ) -> None:
        """Put on record how calls ended that nothing was written with since: in time, where
        somebody is given who writes it `behind`.
        """
        if not decision.unsettled:
            return
        if behind is None:
            await self._written(decision, _nothing_more)
            return
        ended, decision.unsettled = decision.unsettled, []
        behind(partial(_settle, ended))

    async def _written(
        self, decision: Decision, write: Callable[[Unit], Awaitable[Written]]
    ) -> Written:
        """Write how calls ended, and what comes next; who is cancelled still has them to write."""
        ended, decision.unsettled = decision.unsettled, []

        async def both(unit: Unit) -> Written:
            await _settle(ended, unit)
            return await write(unit)

        try:
            return await insist(self.store, both)
        except BaseException:
            decision.unsettled = ended + decision.unsettled
            raise


@dataclass(frozen=True, slots=True)
class _Used(Generic[Taken]):
    """What was made of an answer, the form it came in, and the object that it is."""

    said: Taken
    form: Form
    parsed: Mapping[str, Any]


def _ended(
    call_id: str,
    attempt: Attempt,
    used: "_Used[Taken] | None",
    reserved: AiCost,
    decision: Decision,
) -> None:
    """Count what a call cost, and leave it to be put on record."""
    cost, source = _cost(attempt, reserved)
    decision.spent += cost
    decision.reserved -= reserved
    form, parsed = (None, None) if used is None else (used.form, used.parsed)
    decision.unsettled.append(Settled(call_id, attempt, cost, source, form, parsed))


async def _settle(ended: Sequence[Settled], unit: Unit) -> None:
    for each in ended:
        await unit.ai.settle(each)


async def _nothing_more(unit: Unit) -> None:
    """There is nothing else to write."""


def _after_failures(refused: NoAnswer, attempts: Sequence[Attempt]) -> NoAnswer:
    """Why an event has no money left: calls that failed, and count as paid for, are the reason."""
    if refused.code != "AI_DECISION_BUDGET" or not attempts:
        return refused
    code = "AI_UNREADABLE" if attempts[-1].outcome in UNUSABLE else "AI_UNAVAILABLE"
    return NoAnswer(
        code, f"{attempts[-1].detail}; there is no money to ask again: {refused.detail}"
    )


def _unusable(attempt: Attempt, reason: str) -> Attempt:
    return replace(attempt, outcome=Outcome.UNUSABLE, detail=reason)


def _worded(prompt: Prompt, attempts: Sequence[Attempt]) -> Prompt:
    """The question, with what was wrong with the last answer where there was one."""
    if not attempts or attempts[-1].outcome not in UNUSABLE:
        return prompt
    reason = cleaned(attempts[-1].detail, 300)
    again = f"Your last answer could not be used: {reason}. Answer with the JSON object alone."
    return replace(prompt, user=f"{prompt.user}\n\n{again}")


def _length(prompt: Prompt) -> int:
    return len(prompt.system) + len(prompt.user) + len(prompt.schema)


def _cost(attempt: Attempt, reserved: AiCost) -> tuple[AiCost, CostSource]:
    """What a call cost, and who says so. What may have been billed unheard counts as reserved."""
    if attempt.cost is not None:
        return attempt.cost, CostSource.SERVER
    if attempt.outcome in ANSWERS:
        model = attempt.served_model or attempt.requested_model
        return price_of(model).of(attempt.usage), CostSource.PRICE
    if attempt.outcome in MAY_BE_BILLED:
        return reserved, CostSource.RESERVED
    return NO_COST, CostSource.NONE


_CODES = {
    Why.STOP_KEY: "AI_KEY",
    Why.STOP_CREDITS: NO_CREDITS,
    Why.REFUSED: "AI_REFUSED",
    Why.NO_MODEL_LEFT: "AI_UNAVAILABLE",
    Why.OUT_OF_TIME: "AI_UNAVAILABLE",
    Why.UNREADABLE: "AI_UNREADABLE",
}


def _no_answer(end: GiveUp) -> NoAnswer:
    stops = end.why in {Why.STOP_KEY, Why.STOP_CREDITS}
    return NoAnswer(_CODES[end.why], end.detail, stops=stops)
