"""Rows about orders, what they were filled, what is held, and what was not traded.

See `ports.reports`.
"""

from dataclasses import dataclass

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import Mark
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import Fill, OrderState, Pending, Purpose, TimeInForce
from kalshi_cli.domain.position import RoundTrip
from kalshi_cli.domain.side import Outcome, Side
from kalshi_cli.domain.stop import Stop
from kalshi_cli.exits._base import ExitPlan


@dataclass(frozen=True, slots=True)
class PositionRow:
    """What one owner holds, in the terms of the outcome held.

    `average` is dollars a contract of that outcome, `mark` what the whole position is worth by the
    newest quote (of `quoted_us`; None where the market was never quoted), of which `bid` and `ask`
    are what others want. `realized` is what was
    earned on what was sold of it since it was opened, before `fees`, which are all since then:
    earlier trips are none of it. `net` is what it has earned by now, with `unrealized` and less
    fees: all of these and the profit of all round trips are the change of equity. `payout` is
    dollars a YES contract once the result is known. `plan` is how it is to be left, and `leave_us`
    when at the latest, by the close as it is scheduled now; None where time is no reason.
    """

    ticker: str
    title: str
    event_ticker: str
    category: str
    owner: str
    outcome: Outcome
    count: Contracts
    average: Money | None
    cost: Money
    mark: Mark
    unrealized: Money
    realized: Money
    fees: Money
    net: Money
    bid: Level | None
    ask: Level | None
    quoted_us: int | None
    status: MarketStatus | None
    payout: Price | None
    opened_us: int | None
    plan: ExitPlan | None = None
    leave_us: int | None = None

    @property
    def outcome_bid(self) -> Price | None:
        """The best price bid for the outcome held, by the newest quote."""
        if self.outcome is Outcome.YES:
            return None if self.bid is None else self.bid.price
        return None if self.ask is None else self.ask.price.complement


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One journalled order; `limit` is the YES price."""

    client_order_id: str
    order_id: str | None
    run_id: str
    strategy: str
    ticker: str
    event_ticker: str
    purpose: Purpose
    side: Side
    limit: Price
    count: Contracts
    filled: Contracts
    time_in_force: TimeInForce
    post_only: bool
    state: OrderState
    pending: Pending
    fair: float | None
    forecast_id: str | None
    reason: str
    message: str
    created_us: int
    updated_us: int
    expires_us: int | None


@dataclass(frozen=True, slots=True)
class FillRow:
    """One execution. `client_order_id` and `purpose` are the order's; None where it is foreign."""

    fill: Fill
    owner: str
    client_order_id: str | None
    purpose: Purpose | None


@dataclass(frozen=True, slots=True)
class RoundTripRow:
    """A closed trade with its market's title; `pnl` is net of fees."""

    trip: RoundTrip
    title: str
    pnl: Money


@dataclass(frozen=True, slots=True)
class DenialRow:
    """Which control refused an order, with its number against its limit.

    `side`, `price` (YES) and `count` are what was wanted; None where a store of an older program
    did not keep them.
    """

    run_id: str
    strategy: str
    ticker: str
    purpose: str
    code: str
    detail: str
    value: str
    limit: str
    at_us: int
    side: Side | None
    price: Price | None
    count: Contracts | None
    forecast_id: str | None


@dataclass(frozen=True, slots=True)
class StopRow:
    """What stopped a market in the newest pass of a strategy, and which pass that was."""

    stop: Stop
    run_id: str
    at_us: int


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """How many markets the newest pass counted under a name, most first."""

    run_id: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """What one owner earned. `realized` and `unrealized` are before `fees`; `net` after.

    `won` counts round trips with a profit after fees.
    """

    strategy: str
    open_positions: int
    live_orders: int
    fills: int
    round_trips: int
    won: int
    realized: Money
    unrealized: Money
    fees: Money
    net: Money
    denials: int = 0

    @staticmethod
    def nothing_yet(strategy: str) -> "StrategyRow":
        """Of one that has no record."""
        return StrategyRow(strategy, 0, 0, 0, 0, 0, NO_MONEY, NO_MONEY, NO_MONEY, NO_MONEY)
