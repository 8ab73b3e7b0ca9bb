"""Whoever gives a probability."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.forecast import Judgement
from kalshi_cli.domain.market import Event, Listing


@dataclass(frozen=True, slots=True)
class Question:
    """One event and those of its markets that want a forecast, as of `now_us`."""

    event: Event
    category: str
    listings: tuple[Listing, ...]
    now_us: int


class Forecaster(Protocol):
    """Judges all wanted markets of an event at once. `label` is shown wherever results are."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    def market_error(self, category: str) -> float | None:
        """The market's error in logits (sigma_m) that it weighs itself against in a category.

        None where the starting weight of AI models applies instead.
        """
        ...

    async def judge(self, question: Question) -> tuple[Judgement, ...]:
        """Judgements for some or all of the markets asked about; silence is an abstention."""
        ...
