"""The exchange's stream: what happens in followed markets and in the account, as it happens.

A stream tells at least once and in no order across kinds: fills are known by their id, orders by
their filled count, positions are a hint. What it cannot tell, it says: a book that can no longer be
believed is a `BookLost`, and a `Resync` names the read that is due because events may be missing.
A slow consumer costs no memory: books and quotes are told as they stand when they are taken, and
trades, account events and market changes that pile up beyond a bound become a `Resync`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.market import Result, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.ports.exchange import Unusable


@dataclass(frozen=True, slots=True)
class Link:
    """The connection itself. `heard_us` is the last sign of life, in market time; `reason` says why
    it is down.
    """

    connected: bool
    heard_us: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BookLost:
    """A followed book is unknown until its next snapshot. No side of it exists meanwhile."""

    ticker: str
    reason: str


@dataclass(frozen=True, slots=True)
class StreamQuote:
    """Top of the book as the ticker channel tells it; it knows no 24-hour volume.

    A side is None where it has no size, `last` where nothing has traded.
    """

    ticker: str
    bid: Level | None
    ask: Level | None
    last: Price | None
    volume: Contracts
    open_interest: Contracts
    at_us: int


class Change(StrEnum):
    """What happened to a market. The exchange tells neither its opening nor its close."""

    CREATED = "created"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    CLOSE_DATE_UPDATED = "close_date_updated"
    DETERMINED = "determined"
    SETTLED = "settled"
    PRICE_LEVEL_STRUCTURE_UPDATED = "price_level_structure_updated"
    METADATA_UPDATED = "metadata_updated"


@dataclass(frozen=True, slots=True)
class MarketChange:
    """A step in a market's life, with what that step tells and nothing more."""

    ticker: str
    change: Change
    close_us: int | None = None
    result: Result | None = None
    settlement_value: Price | None = None
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class EventFees:
    """An event's own fee terms; None where it has its series' terms again."""

    event_ticker: str
    fees: FeeTerms | None


class Read(StrEnum):
    """What is to be read over REST, because the stream does not repeat what it has told."""

    ORDERS = "orders"
    FILLS = "fills"
    POSITIONS = "positions"
    MARKETS = "markets"
    TRADES = "trades"


@dataclass(frozen=True, slots=True)
class Resync:
    """A read that is due; what happens from now on is told.

    `ticker` is empty where all are meant. Nothing is missing before `since_us` (market time); None
    means that nothing was told yet.
    """

    read: Read
    ticker: str
    since_us: int | None
    reason: str


StreamEvent = (
    Link
    | OrderBook
    | BookLost
    | StreamQuote
    | Trade
    | Fill
    | OrderReport
    | ExchangePosition
    | MarketChange
    | EventFees
    | Unusable
    | Resync
)


class Stream(Protocol):
    """An open stream. It reconnects by itself, for as long as it is open."""

    @property
    def link(self) -> Link: ...

    @property
    def tally(self) -> Mapping[str, int]:
        """How often what came: frames by type, gaps, and what was refused or not understood."""
        ...

    def follow(self, tickers: Collection[str]) -> None:
        """Tell of these markets too: their books, quotes and trades."""
        ...

    def unfollow(self, tickers: Collection[str]) -> None:
        """Tell of these markets no more."""
        ...

    def book(self, ticker: str) -> OrderBook | None:
        """A followed market's book as it stands; None while it is unknown.

        Its `at_us` is the last sign of life of the connection: until then nothing else happened.
        """
        ...

    async def take(self) -> tuple[StreamEvent, ...]:
        """What has happened since the last call, at least one event; waits where there is none.

        Raises `ConfigError` where the exchange refuses the key, before anything was heard.
        """
        ...
