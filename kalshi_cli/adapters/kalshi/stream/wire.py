"""Frames of the stream, reduced to what the desk reads. Source: the exchange's AsyncAPI file 2.0.0.

Tolerant of what it does not know: extra fields are ignored, words are plain text where a new one
harms nobody. Strict about what it needs: a missing or mistyped field refuses the frame.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, final

import msgspec

from kalshi_cli.adapters.kalshi.wire import NULL, Shard
from kalshi_cli.domain.money import Contracts, Price, UnitsByText

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=2**45)]
UnixSeconds = Annotated[int, msgspec.Meta(ge=0, lt=2**35)]
Levels = tuple[tuple[str, str], ...]


class SnapshotMsg(msgspec.Struct, frozen=True, gc=False):
    """All levels, in YES prices; a side that is empty is left out. `clock` came in 2026-10."""

    market_ticker: str
    yes_dollars_fp: Levels | None = None
    no_dollars_fp: Levels | None = None
    clock: Count | None = None


class DeltaMsg(msgspec.Struct, frozen=True, gc=False):
    """A level grew or shrank. Deltas of one `clock` are one action of the exchange."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Literal["yes", "no"]
    clock: Count | None = None
    ts_ms: Milliseconds | None = None


class TickerMsg(msgspec.Struct, frozen=True, gc=False):
    """Prices of empty sides are sentinels: a side exists only if it has size."""

    market_ticker: str
    price_dollars: str
    yes_bid_dollars: str
    yes_ask_dollars: str
    yes_bid_size_fp: str
    yes_ask_size_fp: str
    volume_fp: str
    open_interest_fp: str
    ts_ms: Milliseconds


class TradeMsg(msgspec.Struct, frozen=True, gc=False):
    trade_id: str
    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    ts_ms: Milliseconds
    taker_book_side: str | None = None
    taker_outcome_side: str | None = None


class FillMsg(msgspec.Struct, frozen=True, gc=False):
    """`trade_id` is what the REST API calls `fill_id`. The time is cut off to milliseconds.

    `subaccount` is absent for the primary one, here and in positions.
    """

    trade_id: str
    order_id: str
    market_ticker: str
    is_taker: bool
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    ts_ms: Milliseconds
    book_side: str | None = None
    outcome_side: str | None = None
    exchange_index: Shard | None = None
    subaccount: Count | None = None


class OrderMsg(msgspec.Struct, frozen=True, gc=False):
    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str
    created_ts_ms: Milliseconds | None = None
    expiration_ts_ms: Milliseconds | None = None
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    exchange_index: Shard | None = None
    subaccount: Count | None = msgspec.field(default=None, name="subaccount_number")


class PositionMsg(msgspec.Struct, frozen=True, gc=False):
    market_ticker: str
    position_fp: str
    subaccount: Count | None = None


class LifecycleMsg(msgspec.Struct, frozen=True, gc=False):
    market_ticker: str
    event_type: str
    close_ts: UnixSeconds | None = None
    determination_ts: UnixSeconds | None = None
    settled_ts: UnixSeconds | None = None
    result: str | None = None
    settlement_value: str | None = None


class EventFeesMsg(msgspec.Struct, frozen=True, gc=False):
    event_ticker: str
    fee_type_override: str | None
    fee_multiplier_override: msgspec.Raw


class SubscribedMsg(msgspec.Struct, frozen=True, gc=False):
    channel: str
    sid: Count


class ErrorMsg(msgspec.Struct, frozen=True, gc=False):
    code: Count
    msg: str = ""
    market_ticker: str | None = None
    market_tickers: tuple[str, ...] | None = None


class _Frame(msgspec.Struct, frozen=True, gc=False, tag_field="type"):
    """`sid` names the subscription, `seq` counts its frames, `id` repeats the command's."""

    id: Count | None = None
    sid: Count | None = None
    seq: Count | None = None


@final
class DeltaFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_delta"):
    sid: Count
    seq: Count
    msg: DeltaMsg


@final
class SnapshotFrame(
    msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_snapshot"
):
    sid: Count
    seq: Count
    msg: SnapshotMsg
    id: Count | None = None


class TickerFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="ticker"):
    msg: TickerMsg


class TradeFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="trade"):
    msg: TradeMsg


class FillFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="fill"):
    msg: FillMsg


class OrderFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="user_order"):
    msg: OrderMsg


class PositionFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="market_position"):
    msg: PositionMsg


class LifecycleFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="market_lifecycle_v2"):
    msg: LifecycleMsg


class EventFeesFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="event_fee_update"):
    msg: EventFeesMsg


class SubscribedFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="subscribed"):
    msg: SubscribedMsg


class UnsubscribedFrame(_Frame, frozen=True, gc=False, tag="unsubscribed"):
    pass


class OkFrame(_Frame, frozen=True, gc=False, tag="ok"):
    pass


class ErrorFrame(_Frame, frozen=True, gc=False, kw_only=True, tag="error"):
    msg: ErrorMsg


News = (
    TickerFrame
    | TradeFrame
    | FillFrame
    | OrderFrame
    | PositionFrame
    | LifecycleFrame
    | EventFeesFrame
)
Answer = SubscribedFrame | UnsubscribedFrame | OkFrame | ErrorFrame
Frame = DeltaFrame | SnapshotFrame | News | Answer


class Outline(msgspec.Struct, frozen=True):
    """What can be known of a frame that is not what its type should be."""

    type: str
    sid: Any = None
    seq: Any = None
    msg: msgspec.Raw = NULL


class Names(msgspec.Struct, frozen=True):
    """The market that an unusable message names."""

    market_ticker: Any = None
    ticker: Any = None


decode_frame: Callable[[bytes | str], Frame] = msgspec.json.Decoder(Frame).decode
"""Raises what `rows.UNREADABLE` names for a frame that is none of these."""
decode_outline: Callable[[bytes | str], Outline] = msgspec.json.Decoder(Outline).decode

PRICES, COUNTS = UnitsByText(Price.DECIMALS), UnitsByText(Contracts.DECIMALS)
"""Raw units by text, so that no number is parsed twice."""
