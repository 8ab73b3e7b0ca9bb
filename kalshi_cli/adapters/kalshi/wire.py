"""The exchange's objects as they come over the wire, reduced to what the desk reads.

Tolerant of what it does not know (extra fields are ignored, enum words are plain text here) and
strict about what it needs: a missing or mistyped field refuses the row. Rows of a list are kept
raw, so that a bad one costs only itself. Source: the exchange's OpenAPI file, 3.34.0.
"""

from typing import Annotated

import msgspec

Level = tuple[str, str]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Shard = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Seconds = Annotated[int, msgspec.Meta(ge=0, lt=2**35)]
Cents = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
NULL = msgspec.Raw(b"null")


class ShardStatusWire(msgspec.Struct, frozen=True):
    exchange_index: Shard
    description: str
    exchange_active: bool
    trading_active: bool


class StatusWire(msgspec.Struct, frozen=True):
    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[msgspec.Raw] | None = None


class SeriesWire(msgspec.Struct, frozen=True):
    ticker: str
    title: str
    category: str
    fee_type: str
    fee_multiplier: msgspec.Raw
    frequency: str | None = None
    exchange_index: Shard | None = None


class EventWire(msgspec.Struct, frozen=True):
    event_ticker: str
    series_ticker: str
    title: str
    mutually_exclusive: bool
    sub_title: str | None = None
    category: str | None = None
    strike_date: str | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: msgspec.Raw = NULL
    exchange_index: Shard | None = None
    markets: list[msgspec.Raw] | None = None


class RangeWire(msgspec.Struct, frozen=True):
    start: str
    end: str
    step: str


class MarketWire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`price_ranges` stays raw: a structure that cannot be read makes a market untradable.

    The fields are in the order of the exchange's own, that of the alphabet: each one is looked for
    behind the one before.
    """

    can_close_early: bool = False
    cap_strike: msgspec.Raw = NULL
    close_time: str
    event_ticker: Name
    exchange_index: Shard | None = None
    expected_expiration_time: str | None = None
    fee_waiver_expiration_time: str | None = None
    floor_strike: msgspec.Raw = NULL
    last_price_dollars: str | None = None
    latest_expiration_time: str
    notional_value_dollars: str | None = None
    open_interest_fp: str
    open_time: str
    price_ranges: msgspec.Raw = NULL
    result: str
    rules_primary: str | None = None
    rules_secondary: str | None = None
    settlement_bounds_type: str | None = None
    settlement_timer_seconds: Seconds | None = None
    settlement_ts: str | None = None
    settlement_value_dollars: str | None = None
    status: str
    strike_type: str | None = None
    ticker: Name
    title: str | None = None
    updated_time: str | None = None
    volume_24h_fp: str
    volume_fp: str
    yes_ask_dollars: str | None = None
    yes_ask_size_fp: str
    yes_bid_dollars: str | None = None
    yes_bid_size_fp: str
    yes_sub_title: str | None = None


class LaddersWire(msgspec.Struct, frozen=True):
    yes_dollars: list[Level] | None = None
    no_dollars: list[Level] | None = None


class BookWire(msgspec.Struct, frozen=True):
    ticker: str
    orderbook_fp: LaddersWire


class TradeWire(msgspec.Struct, frozen=True):
    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    created_time: str
    taker_book_side: str | None = None
    taker_outcome_side: str | None = None


class OrderWire(msgspec.Struct, frozen=True):
    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str
    created_time: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    expiration_time: str | None = None
    exchange_index: Shard | None = None


class FillWire(msgspec.Struct, frozen=True):
    fill_id: str
    order_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    is_taker: bool
    fee_cost: str
    created_time: str
    book_side: str | None = None
    outcome_side: str | None = None
    exchange_index: Shard | None = None


class PositionWire(msgspec.Struct, frozen=True):
    ticker: str
    position_fp: str
    exchange_index: Shard | None = None


class SettlementWire(msgspec.Struct, frozen=True):
    """`revenue` and `value` are whole cents, cut off; `value` may be null."""

    ticker: str
    event_ticker: str
    market_result: str
    yes_count_fp: str
    no_count_fp: str
    revenue: Cents
    fee_cost: str
    settled_time: str
    value: Cents | None = None
    exchange_index: Shard | None = None


class TransferWire(msgspec.Struct, frozen=True):
    """A deposit or a withdrawal, in cents; only `applied` ones moved the balance."""

    id: str
    status: str
    amount_cents: Cents
    fee_cents: Cents
    created_ts: Seconds
    finalized_ts: Seconds | None = None


class ShardBalanceWire(msgspec.Struct, frozen=True):
    exchange_index: Shard
    balance: str


class BalanceWire(msgspec.Struct, frozen=True):
    """`balance_dollars` is exact; the `balance` beside it is in cents, cut off, and not read."""

    balance_dollars: str
    balance_breakdown: list[ShardBalanceWire] | None = None


class PlacedWire(msgspec.Struct, frozen=True):
    order_id: str
    fill_count: str
    remaining_count: str
    client_order_id: str | None = None


class CanceledWire(msgspec.Struct, frozen=True):
    order_id: str
    reduced_by: str


class AmendedWire(msgspec.Struct, frozen=True):
    """The sizes come only where the change filled something or changed what rests."""

    order_id: str
    fill_count: str | None = None
    remaining_count: str | None = None


class DecreasedWire(msgspec.Struct, frozen=True):
    order_id: str
    remaining_count: str


class ItemWire(msgspec.Struct, frozen=True):
    """What tells whether an order of a batch failed, and which one it was."""

    order_id: str | None = None
    client_order_id: str | None = None
    error: msgspec.Raw = NULL


class ItemsWire(msgspec.Struct, frozen=True):
    orders: list[msgspec.Raw]


class QueuePositionWire(msgspec.Struct, frozen=True):
    order_id: str
    market_ticker: str
    queue_position_fp: str


class AsOfWire(msgspec.Struct, frozen=True):
    as_of_time: str
