"""What a filter answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Event, Market, Quote


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a market was dropped: the filter's stable code, and its numbers for people."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A market with the event and category it belongs to."""

    market: Market
    event: Event
    category: str


class Filter(ABC):
    """Pure, and total on odd books. Filters run by `rank`; a market counts under the first."""

    code: ClassVar[str]
    rank: ClassVar[int]

    @abstractmethod
    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        """None to keep the market."""
