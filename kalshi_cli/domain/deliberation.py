"""Asking a language model: roles, prompts, and what became of each call."""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.money import AiCost


class Role(StrEnum):
    """Who is asked."""

    FORECASTER = "forecaster"
    CRITIC = "critic"
    TRADER = "trader"
    ALL_IN_ONE = "all_in_one"
    """The three of them in one question."""


@dataclass(frozen=True, slots=True)
class Template:
    """The instructions of a role, as a person may edit them. `version` is a hash of the text."""

    role: Role
    text: str
    version: str


XAI = "xai"
"""The provider whose models are meant by their names; what another one serves carries its name."""
WEB_SEARCH, X_SEARCH = "web_search", "x_search"


@dataclass(frozen=True, slots=True)
class Research:
    """What a model may look up at its provider before it answers, each search for money."""

    tools: tuple[str, ...]
    most_searches: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question to a model. `schema` is the JSON Schema, as text, of the answer asked for.

    `system` never changes between questions of a role, so that providers can cache it. `research`
    is None where nothing may be looked up.
    """

    role: Role
    version: str
    system: str
    user: str
    schema: str
    research: Research | None = None


class Outcome(StrEnum):
    """How one call ended, in words that say what may be done about it."""

    ANSWERED = "answered"
    CUT = "cut"
    """The answer is longer than it may be, and ends in the middle."""
    EMPTY = "empty"
    UNUSABLE = "unusable"
    """It answered, and not what was asked for."""
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    TIMED_OUT = "timed_out"
    """It may have been answered, and billed, without anybody to hear it."""
    UNKNOWN = "unknown"
    """It was sent, and then the server or the connection broke: it may be billed."""
    BROKEN = "broken"
    """What speaks to the provider failed in a way that nobody foresaw: it may be billed."""
    MODEL_GONE = "model_gone"
    NO_CREDITS = "no_credits"
    UNAUTHENTICATED = "unauthenticated"
    REFUSED = "refused"
    """The provider calls the request itself wrong: the same one would be refused again."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `reasoning` are billed as completion and not among `completion`.

    `searches` were made at the provider; each is billed beside the tokens that it brought.
    """

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    reasoning: int = 0
    searches: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a provider, as it ended. `served_model` is empty where nobody answered.

    `cost` is what the server says; None where it says nothing, and then it is estimated from the
    price of `served_model`. `retry_after_s` is the server's own advice. `citations` are addresses
    of what was looked up, as others wrote them.
    """

    requested_model: str
    served_model: str
    outcome: Outcome
    text: str
    detail: str
    usage: Usage
    cost: AiCost | None
    latency_ms: int
    retry_after_s: float | None = None
    citations: tuple[str, ...] = ()
