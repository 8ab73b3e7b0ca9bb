"""Frames of a recorded stream, as the exchange and the recorder write them."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

T0_MS = 1_778_677_200_000
"""2026-05-13T13:00Z."""
Frame = dict[str, Any]


def stamp(ms: int) -> str:
    """RFC 3339 of a moment after T0, with 250 microseconds more."""
    minutes, rest = divmod(ms, 60_000)
    return f"2026-05-13T13:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}25Z"


def snapshot(seq: int, ticker: str, **sides: list[list[str]]) -> Frame:
    """`yes_dollars_fp` and `no_dollars_fp`; an empty side is left out."""
    msg = {"market_id": "m", "market_ticker": ticker, **sides}
    return {"recv_ns": 1, "type": "orderbook_snapshot", "seq": seq, "msg": msg}


def delta(seq: int, ticker: str, side: str, price: str, by: str, ms: int) -> Frame:
    msg = {
        "delta_fp": by,
        "market_id": "m",
        "market_ticker": ticker,
        "price_cents": 1,
        "price_dollars": price,
        "side": side,
        "ts": stamp(ms),
        "ts_ms": T0_MS + ms,
    }
    return {"recv_ns": 1, "type": "orderbook_delta", "seq": seq, "msg": msg}


def ticker_frame(ticker: str, ms: int, *, last: str, size: str, volume: str) -> Frame:
    """Its quotes are left at nothing: they are not what is played."""
    msg = {
        "market_ticker": ticker,
        "price_dollars": last,
        "last_trade_size_fp": size,
        "volume_fp": volume,
        "open_interest_fp": "70.00",
        "dollar_volume": int(float(volume) / 2),
        "yes_bid_dollars": "0.0000",
        "yes_bid_size_fp": "0.00",
        "yes_ask_dollars": "1.0000",
        "yes_ask_size_fp": "0.00",
        "ts_ms": T0_MS + ms,
        "time": stamp(ms),
    }
    return {"recv_ns": 1, "type": "ticker", "seq": None, "msg": msg}


def watch(ticker: str, close: str = "2026-05-13T13:15:00Z") -> Frame:
    msg = {"close_time": close, "market_ticker": ticker, "status": "active", "strike": 80193.52}
    return {"recv_ns": 1, "type": "watch_market", "seq": None, "msg": msg}


def write(path: Path, frames: Iterable[Frame]) -> Path:
    """One document a line, gzipped where the name says so."""
    body = b"".join(json.dumps(frame).encode() + b"\n" for frame in frames)
    path.write_bytes(gzip.compress(body) if path.suffix == ".gz" else body)
    return path
