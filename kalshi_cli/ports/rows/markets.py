"""Rows about markets, their tape, what was forecast of them, and how that was scored.

See `ports.reports`.
"""

from dataclasses import dataclass

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.forecast import Forecast, Probability
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import AiCost, Contracts, Money, Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class TapeRow:
    """One event of money: a fill, a settlement or a cash movement.

    `kind` is `fill`, `settlement`, or the kind of cash movement. `cash` is the change of cash, fee
    included; `balance` the cash derived after it. `side`, `price` and `count` are a fill's, and
    `purpose` is its order's, None where that is foreign; of a settlement `price` is what a YES
    contract paid and `count` the net position.
    """

    at_us: int
    kind: str
    reference: str
    ticker: str | None
    owner: str | None
    side: Side | None
    purpose: Purpose | None
    price: Price | None
    count: Contracts | None
    fee: Money
    cash: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class MarketRow:
    """A market with its newest quote. `bid`, `ask`, `last` are None where there is none."""

    ticker: str
    title: str
    event_ticker: str
    series_ticker: str
    category: str
    status: MarketStatus
    bid: Level | None
    ask: Level | None
    last: Price | None
    volume: Contracts
    volume_24h: Contracts
    open_interest: Contracts
    quoted_us: int
    close_us: int
    expires_us: int
    result: Result | None
    payout: Price | None


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """A forecast, the quote recorded for that decision, and how the market ended where it has."""

    forecast: Forecast
    title: str
    bid: Level | None
    ask: Level | None
    result: Result | None
    payout: Price | None


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A forecast of a market whose result is known. `payout` is dollars a YES contract.

    `is_first` marks the earliest forecast of this market by this forecaster's model.
    """

    forecast_id: str
    ticker: str
    event_ticker: str
    category: str
    forecaster: str
    model: str
    label: str
    made_us: int
    close_us: int
    probability: Probability
    low: Probability
    high: Probability
    market: Probability | None
    blended: Probability | None
    cost: AiCost
    decision_id: str
    variant: str
    payout: Price
    is_first: bool
