"""What a strategy sees and says."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms, LaterTerms, terms_by
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import Event, Market, Quote, Trade
from kalshi_cli.domain.markout import Markout
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.domain.trial import HitRate, Trial


@dataclass(frozen=True, slots=True)
class Candidate:
    """One eligible market: its quote, the newest usable forecast, and what this strategy holds.

    `fees` are the terms in force and known, `later_fees` what is announced to follow them.
    `is_working` tells of a live order of this strategy, `orders` are these, and `is_taken` tells
    that another strategy owns the market. `book` (ours left out) and `trades` (public prints of the
    last hours, newest first) are there where the strategy `watches` it and they could be read.
    """

    event: Event
    market: Market
    quote: Quote
    fees: FeeTerms
    forecast: Forecast | None
    held: Contracts
    is_working: bool
    orders: tuple[Order, ...] = ()
    is_taken: bool = False
    incentives: tuple[IncentiveProgram, ...] = ()
    book: OrderBook | None = None
    trades: tuple[Trade, ...] | None = None
    later_fees: tuple[LaterTerms, ...] = ()

    def fees_by(self, until_us: int) -> FeeTerms:
        """The dearest terms, and known ones, of what may trade until then."""
        return terms_by(self.fees, self.later_fees, until_us)


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may know, as of `now_us` (market time).

    `bankroll` is what shares are shares of; `markouts` are those of this strategy's own quotes. In
    the `dropped` markets, which a filter leaves out, it holds something and may only quote it away.
    `hit_rates` are what its signals came to so far, and `trying` the events in which a trial of
    its own is under way.
    """

    now_us: int
    candidates: tuple[Candidate, ...]
    bankroll: Money = NO_MONEY
    markouts: tuple[Markout, ...] = ()
    dropped: tuple[Candidate, ...] = ()
    hit_rates: Mapping[str, HitRate] = field(default_factory=dict)
    trying: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why a strategy proposes nothing in a market: a stable code, its number and its limit.

    Both are texts of the same unit, empty where nothing was counted: how far a number is from its
    limit ranks the near misses.
    """

    ticker: str
    code: str
    detail: str
    value: str = ""
    limit: str = ""


UNREAD = "UNREAD"
"""The code where a market that is watched has no book or no tape."""


class Strategy(ABC):
    """Proposes; never sizes, never sends. The same view gives the same answer."""

    name: ClassVar[str]

    @abstractmethod
    def propose(self, view: View) -> tuple[Proposal | Abstention, ...]:
        """The trades worth considering now; and of the other markets the first thing that is
        against each. It need not tell of all, but only what it tells can be shown by `why`.
        """

    def watches(self, view: View) -> tuple[str, ...]:
        """The markets whose book and tape are to be read before it proposes: each is a request."""
        return ()

    @property
    def tape_us(self) -> int:
        """How far back it looks in a tape, in microseconds; a page of prints at most."""
        return 6 * HOUR

    def tries(self, view: View) -> tuple[Trial, ...]:
        """The signals that it gives now, to be judged by what follows, whether it trades or not:
        one an event, and none in an event that it is `trying` already.
        """
        return ()

    def withdraws(self, quote: Order, book: OrderBook | None) -> str:
        """Why a quote of its own is to go at once, whatever it would propose; empty to leave it.

        Asked at every change of a book, ours left out, which is None where it is not known.
        """
        return ""
