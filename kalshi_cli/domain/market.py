"""Series, events and markets: the exchange's three levels, and a market's life.

initialized -> active <-> inactive -> closed -> determined (-> disputed -> amended) -> finalized.
Source: Kalshi's market lifecycle page; `closed` may re-open when the close time moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts, Price


class MarketStatus(StrEnum):
    """The status field of a market. The exchange's *filter* words are others: see `FILTER_OF`."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"


_S = MarketStatus
FILTER_OF: Mapping[MarketStatus, str] = MappingProxyType(
    {
        _S.INITIALIZED: "unopened",
        _S.ACTIVE: "open",
        _S.INACTIVE: "paused",
        _S.CLOSED: "closed",
        _S.DETERMINED: "closed",
        _S.DISPUTED: "closed",
        _S.AMENDED: "closed",
        _S.FINALIZED: "settled",
    }
)


class Result(StrEnum):
    """How a market ended. `scalar` pays YES `settlement_value` and NO the rest."""

    YES = "yes"
    NO = "no"
    SCALAR = "scalar"


def payout(result: Result, settlement_value: Price | None) -> Price | None:
    """Dollars a YES contract pays; None when a scalar result comes without its value."""
    if result is Result.SCALAR:
        return settlement_value
    return ONE_DOLLAR if result is Result.YES else ZERO_PRICE


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring question; it carries the category and the fee terms."""

    ticker: str
    title: str
    category: str
    fees: FeeTerms
    frequency: str = ""
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One occasion of a series, with one or more markets.

    `mutually_exclusive` promises at most one YES, not that one of the markets wins.
    `fees` overrides the series' terms where the exchange says so.
    """

    event_ticker: str
    series_ticker: str
    title: str
    sub_title: str = ""
    category: str = ""
    mutually_exclusive: bool = False
    fees: FeeTerms | None = None
    strike_us: int | None = None
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class Market:
    """One YES/NO question. Times are market time in microseconds.

    `grid` is None where the price structure cannot be represented: such a market is untradable.
    `floor_strike` and `cap_strike` are kept as the exchange's numbers, in text.
    """

    ticker: str
    event_ticker: str
    title: str
    status: MarketStatus
    open_us: int
    close_us: int
    latest_expiration_us: int
    grid: PriceGrid | None
    expected_expiration_us: int | None = None
    strike_type: str = ""
    floor_strike: str | None = None
    cap_strike: str | None = None
    rules_primary: str = ""
    rules_secondary: str = ""
    can_close_early: bool = False
    settlement_timer_s: int = 0
    settlement_bounds_type: str = "default"
    fee_waiver_expires_us: int | None = None
    result: Result | None = None
    settlement_value: Price | None = None
    settlement_us: int | None = None
    exchange_index: int = 0
    updated_us: int | None = None

    @property
    def expires_us(self) -> int:
        """When the answer is expected: `expected_expiration_time`, else `close_time`."""
        return self.close_us if self.expected_expiration_us is None else self.expected_expiration_us

    @property
    def payout(self) -> Price | None:
        """Dollars a YES contract pays; None until determined."""
        return None if self.result is None else payout(self.result, self.settlement_value)


@dataclass(frozen=True, slots=True)
class Quote:
    """Top of the book as the market list tells it (up to 15 s old at the exchange).

    A side is None where it has no size. `last` is None where nothing has traded.
    """

    ticker: str
    bid: Level | None
    ask: Level | None
    last: Price | None
    volume: Contracts
    volume_24h: Contracts
    open_interest: Contracts
    at_us: int

    @property
    def spread(self) -> Price | None:
        """Ask minus bid in dollars; None where a side is missing."""
        return None if self.bid is None or self.ask is None else self.ask.price - self.bid.price


@dataclass(frozen=True, slots=True)
class Listing:
    """A market and its quote, as the exchange lists them together.

    `fingerprint` tells one wording of the exchange's answer from another; None where there was
    none.
    """

    market: Market
    quote: Quote
    fingerprint: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Trade:
    """A public print. `taker_side` is the YES-book side of the taker."""

    trade_id: str
    ticker: str
    price: Price
    count: Contracts
    taker_side: str
    at_us: int
