"""The schema, as SQLModel tables on a metadata of their own. Nobody else may import this.

Every amount is BIGINT `*_units` (prices $0.0001, contracts 0.01, money $0.000001, AI cost 1e-10
USD), every instant BIGINT `*_us` (market time) or `*_wall_us` (real time). Keys are the exchange's
ids or our own text ids. `row_hash` tells an unchanged row without reading it. Alembic alone creates
these tables: a test compares them with what the migrations build.
"""

# ruff: noqa: ANN401 - SQLModel types its own Field as Any

from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Table, Text
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Record(SQLModel):
    metadata = MetaData(naming_convention=NAMES)
    # Rows are read and written by column: no table ever needs its validator built.
    model_config = {"defer_build": True}


def _big(*, key: bool = False, index: bool = False) -> Any:
    return Field(sa_type=BigInteger, primary_key=key, index=index)


def _maybe_big() -> Any:
    return Field(default=None, sa_type=BigInteger, nullable=True)


def _text() -> Any:
    return Field(sa_type=Text)


def _key(foreign_key: str | None = None) -> Any:
    return Field(primary_key=True, foreign_key=foreign_key)


def _id() -> Any:
    return Field(default=None, primary_key=True)


def _refers(target: str, *, index: bool = False) -> Any:
    return Field(foreign_key=target, index=index)


class SeriesRecord(Record, table=True):
    __tablename__ = "series"

    ticker: str = _key()
    title: str = _text()
    category: str
    fee_type: str
    fee_multiplier_units: int = _big()
    frequency: str
    exchange_index: int
    row_hash: int = _big()
    changed_us: int = _big()


class EventRecord(Record, table=True):
    __tablename__ = "events"

    event_ticker: str = _key()
    series_ticker: str = _refers("series.ticker", index=True)
    title: str = _text()
    sub_title: str = _text()
    category: str
    mutually_exclusive: bool
    fee_type: str | None
    fee_multiplier_units: int | None = _maybe_big()
    strike_us: int | None = _maybe_big()
    exchange_index: int
    row_hash: int = _big()
    changed_us: int = _big()


class MarketRecord(Record, table=True):
    """`grid` is JSON, [[start, end, step], ...] in price units; NULL where it is unusable."""

    __tablename__ = "markets"

    ticker: str = _key()
    event_ticker: str = _refers("events.event_ticker", index=True)
    title: str = _text()
    status: str = Field(index=True)
    open_us: int = _big()
    close_us: int = _big()
    latest_expiration_us: int = _big()
    grid: str | None
    expected_expiration_us: int | None = _maybe_big()
    strike_type: str
    floor_strike: str | None
    cap_strike: str | None
    rules_primary: str = _text()
    rules_secondary: str = _text()
    can_close_early: bool
    settlement_timer_s: int
    settlement_bounds_type: str
    fee_waiver_expires_us: int | None = _maybe_big()
    result: str | None
    settlement_value_units: int | None = _maybe_big()
    settlement_us: int | None = _maybe_big()
    exchange_index: int
    updated_us: int | None = _maybe_big()
    row_hash: int = _big()
    changed_us: int = _big()


class QuoteColumns(Record):
    """A side is NULL where it has no size."""

    bid_price_units: int | None = _maybe_big()
    bid_count_units: int | None = _maybe_big()
    ask_price_units: int | None = _maybe_big()
    ask_count_units: int | None = _maybe_big()
    last_price_units: int | None = _maybe_big()
    volume_units: int = _big()
    volume_24h_units: int = _big()
    open_interest_units: int = _big()


class QuoteRecord(QuoteColumns, table=True):
    __tablename__ = "quotes"

    ticker: str = _key("markets.ticker")
    at_us: int = _big()
    row_hash: int = _big()


class QuoteHistoryRecord(QuoteColumns, table=True):
    __tablename__ = "quote_history"

    ticker: str = _key("markets.ticker")
    at_us: int = _big(key=True)
    why: str = _key()


class FunnelRecord(Record, table=True):
    """`pass_number` counts the passes of a run."""

    __tablename__ = "funnel_counts"

    run_id: str = _key("runs.run_id")
    pass_number: int = _key()
    name: str = _key()
    count: int


class MarkerRecord(Record, table=True):
    __tablename__ = "markers"

    name: str = _key()
    instant_us: int = _big()


