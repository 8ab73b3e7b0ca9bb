"""What a person may look up in the store: rows for `inspect`, `status` and `evaluate`.

Read only, straight from columns into the rows of `ports.rows`: nothing here is ever written back.
Amounts are exact, instants market time in microseconds unless they say wall. A filter left at
None does not filter; `since_us` includes its instant; rows come newest first unless a method says
otherwise, and `limit` keeps the newest ones. All methods raise `StoreUnusable` when the
database cannot be read.
"""

from collections.abc import Collection
from typing import Literal, Protocol

from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.stop import StopDay
from kalshi_cli.domain.trail import OrderEvent
from kalshi_cli.ports.rows.ai import AiCallRow, AiCallTexts, AiCostRow, SaidRow
from kalshi_cli.ports.rows.desk import DeskSummary, LimitChangeRow, RunRow
from kalshi_cli.ports.rows.markets import AnalysisRow, MarketRow, ScoredRow, TapeRow
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FillRow,
    FunnelRow,
    OrderRow,
    PositionRow,
    RoundTripRow,
    StopRow,
    StrategyRow,
)

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
