"""What a filter answers, and for how long the answer holds."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from kalshi_cli.domain.market import Event, Market, Quote

FOREVER = 2**63 - 1
"""An instant that never comes, and still a BIGINT."""


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


class Verdict(NamedTuple):
    """What became of a market: the code of the filter that dropped it, None where it is eligible.

    It holds before `holds_until_us` while market, event and quote read the same. `screened_by` is
    the mark of the filters that were asked.
    """

    screened_by: int
    dropped_by: str | None
    holds_until_us: int


class Filter(ABC):
    """Pure, and total on odd books. Filters run by `rank`; a market counts under the first.

    What its `code` means the docstrings of its file say, and `remedy` what a person may do.
    """

    code: ClassVar[str]
    remedy: ClassVar[str]
    rank: ClassVar[int]

    @property
    def keeps_all(self) -> bool:
        """Whether its parameters let it drop nothing: then it need not be asked."""
        return False

    @abstractmethod
    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        """None to keep the market."""

    def holds_until(self, subject: Subject, quote: Quote, now_us: int) -> int:
        """The first instant after `now_us` at which time alone may make the answer another.

        A filter that looks at `now_us` says when; one that does not answers the same for ever.
        """
        return FOREVER