class ForecastRecord(Record, table=True):
    __tablename__ = "forecasts"
    __table_args__ = (Index(None, "ticker", "made_us"), Index(None, "made_us"))

    forecast_id: str = _key()
    run_id: str = _refers("runs.run_id")
    ticker: str = _refers("markets.ticker")
    event_ticker: str
    category: str
    forecaster: str
    model: str
    made_us: int = _big()
    probability: float
    low: float
    high: float
    logit_error: float
    weight: float
    market: float | None
    blended: float | None
    cost_units: int = _big()
    rationale: str = _text()
    label: str


class AiCallRecord(Record, table=True):
    __tablename__ = "ai_calls"

    call_id: str = _key()
    run_id: str = _refers("runs.run_id", index=True)
    ticker: str = Field(index=True)
    role: str
    requested_model: str
    served_model: str
    prompt_tokens: int
    completion_tokens: int
    cost_units: int = _big()
    latency_ms: int
    outcome: str = _text()
    called_wall_us: int = _big(index=True)


class DailyAiCostRecord(Record, table=True):
    """`wall_day` counts UTC days since 1970, in real time."""

    __tablename__ = "daily_ai_cost"

    wall_day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    calls: int
    cost_units: int = _big()


class OrderRecord(Record, table=True):
    """The journal. `entry_key` is set while an entry with a forecast is live, and never again."""

    __tablename__ = "orders"
    __table_args__ = (Index(None, "ticker", "created_us"), Index(None, "created_us"))

    client_order_id: str = _key()
    run_id: str = _refers("runs.run_id", index=True)
    sequence: int
    strategy: str
    ticker: str
    event_ticker: str
    side: str
    limit_price_units: int = _big()
    count_units: int = _big()
    time_in_force: str
    purpose: str
    reason: str = _text()
    post_only: bool
    reduce_only: bool
    fair: float | None
    forecast_id: str | None = Field(default=None, foreign_key="forecasts.forecast_id")
    expires_us: int | None = _maybe_big()
    exchange_index: int
    state: str = Field(index=True)
    pending: str
    order_id: str | None = Field(default=None, unique=True)
    filled_units: int = _big()
    message: str = _text()
    created_us: int = _big()
    updated_us: int = _big()
    entry_key: str | None = Field(default=None, unique=True)
    lease_token: str


class FillRecord(Record, table=True):
    """`order_id` is the exchange's: fills of orders that are not ours are kept too."""

    __tablename__ = "fills"
    __table_args__ = (Index(None, "ticker", "at_us"), Index(None, "at_us"))

    fill_id: str = _key()
    order_id: str = Field(index=True)
    ticker: str
    owner: str
    side: str
    price_units: int = _big()
    count_units: int = _big()
    is_taker: bool
    fee_units: int = _big()
    at_us: int = _big()
    exchange_index: int


class PositionRecord(Record, table=True):
    """Derived from fills and settlements, and rebuildable."""

    __tablename__ = "positions"

    ticker: str = _key()
    owner: str = _key()
    net_units: int = _big()
    cost_units: int = _big()
    realized_units: int = _big()
    fees_units: int = _big()
    opened_us: int | None = _maybe_big()
    updated_us: int | None = _maybe_big()


class ExitPlanRecord(Record, table=True):
    __tablename__ = "exit_plans"

    ticker: str = _key()
    owner: str = _key()
    stop_price_units: int | None = _maybe_big()
    target_price_units: int | None = _maybe_big()
    leave_by_us: int | None = _maybe_big()
    entry_confidence: float | None
    entry_fair: float | None
    made_us: int = _big()


class SettlementRecord(Record, table=True):
    __tablename__ = "settlements"

    ticker: str = _key()
    settled_us: int = _big(key=True)
    revision: int = _key()
    event_ticker: str
    result: str
    value_units: int = _big()
    net_units: int = _big()
    revenue_units: int = _big()
    fee_units: int = _big()


class CashMovementRecord(Record, table=True):
    __tablename__ = "cash_movements"

    movement_id: str = _key()
    kind: str
    amount_units: int = _big()
    at_us: int = _big()


