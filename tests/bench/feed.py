"""What an order-book delta costs the desk: from the stream's bytes to the book that it is in."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from tests.bench.measure import Measured, best

DELTAS = 50_000
PER_SECOND = 200_000
"""Deltas a second, from bytes to book, that are due."""
TICKERS = tuple(f"KXHIGHNY-27JAN{day:02}-B{40 + day}.5" for day in range(20))
MARKET_ID = "8c8f4f0a-6d0b-4f6f-9a55-0b9d7b8a0c11"
AT_US = 1_800_000_000_000_000


def measure(home: Path) -> list[Measured]:
    """The row of a delta. `home` stays empty."""
    del home
    frames = [json.dumps(frame).encode() for frame in _frames()]
    bare = msgspec.json.Decoder()
    took = best(
        {
            "whole": lambda: _folded(frames),
            "bare": lambda: [bare.decode(frame) for frame in frames],
        },
        times=5,
    )
    each = {name: seconds / DELTAS for name, seconds in took.items()}
    return [
        Measured(
            "a streamed delta, from bytes to the desk's book",
            each["whole"],
            "its bare JSON decoding",
            each["bare"],
            most_s=1 / PER_SECOND,
        )
    ]


def _folded(frames: list[bytes]) -> StreamMachine:
    machine = StreamMachine((Channel.BOOKS,))
    machine.opened(AT_US, 0.0)
    machine.follow(TICKERS)
    machine.commands()
    for frame in frames:
        machine.receive(frame, AT_US)
    assert all(machine.book(ticker) for ticker in TICKERS), machine.tally
    assert machine.tally["orderbook_delta"] == DELTAS
    return machine


def _frames() -> Iterator[dict[str, Any]]:
    """Books of 48 levels a side, of which one grows or shrinks at a time, mostly near the touch."""
    draw = random.Random(7)
    levels = {(t, side, c): 100 for t in TICKERS for side in ("yes", "no") for c in range(1, 49)}
    yield {"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 1}}
    for seq, ticker in enumerate(TICKERS, 1):
        msg = {
            "market_ticker": ticker,
            "market_id": MARKET_ID,
            "clock": seq,
            "yes_dollars_fp": [[_dollars("yes", c), "100.00"] for c in range(1, 49)],
            "no_dollars_fp": [[_dollars("no", c), "100.00"] for c in range(48, 0, -1)],
        }
        yield {"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": msg}
    for seq in range(len(TICKERS) + 1, len(TICKERS) + DELTAS + 1):
        ticker, side = draw.choice(TICKERS), draw.choice(("yes", "no"))
        cents = 49 - min(1 + int(draw.expovariate(0.2)), 48)
        now = draw.choice((0, 10, 100, 250, 1_000))
        by = now - levels[ticker, side, cents]
        levels[ticker, side, cents] = now
        msg = {
            "market_ticker": ticker,
            "market_id": MARKET_ID,
            "clock": seq,
            "price_dollars": _dollars(side, cents),
            "delta_fp": f"{by}.00",
            "side": side,
            "ts_ms": AT_US // 1_000 + seq,
        }
        sent_ms = AT_US // 1_000 + seq + 5
        yield {
            "type": "orderbook_delta", "sid": 1, "seq": seq, "msg": msg, "sending_ts_ms": sent_ms
        }  # fmt: skip


def _dollars(side: str, cents: int) -> str:
    """A YES price: so many cents from the bottom for a bid, from the top for an ask."""
    return f"0.{cents if side == 'yes' else 100 - cents:02}00"
