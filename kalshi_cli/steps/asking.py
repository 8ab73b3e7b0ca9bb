"""One question to a language model: within its means, and an answer that can be used or not."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from secrets import token_hex
from typing import Any, Generic, TypeVar

from kalshi_cli.domain.deliberation import Attempt, Outcome, Prompt
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import AiCost
from kalshi_cli.forecasting.legs import Unfit
from kalshi_cli.forecasting.persistence import UNUSABLE, GiveUp, Why, next_move
from kalshi_cli.forecasting.prices import price_of
from kalshi_cli.forecasting.reading import Form, Read, Unreadable, read, whole_tokens
from kalshi_cli.forecasting.untrusted import cleaned
from kalshi_cli.ports.ai_ledger import Reservation, Unfunded
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.forecaster import Skip
from kalshi_cli.ports.language_model import LanguageModel
from kalshi_cli.ports.store import Store, Write
from kalshi_cli.steps.decision import Decision

Taken = TypeVar("Taken")
_REFUSED = {
    Unfunded.CREDITS: (Skip.AI_CREDITS, Skip.AI_CREDITS.means),
    Unfunded.BUDGET: (Skip.AI_BUDGET, "spent, or set aside, for today (UTC)"),
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


@dataclass(frozen=True, slots=True)
class Answer(Generic[Taken]):
    """What was said, by whom. Where `may_trade` is False it is kept and scored, no more."""

    said: Taken
    model: str
    may_trade: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The code and what there is to say. `stops` ends the asking of anything else too."""

    code: Skip
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
                return NoAnswer(Skip.AI_STOPPED, "nothing is asked any more after a stop")
            worded = self._affordable(_worded(prompt, attempts), decision, move.model)
            call = await self._set_aside(worded, decision, move.model)
            if isinstance(call, NoAnswer):
                return _after_failures(call, attempts)
            attempt = await self.model.attempt(
                worded,
                move.model,
                after_s=move.after_s,
                within_s=min(self.policy.call_s, seconds_left - move.after_s),
                max_tokens=self.policy.max_tokens,
            )
            attempt, used = await self._used(attempt, take)
            form, parsed = (None, None) if used is None else (used.form, used.parsed)
            decision.ended(call, attempt, form, parsed)
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

    async def _set_aside(
        self, prompt: Prompt, decision: Decision, model: str
    ) -> Reservation | NoAnswer:
        """A call that is on record, with money set aside for it."""
        amount, budget = self.estimate(prompt, model), self.policy.decision_budget
        if budget is not None and not decision.fits(amount, budget):
            return NoAnswer(
                Skip.AI_DECISION_BUDGET,
                f"a call of {model} may cost {amount.spoken}, "
                f"{(decision.spent + decision.reserved).spoken} is spent or set aside, and one "
                f"event may cost {budget.spoken}",
            )
        call = Reservation(
            call_id=decision.next_id(),
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
        refused = await decision.set_aside(self.store, call)
        return call if refused is None else NoAnswer(*_REFUSED[refused])

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
        if behind is None:
            await decision.settle(self.store)
        else:
            decision.settle_behind(behind)


@dataclass(frozen=True, slots=True)
class _Used(Generic[Taken]):
    """What was made of an answer, the form it came in, and the object that it is."""

    said: Taken
    form: Form
    parsed: Mapping[str, Any]


def _after_failures(refused: NoAnswer, attempts: Sequence[Attempt]) -> NoAnswer:
    """Why an event has no money left: calls that failed, and count as paid for, are the reason."""
    if refused.code != Skip.AI_DECISION_BUDGET or not attempts:
        return refused
    code = Skip.AI_UNREADABLE if attempts[-1].outcome in UNUSABLE else Skip.AI_UNAVAILABLE
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


_CODES = {
    Why.STOP_KEY: Skip.AI_KEY,
    Why.STOP_CREDITS: Skip.AI_CREDITS,
    Why.REFUSED: Skip.AI_REFUSED,
    Why.NO_MODEL_LEFT: Skip.AI_UNAVAILABLE,
    Why.OUT_OF_TIME: Skip.AI_UNAVAILABLE,
    Why.UNREADABLE: Skip.AI_UNREADABLE,
}


def _no_answer(end: GiveUp) -> NoAnswer:
    stops = end.why in {Why.STOP_KEY, Why.STOP_CREDITS}
    return NoAnswer(_CODES[end.why], end.detail, stops=stops)
