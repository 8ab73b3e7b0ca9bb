"""What a frame of an order book costs: from its bytes to the book, and with our orders in it."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kalshi_cli.adapters.sim.recordings.stretches import StreamReader
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_tape import Stretch
from kalshi_cli.engine.recorded_book import RecordedBook
from tests.bench.measure import Measured, best
from tests.fakes.streams import delta, snapshot

CHANGES = 50_000
PER_SECOND = 200_000
"""Changes a second, from bytes to book, that are due."""
TICKER = "KXAA-26MAY130900-00"


def measure(home: Path) -> list[Measured]:
    """Rows of a change. `home` stays empty."""
    del home
    lines = [json.dumps(frame).encode() for frame in _frames()]
    bare = msgspec.json.Decoder()
    stretch = _read(lines)
    took = best(
        {
            "whole": lambda: _play(_read(lines)),
            "bare": lambda: [bare.decode(line) for line in lines],
            "ours": lambda: _play(stretch, orders=4),
            "alone": lambda: _play(stretch),
        },
        times=3,
    )
    each = {name: seconds / CHANGES for name, seconds in took.items()}
    return [
        Measured(
            "an order-book delta, from bytes to book",
            each["whole"],
            "its bare JSON decoding",
            each["bare"],
            most_s=1 / PER_SECOND,
        ),
        Measured(
            "a delta in a book with 4 orders of ours", each["ours"], "with none", each["alone"]
        ),
    ]


def _read(lines: list[bytes]) -> Stretch:
    reader = StreamReader()
    reader.feed(lines)
    reader.end()
    return reader.streams[TICKER].stretches[0]


def _play(stretch: Stretch, orders: int = 0) -> RecordedBook:
    book = RecordedBook()
    book.snapshot(stretch.bids, stretch.asks, stretch.start_us)
    for number in range(orders):
        side = Side.BID if number % 2 else Side.ASK
        book.join(f"o{number}", side, 4_900 if side is Side.BID else 5_100, 10**9)
    for at_us, on_bid, price, by in stretch.changes.rows():
        book.change(Side.BID if on_bid else Side.ASK, price, by, at_us)
    book.settle()
    return book


def _frames() -> Iterator[dict[str, object]]:
    """A hundred levels a side, of which one grows or shrinks at a time, mostly near the touch."""
    draw = random.Random(7)
    levels = {(side, cents): 100 for side in ("yes", "no") for cents in range(1, 49)}
    yield snapshot(
        1,
        TICKER,
        **{
            f"{side}_dollars_fp": [[f"0.{cents:02}00", "100.00"] for cents in range(1, 49)]
            for side in ("yes", "no")
        },
    )
    for seq in range(2, CHANGES + 2):
        side = draw.choice(("yes", "no"))
        cents = 49 - min(1 + int(draw.expovariate(0.2)), 48)
        now = draw.choice((0, 10, 100, 250, 1_000))
        by = now - levels[side, cents]
        levels[side, cents] = now
        yield delta(seq, TICKER, side, f"0.{cents:02}00", f"{by}.00", seq * 11)
