"""Frames of a recorded WebSocket stream: one JSON document a line.

The exchange's own frames (`orderbook_snapshot`, `orderbook_delta`, `ticker`) stand in the
recorder's envelope. The recorder's own are `recv_ns` (its clock, up to half a second away from the
exchange's), the types `watch_market` and `market_rotated`, and in every `msg` the prices in whole
cents. Levels of the NO side are in NO prices: it subscribed without `use_yes_price`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Price, UnitsByText


class SnapshotMsg(msgspec.Struct, frozen=True, gc=False):
    """A side that is empty is left out."""

    market_ticker: str
    yes_dollars_fp: tuple[tuple[str, str], ...] = ()
    no_dollars_fp: tuple[tuple[str, str], ...] = ()


class DeltaMsg(msgspec.Struct, frozen=True, gc=False):
    """`ts` has the microseconds that `ts_ms` lacks."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: Literal["yes", "no"]
    ts_ms: int
    ts: datetime


class TickerMsg(msgspec.Struct, frozen=True, gc=False):
    """`time` has the microseconds that `ts_ms` lacks."""

    market_ticker: str
    price_dollars: str
    last_trade_size_fp: str
    volume_fp: str
    open_interest_fp: str
    dollar_volume: int
    yes_bid_dollars: str
    yes_bid_size_fp: str
    yes_ask_dollars: str
    yes_ask_size_fp: str
    ts_ms: int
    time: datetime


class WatchMsg(msgspec.Struct, frozen=True, gc=False):
    """What the recorder knew of a market that it began to watch."""

    market_ticker: str
    close_time: str
    strike: float


class SnapshotFrame(
    msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_snapshot"
):
    seq: int
    msg: SnapshotMsg


class DeltaFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="orderbook_delta"):
    seq: int
    msg: DeltaMsg


class TickerFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="ticker"):
    msg: TickerMsg


class WatchFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="watch_market"):
    msg: WatchMsg


class RotatedFrame(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="market_rotated"):
    """The recorder goes on to its next market."""


Frame = SnapshotFrame | DeltaFrame | TickerFrame | WatchFrame | RotatedFrame

decode_frame: Callable[[bytes], Frame] = msgspec.json.Decoder(Frame).decode
"""Raises `msgspec.MsgspecError` for a line that is no such frame."""


PRICES, COUNTS = UnitsByText(Price.DECIMALS), UnitsByText(Contracts.DECIMALS)
"""Raw units by text. Raise `InvalidValue` for text that is no such amount."""


def instant(ts_ms: int, moment: datetime) -> int:
    """Microseconds of an instant told in milliseconds and, more finely, as a date."""
    return ts_ms // 1000 * SECOND + moment.microsecond