class RoundTripRecord(Record, table=True):
    """Derived from fills and settlements, and rebuildable."""

    __tablename__ = "round_trips"
    __table_args__ = (Index(None, "ticker", "owner"),)

    round_trip_id: str = _key()
    ticker: str
    owner: str
    side: str
    count_units: int = _big()
    entry_cost_units: int = _big()
    proceeds_units: int = _big()
    fees_units: int = _big()
    opened_us: int = _big()
    closed_us: int = _big(index=True)
    reason: str = _text()


class BalanceSnapshotRecord(Record, table=True):
    __tablename__ = "balance_snapshots"

    at_us: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    cash_units: int = _big()
    equity_units: int = _big()
    liquidation_units: int = _big()
    unmarked: int
    positions: int


class PerformanceSnapshotRecord(Record, table=True):
    __tablename__ = "performance_snapshots"

    at_us: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="balance_snapshots.at_us")
    strategy: str = _key()
    realized_units: int = _big()
    unrealized_units: int = _big()
    fees_units: int = _big()
    ai_cost_units: int = _big()
    round_trips: int


class RunRecord(Record, table=True):
    __tablename__ = "runs"

    run_id: str = _key()
    number: int = Field(unique=True)
    command: str
    started_us: int = _big()
    started_wall_us: int = _big()
    ended_us: int | None = _maybe_big()
    ended_wall_us: int | None = _maybe_big()
    reason: str | None = Field(default=None, sa_type=Text, nullable=True)


class DenialRecord(Record, table=True):
    __tablename__ = "denials"
    __table_args__ = (Index(None, "ticker", "at_us"),)

    denial_id: int | None = _id()
    run_id: str = _refers("runs.run_id", index=True)
    strategy: str
    ticker: str
    purpose: str
    code: str
    detail: str = _text()
    value: str
    limit: str
    at_us: int = _big()


class DeskStateRecord(Record, table=True):
    """Every change of the run state; the newest one holds."""

    __tablename__ = "desk_states"

    change_id: int | None = _id()
    state: str
    reason: str = _text()
    who: str
    at_us: int = _big()
    changed_wall_us: int = _big()


class DeskRequestRecord(Record, table=True):
    __tablename__ = "desk_requests"

    request_id: int | None = _id()
    kind: str
    target: str
    asked_wall_us: int = _big()
    answer: str | None = Field(default=None, sa_type=Text, nullable=True)
    exit_code: int | None
    answered_wall_us: int | None = _maybe_big()


class LeaseRecord(Record, table=True):
    __tablename__ = "leases"

    name: str = _key()
    token: str
    pid: int
    host: str
    acquired_wall_us: int = _big()
    renewed_wall_us: int = _big()
    expires_wall_us: int = _big()


class IdentityRecord(Record, table=True):
    """One row, written when the store is created: whose store this is."""

    __tablename__ = "identity"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    env: str
    origin: str
    account: str
    world: str
    nonce: bytes = Field(sa_type=LargeBinary)
    created_wall_us: int = _big()


def _table(record: type[Record]) -> Table:
    table: Table = record.__table__  # type: ignore[attr-defined]
    return table


METADATA = Record.metadata
SERIES = _table(SeriesRecord)
EVENTS = _table(EventRecord)
MARKETS = _table(MarketRecord)
QUOTES = _table(QuoteRecord)
QUOTE_HISTORY = _table(QuoteHistoryRecord)
FUNNEL = _table(FunnelRecord)
MARKERS = _table(MarkerRecord)
FORECASTS = _table(ForecastRecord)
AI_CALLS = _table(AiCallRecord)
DAILY_AI_COST = _table(DailyAiCostRecord)
ORDERS = _table(OrderRecord)
FILLS = _table(FillRecord)
POSITIONS = _table(PositionRecord)
EXIT_PLANS = _table(ExitPlanRecord)
SETTLEMENTS = _table(SettlementRecord)
CASH_MOVEMENTS = _table(CashMovementRecord)
ROUND_TRIPS = _table(RoundTripRecord)
BALANCE_SNAPSHOTS = _table(BalanceSnapshotRecord)
PERFORMANCE_SNAPSHOTS = _table(PerformanceSnapshotRecord)
RUNS = _table(RunRecord)
DENIALS = _table(DenialRecord)
DESK_STATES = _table(DeskStateRecord)
DESK_REQUESTS = _table(DeskRequestRecord)
LEASES = _table(LeaseRecord)
IDENTITY = _table(IdentityRecord)
