"""The journal of orders, what happened to each, and the denials of those never sent."""

from sqlalchemy import Index
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import (
    Record,
    big,
    key,
    maybe_big,
    refers,
    row_id,
    table,
    text,
)


class OrderRecord(Record, table=True):
    """The journal. `entry_key` is set while an entry with a forecast is live, and never again."""

    __tablename__ = "orders"
    __table_args__ = (Index(None, "ticker", "created_us"), Index(None, "created_us"))

    client_order_id: str = key()
    run_id: str = refers("runs.run_id", index=True)
    sequence: int
    strategy: str
    ticker: str
    event_ticker: str
    side: str
    limit_price_units: int = big()
    count_units: int = big()
    time_in_force: str
    purpose: str
    reason: str = text()
    post_only: bool
    reduce_only: bool
    fair: float | None
    forecast_id: str | None = Field(default=None, foreign_key="forecasts.forecast_id")
    expires_us: int | None = maybe_big()
    exchange_index: int
    cancel_on_pause: bool
    state: str = Field(index=True)
    pending: str
    order_id: str | None = Field(default=None, unique=True)
    filled_units: int = big()
    message: str = text()
    created_us: int = big()
    updated_us: int = big()
    asked_price_units: int | None = maybe_big()
    asked_count_units: int | None = maybe_big()
    asked_expires_us: int | None = maybe_big()
    unanchored_us: int | None = maybe_big()
    entry_key: str | None = Field(default=None, unique=True)
    lease_token: str


class OrderEventRecord(Record, table=True):
    """The trail of an order, append only; written with every change of its row in the journal."""

    __tablename__ = "order_events"

    event_id: int | None = row_id()
    client_order_id: str = refers("orders.client_order_id", index=True)
    cause: str
    state: str
    pending: str
    filled_units: int = big()
    detail: str = text()
    at_us: int = big()


class DenialRecord(Record, table=True):
    """What was wanted, and which control refused it. Older rows do not say what was wanted."""

    __tablename__ = "denials"
    __table_args__ = (Index(None, "ticker", "at_us"),)

    denial_id: int | None = row_id()
    run_id: str = refers("runs.run_id", index=True)
    strategy: str
    ticker: str
    purpose: str
    code: str
    detail: str = text()
    value: str
    limit: str
    at_us: int = big()
    side: str | None
    price_units: int | None = maybe_big()
    count_units: int | None = maybe_big()
    forecast_id: str | None


ORDERS = table(OrderRecord)
ORDER_EVENTS = table(OrderEventRecord)
DENIALS = table(DenialRecord)
