"""What a strategy sees and says."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.market import Event, Market, Quote
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Candidate:
    """One eligible market: its quote, the newest usable forecast, and what this strategy holds.

    `fees` are the terms in force and known. `is_working` tells of a live order of this strategy.
    """

    event: Event
    market: Market
    quote: Quote
    fees: FeeTerms
    forecast: Forecast | None
    held: Contracts
    is_working: bool


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may know, as of `now_us` (market time)."""

    now_us: int
    candidates: tuple[Candidate, ...]


class Strategy(ABC):
    """Proposes; never sizes, never sends. The same view gives the same proposals."""

    name: ClassVar[str]

    @abstractmethod
    def propose(self, view: View) -> tuple[Proposal, ...]:
        """The trades worth considering now."""
