"""What an exit sees and answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.code import Code
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.position import Position


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """What was decided at entry about leaving, in the terms of the outcome held.

    `peak` is the best price bid for it since entry, which the trail of the `levels` follows.
    `asked_stop` and `asked_trail` are what was asked for where something farther stands, or nothing
    could. `entry_probability` is the chance of YES that the forecaster told, `entry_fair` the
    blended one.
    """

    ticker: str
    owner: str
    levels: Levels
    made_us: int
    entry_confidence: float | None = None
    entry_fair: float | None = None
    entry_probability: float | None = None
    peak: Price | None = None
    asked_stop: Price | None = None
    asked_trail: Price | None = None

    def seeing(self, bid: Price | None) -> "ExitPlan":
        """The plan once this was bid for the outcome held: its peak only rises."""
        if self.levels.trail is None or bid is None or (self.peak is not None and bid <= self.peak):
            return self
        return replace(self, peak=bid)

    @property
    def is_on_forecast(self) -> bool:
        """Whether it was entered on a forecast."""
        return self.entry_confidence is not None

    def leaves_us(self, close_us: int | None) -> int | None:
        """When it is left at the latest, for the time alone: the sooner of its longest hold and so
        long before this close, where that is known, and never later than this; None where time is
        no reason.
        """
        before, by = self.levels.before_close_us, self.levels.leave_by_us
        close = None if by is None else close_us
        ahead = None if before is None or close_us is None else close_us - before
        ends = (by, ahead, close)
        return min((each for each in ends if each is not None), default=None)

    @property
    def trailing_level(self) -> Price | None:
        """The bid at which a trailing stop leaves; None without one, or before any bid was seen."""
        trail = self.levels.trail
        return None if trail is None or self.peak is None else self.peak - trail


@dataclass(frozen=True, slots=True)
class Venue:
    """Where a position may be left now: the book without our own orders, what a sale is charged,
    when the market closes, and what a YES contract pays, once that is known.
    """

    book: OrderBook
    fees: FeeTerms
    close_us: int
    payout: Price | None = None


class Asked(Code):
    """A person."""

    FLATTEN = ("FLATTEN", "the desk is told to flatten", "`kalshi resume` ends that")
    BY_HAND = ("BY_HAND", "closed by hand", "nothing: `kalshi close` did")


@dataclass(frozen=True, slots=True)
class ExitReason:
    """Why to leave: the exit's stable code, and its numbers for people.

    `least` is the lowest price of the outcome held at which it still is one; None where any is. An
    exit that rests at no more than that is the exit already; one that waits for more gives way.
    Where it is not `for_sale`, nothing is sent: the exchange pays.
    """

    code: str
    detail: str
    least: Price | None = None
    for_sale: bool = True


class Exit(ABC):
    """Pure. Never fires on a flat position; without a price on the side needed it says nothing.

    What its `code` means the docstrings of its file say, and `remedy` what a person may do.
    """

    code: ClassVar[str]
    remedy: ClassVar[str]
    rank: ClassVar[int]

    @abstractmethod
    def check(
        self,
        position: Position,
        plan: ExitPlan,
        forecast: Forecast | None,
        venue: Venue,
        now_us: int,
    ) -> ExitReason | None:
        """A reason to leave now, or None."""
