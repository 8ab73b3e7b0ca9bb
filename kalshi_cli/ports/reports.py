"""What a person may look up in the store: rows for `inspect`, `status` and `evaluate`.

Read only, straight from columns into these rows: nothing here is ever written back. Amounts are
exact, instants market time in microseconds unless they say wall. A filter left at None does not
filter; `since_us` includes its instant; rows come newest first unless a method says otherwise, and
`limit` keeps the newest ones. All methods raise `StoreUnusable` when the database cannot be read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.forecast import Forecast, Probability
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.marks import Mark
from kalshi_cli.domain.money import AiCost, Contracts, Money, Price
from kalshi_cli.domain.order import Fill, OrderState, Pending, Purpose, TimeInForce
from kalshi_cli.domain.position import RoundTrip
from kalshi_cli.domain.side import Outcome, Side
from kalshi_cli.domain.stop import Stop, StopDay
from kalshi_cli.domain.trail import OrderEvent
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.ports.store import Snapshot


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
class RunRow:
    """One invocation of a command that writes. Without an end it is running, or was killed."""

    run_id: str
    number: int
    command: str
    started_us: int
    started_wall_us: int
    ended_us: int | None
    ended_wall_us: int | None
    reason: str | None


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


@dataclass(frozen=True, slots=True)
class LimitChangeRow:
    """A change of a limit; `old` is None where it was recorded for the first time.

    `at_us` is market time, `changed_wall_us` real time.
    """

    name: str
    old: str | None
    new: str
    who: str
    why: str
    run_id: str
    at_us: int
    changed_wall_us: int


@dataclass(frozen=True, slots=True)
class AiCallRow:
    """A call to a language model. `cost` is None while it is in flight, or its process is dead.

    `form` is how its answer could be read, None where it could not; `reason` then says why.
    `provider` is who was asked (`xai`, or what stands in for it; empty where nobody noted it),
    `tools` what it might look up there, and `searches` how often it did.
    """

    call_id: str
    decision_id: str
    run_id: str
    event_ticker: str
    role: str
    prompt_version: str
    requested_model: str
    served_model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    reserved: AiCost
    cost: AiCost | None
    cost_source: str
    latency_ms: int | None
    outcome: str
    form: str | None
    reason: str
    provider: str
    tools: str
    searches: int
    called_us: int
    called_wall_us: int


@dataclass(frozen=True, slots=True)
class AiCallTexts:
    """A call with every word of it; None for a text that was not kept any longer, or never came.

    `parsed` is what its answer says, None where it could not be used. `citations` are addresses
    that it gives for what it looked up.
    """

    call: AiCallRow
    system: str | None
    user: str | None
    answer: str | None
    parsed: Mapping[str, Any] | None
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AiCostRow:
    """Calls of one role to one model about one event on one asking; what is in flight costs what
    was set aside. `wall_day` counts UTC days since 1970, `model` is who was asked where nobody
    answered.
    """

    decision_id: str
    wall_day: int
    role: str
    model: str
    calls: int
    cost: AiCost


@dataclass(frozen=True, slots=True)
class SaidRow:
    """What one role said in one call, whose answer could be used, after so many `searches`.
    `parsed` is its JSON object.
    """

    decision_id: str
    role: str
    prompt_version: str
    served_model: str
    form: str
    called_wall_us: int
    searches: int
    parsed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """The desk on one screen.

    `cash` is derived from the ledger: None while that is empty and the account was never valued.
    `last_run` is the newest that began anything: a command that was asked for what there is not
    did nothing. `state_since_us` is None where market time was not known yet. `orders` are those
    that were sent, or may have been. `ai_cost` is all ever spent.
    """

    state: DeskState
    state_reason: str
    state_since_us: int | None
    cash: Money | None
    snapshot: Snapshot | None
    events: int
    markets: int
    markets_active: int
    forecasts: int
    markets_forecast: int
    orders: int
    live_orders: int
    unresolved_orders: int
    fills: int
    open_positions: int
    round_trips: int
    settlements: int
    denials: int
    ai_calls: int
    ai_cost: AiCost
    last_run: RunRow | None


Listed = Literal[
    "positions",
    "orders",
    "fills",
    "round_trips",
    "tape",
    "markets",
    "analyses",
    "runs",
    "denials",
    "limit_changes",
]
"""What is listed row by row, by the name of the method that lists it."""


class Reports(Protocol):
    async def how_many(
        self,
        listed: Listed,
        *,
        ticker: str | None = None,
        category: str | None = None,
        states: Collection[OrderState] | None = None,
        purposes: Collection[Purpose] | None = None,
    ) -> int:
        """How many rows a list has without a limit; a filter that a list does not have is None."""
        ...

    async def positions(
        self, *, ticker: str | None = None, owner: str | None = None, limit: int | None = None
    ) -> tuple[PositionRow, ...]:
        """Open positions, in ticker order; all where there is no `limit`."""
        ...

    async def orders(
        self,
        *,
        ticker: str | None = None,
        strategy: str | None = None,
        states: Collection[OrderState] | None = None,
        purposes: Collection[Purpose] | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[OrderRow, ...]: ...

    async def order(self, some_id: str) -> OrderRow | None:
        """The order with this client order id or exchange id."""
        ...

    async def order_events(self, client_order_id: str) -> tuple[OrderEvent, ...]:
        """What happened to an order, oldest first."""
        ...

    async def fills(
        self,
        *,
        ticker: str | None = None,
        owner: str | None = None,
        order_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[FillRow, ...]: ...

    async def round_trips(
        self,
        *,
        ticker: str | None = None,
        owner: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[RoundTripRow, ...]: ...

    async def tape(
        self,
        *,
        ticker: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[TapeRow, ...]: ...

    async def markets(
        self,
        *,
        ticker: str | None = None,
        event_ticker: str | None = None,
        category: str | None = None,
        statuses: Collection[MarketStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[MarketRow, ...]:
        """Markets by 24-hour volume, most first."""
        ...

    async def analyses(
        self,
        *,
        ticker: str | None = None,
        model: str | None = None,
        forecast_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[AnalysisRow, ...]: ...

    async def ai_calls(
        self,
        *,
        ticker: str | None = None,
        since_wall_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[AiCallRow, ...]:
        """Calls to language models, newest first; those about the event of a market."""
        ...

    async def ai_call(self, call_id: str) -> AiCallTexts | None: ...

    async def ai_costs(
        self, *, ticker: str | None = None, since_wall_us: int | None = None
    ) -> tuple[AiCostRow, ...]:
        """What was spent; on the event of a market where one is named."""
        ...

    async def ai_users(self) -> dict[str, frozenset[str]]:
        """The strategies that ordered something on a forecast, by the decision behind it."""
        ...

    async def said(self, decision_ids: Collection[str]) -> tuple[SaidRow, ...]:
        """What the roles said in these decisions, in the order they were asked."""
        ...

    async def runs(
        self,
        *,
        command: str | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> tuple[RunRow, ...]: ...

    async def denials(
        self,
        *,
        ticker: str | None = None,
        strategy: str | None = None,
        run_id: str | None = None,
        since_us: int | None = None,
        limit: int | None = None,
    ) -> tuple[DenialRow, ...]: ...

    async def funnel(self) -> tuple[FunnelRow, ...]:
        """The counts of the newest pass."""
        ...

    async def stops(
        self, *, ticker: str | None = None, strategy: str | None = None, limit: int | None = None
    ) -> tuple[StopRow, ...]:
        """Where markets came to their end in the newest pass of each strategy, in its order."""
        ...

    async def stop_days(self, *, since_day: int | None = None) -> tuple[StopDay, ...]:
        """How many did on each day, newest first. Those of `EVERY_MARKET` count each pass."""
        ...

    async def strategies(self) -> tuple[StrategyRow, ...]:
        """Profit and loss of each owner, in name order."""
        ...

    async def labels(self) -> tuple[tuple[str, str], ...]:
        """Forecasters on record, and what a person must know of each, in the alphabet's order."""
        ...

    async def scored(self, *, since_us: int | None = None) -> tuple[ScoredRow, ...]:
        """Forecasts of markets with a known payout, oldest first."""
        ...

    async def limit_changes(self, *, limit: int | None = None) -> tuple[LimitChangeRow, ...]:
        """Changes of limits, newest first."""
        ...

    async def summary(self) -> DeskSummary: ...
