"""What to do after a call that ended without an answer: once more, another model, or nothing.

There is one owner of retries. A call that timed out is not repeated on the same model, for it may
have been billed; one that broke at the server is, for as long as there is money for what it may
have cost too; a model that is gone is not asked again; a request that is wrong is not sent twice;
an answer that cannot be used is asked for once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.deliberation import Attempt, Outcome

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0
MOST_ON_ONE_MODEL = 4
"""Calls of one question on one model that end without an answer."""

MOST_UNUSABLE = 2
"""Answers to one question that cannot be used: it is asked again once."""

_AGAIN = frozenset({Outcome.UNAVAILABLE, Outcome.RATE_LIMITED, Outcome.UNKNOWN})
UNUSABLE = frozenset({Outcome.CUT, Outcome.EMPTY, Outcome.UNUSABLE})
ANSWERS = UNUSABLE | {Outcome.ANSWERED}
"""What was written, and is paid for whatever it is good for."""
MAY_BE_BILLED = frozenset({Outcome.TIMED_OUT, Outcome.UNKNOWN, Outcome.BROKEN})
"""What nobody heard the end of: it counts as spent until it is known not to be."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this model after so many seconds."""

    model: str
    after_s: float = 0.0


class Why(StrEnum):
    """Why nobody is asked any more. `STOP`s concern every question, the rest this one alone."""

    STOP_KEY = "stop_key"
    STOP_CREDITS = "stop_credits"
    REFUSED = "refused"
    NO_MODEL_LEFT = "no_model_left"
    OUT_OF_TIME = "out_of_time"
    UNREADABLE = "unreadable"


_ENDS = {
    Outcome.UNAUTHENTICATED: Why.STOP_KEY,
    Outcome.NO_CREDITS: Why.STOP_CREDITS,
    Outcome.REFUSED: Why.REFUSED,
}


@dataclass(frozen=True, slots=True)
class GiveUp:
    why: Why
    detail: str


def next_move(
    attempts: Sequence[Attempt],
    models: Sequence[str],
    *,
    seconds_left: float,
    chance: float,
) -> Ask | GiveUp:
    """What to do after these attempts, none of which brought an answer that can be used.

    `models` are asked in their order. `chance`, from 0 to 1, is the draw of the full jitter: a wait
    is that share of its bound, which doubles each time, and never less than the server asks for.
    """
    if not attempts:
        is_late = seconds_left <= 0.0
        return GiveUp(Why.OUT_OF_TIME, "no time is left") if is_late else Ask(models[0])
    last = attempts[-1]
    if last.outcome in _ENDS:
        return GiveUp(_ENDS[last.outcome], last.detail)
    if seconds_left <= 0.0:
        return GiveUp(Why.OUT_OF_TIME, last.detail)
    if last.outcome in UNUSABLE:
        unusable = sum(each.outcome in UNUSABLE for each in attempts)
        once_more = unusable < MOST_UNUSABLE
        return Ask(last.requested_model) if once_more else GiveUp(Why.UNREADABLE, last.detail)
    on_this = sum(each.requested_model == last.requested_model for each in attempts)
    if last.outcome in _AGAIN and on_this < MOST_ON_ONE_MODEL:
        wait = _wait_s(on_this, last, chance)
        in_time = wait < seconds_left
        return Ask(last.requested_model, wait) if in_time else GiveUp(Why.OUT_OF_TIME, last.detail)
    return _next_model(last, models)


def _wait_s(failures: int, last: Attempt, chance: float) -> float:
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (failures - 1))
    return max(chance * bound, last.retry_after_s or 0.0)


def _next_model(last: Attempt, models: Sequence[str]) -> Ask | GiveUp:
    """The one after the model that was asked last."""
    following = list(models).index(last.requested_model) + 1
    if following < len(models):
        return Ask(models[following])
    return GiveUp(Why.NO_MODEL_LEFT, last.detail)
