"""Whoever gives a probability."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Skipped:
    """A market that got no forecast: a stable code, and what there is to say about it."""

    ticker: str
    code: str
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
