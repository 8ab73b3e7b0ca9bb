"""Whoever gives a probability."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kalshi_cli.domain.code import Code
from kalshi_cli.domain.deliberation import Prompt
from kalshi_cli.domain.forecast import Forecast, Judgement
from kalshi_cli.domain.market import Event, Listing
from kalshi_cli.domain.money import NO_COST, AiCost, Contracts
from kalshi_cli.ports.store import Write


@dataclass(frozen=True, slots=True)
class Question:
    """One event and those of its markets that want a forecast, as of `now_us`.

    `held` are signed YES contracts of the desk by ticker, where there are any; `standing` forecasts
    by ticker that are fresh enough to trade on. Whoever is asked should be done by `until_wall_us`
    (real time), and begin nothing more once `stopping`. What is left to put on record at the end
    goes to `behind`, where it is given: that writes it before all that is asked for later, and
    nobody waits.
    """

    event: Event
    category: str
    listings: tuple[Listing, ...]
    now_us: int
    held: Mapping[str, Contracts] = field(default_factory=dict)
    standing: Mapping[str, Forecast] = field(default_factory=dict)
    until_wall_us: int | None = None
    stopping: Callable[[], bool] = lambda: False
    behind: Callable[[Write], None] | None = None


class Skip(Code):
    """Forecasting."""

    NO_QUOTE = (
        "NO_QUOTE",
        "no quote of this moment, or no longer active",
        "wait until it is quoted",
    )
    NOT_ACTIVE = ("NOT_ACTIVE", "the market does not trade", "nothing")
    CLOSES_SOON = (
        "CLOSES_SOON",
        "too soon to pay for",
        "lower ai.min_hours_to_close, or name the market: `kalshi analyze TICKER`",
    )
    COOLDOWN = (
        "COOLDOWN",
        "asked recently",
        "wait, lower ai.analysis_cooldown_hours, or name the market: `kalshi analyze TICKER`",
    )
    DAILY_CAP = (
        "DAILY_CAP",
        "asked as often today as it may be",
        "wait for 00:00 UTC, or raise ai.max_analyses_per_day",
    )
    HALT_STATE = (
        "HALT_STATE",
        "no forecast of it leads to an order while the desk is halted, flattens or reduces",
        "`kalshi resume`, or name the market: `kalshi analyze TICKER`",
    )
    UNCHANGED = (
        "UNCHANGED",
        "it would be asked from the same as before: the earlier forecast stands",
        "nothing",
    )
    NEXT_ROUND = (
        "NEXT_ROUND",
        "the time of this round was over; the next one asks",
        "nothing, or raise ai.round_seconds",
    )
    STOPPED = (
        "STOPPED",
        "a stop was asked for: nothing more is asked, and what was under way may be given up",
        "nothing; what was given up counts as spent",
    )
    ABSTAINED = (
        "ABSTAINED",
        "whoever was asked gave no probability",
        "`kalshi inspect llm --market TICKER`; the baseline needs both sides quoted",
    )
    AI_BUDGET = (
        "AI_BUDGET",
        "the AI budget of the day is spent or set aside",
        "wait for 00:00 UTC of real time, or raise ai.daily_ai_budget",
    )
    AI_DECISION_BUDGET = (
        "AI_DECISION_BUDGET",
        "the next call may cost more than is left for one event",
        "raise ai.max_ai_cost_per_decision, or lower ai.ai_max_tokens",
    )
    AI_CREDITS = (
        "AI_CREDITS",
        "xAI has no credits left for this key; it is asked tomorrow",
        "add credits at console.x.ai",
    )
    AI_KEY = ("AI_KEY", "xAI refuses the key", "set XAI_API_KEY to a key of console.x.ai")
    AI_REFUSED = (
        "AI_REFUSED",
        "xAI refuses this question",
        "`kalshi inspect llm --market TICKER` has it, and the reason",
    )
    AI_UNAVAILABLE = (
        "AI_UNAVAILABLE",
        "no model answered in time",
        "wait; `kalshi doctor` says whether xAI can be reached",
    )
    AI_UNREADABLE = (
        "AI_UNREADABLE",
        "no answer could be used, asked for twice",
        "`kalshi inspect llm --market TICKER` has every word",
    )
    AI_LEGS = (
        "AI_LEGS",
        "its event has more markets than are asked about at once",
        "nothing: the others of its event are asked about",
    )
    AI_STOPPED = (
        "AI_STOPPED",
        "nothing is asked any more after a stop, or once the key or its credits failed",
        "run it again once that is mended",
    )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A market that got no forecast: the code, and what there is to say about it."""

    ticker: str
    code: Skip
    detail: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a question. `spent` counts whatever was paid, for judgements or for none.

    `unchanged` are markets whose standing forecast was asked from the same: nobody asked again.
    """

    judgements: tuple[Judgement, ...]
    abstained: tuple[Skipped, ...] = ()
    spent: AiCost = NO_COST
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A call to a language model as it would be made; `estimate` is what would be set aside."""

    prompt: Prompt
    model: str
    estimate: AiCost


class Forecaster(Protocol):
    """Judges all wanted markets of an event at once. `label` is shown wherever results are.

    `at_once` is how many questions may be asked side by side.
    """

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def at_once(self) -> int: ...

    async def judge(self, question: Question) -> Judged:
        """Judgements for some or all of the markets asked about; silence is an abstention too."""
        ...

    def preview(self, question: Question) -> tuple[Planned, ...]:
        """The calls that a question would begin with: those that wait for no answer.

        Empty where no language model is asked.
        """
        ...
