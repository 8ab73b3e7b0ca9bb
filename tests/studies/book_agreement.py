"""Do books rebuilt from a recorded stream agree with the ticker in it?

A ticker agrees where at some moment within 100 ms of it both sides of the book are within a cent.
Moments are the exchange's: the recorder's clock is up to half a second off, and its ticker channel
came up to 22 s late. One-sided tickers are left out. So are, apart, those that tell of a moment
before the recording's first frame of the market: no book is recorded then.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.adapters.sim.recordings.frames import COUNTS, PRICES, TickerMsg, instant
from kalshi_cli.adapters.sim.recordings.stretches import MarketStream, StreamReader
from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import NO_ASK, NO_BID
from kalshi_cli.engine.book_tape import Stretch
from kalshi_cli.engine.inferred_prints import read
from kalshi_cli.engine.recorded_book import RecordedBook

WITHIN_US = 100 * MILLISECOND
CENT = 100
DUE = 0.995


@dataclass(frozen=True, slots=True)
class Agreement:
    """Tickers of a recording: compared and agreeing, one-sided, and from before its book."""

    compared: int = 0
    agreed: int = 0
    one_sided: int = 0
    before: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.compared + other.compared,
            self.agreed + other.agreed,
            self.one_sided + other.one_sided,
            self.before + other.before,
        )

    @property
    def share(self) -> float:
        return self.agreed / self.compared

    @property
    def worst_share(self) -> float:
        """What is left if every ticker from before the book counts as a disagreement."""
        return self.agreed / (self.compared + self.before)


def streams_in(path: Path) -> list[MarketStream]:
    reader = StreamReader()
    reader.read(path)
    return list(reader.streams.values())


def is_one_sided(msg: TickerMsg) -> bool:
    return not COUNTS[msg.yes_bid_size_fp] or not COUNTS[msg.yes_ask_size_fp]


def begins(stream: MarketStream) -> int:
    """The instant of the first recorded change of a market."""
    return min(stretch.start_us for stretch in stream.stretches)


def agreement(streams: Iterable[MarketStream]) -> Agreement:
    """Over all markets of a recording."""
    return sum((_of_market(stream) for stream in streams), Agreement())


def _of_market(stream: MarketStream) -> Agreement:
    touches = [read(stretch).touches for stretch in stream.stretches]
    compared = agreed = one_sided = before = 0
    for msg in stream.tickers:
        at_us = instant(msg.ts_ms, msg.time)
        if is_one_sided(msg):
            one_sided += 1
        elif at_us < begins(stream):
            before += 1
        else:
            compared += 1
            agreed += any(
                _agrees(touches[number], stretch, msg, at_us)
                for number, stretch in enumerate(stream.stretches)
            )
    return Agreement(compared, agreed, one_sided, before)


def _agrees(
    touches: tuple[tuple[int, int, int], ...], stretch: Stretch, msg: TickerMsg, at_us: int
) -> bool:
    """Whether one of the touches that stood within 100 ms of a ticker is within a cent of it."""
    since, until = at_us - WITHIN_US, at_us + WITHIN_US
    if until < stretch.start_us or since > stretch.end_us:
        return False
    first = max(bisect_right(touches, since, key=_when) - 1, 0)
    standing = touches[first : bisect_left(touches, until + 1, key=_when)]
    bid, ask = PRICES[msg.yes_bid_dollars], PRICES[msg.yes_ask_dollars]
    return any(
        there[1] != NO_BID
        and there[2] != NO_ASK
        and abs(there[1] - bid) <= CENT
        and abs(there[2] - ask) <= CENT
        for there in standing
    )


def _when(touch: tuple[int, int, int]) -> int:
    return touch[0]


def exact(stream: MarketStream) -> tuple[int, int]:
    """Tickers since the book began, and how many of them it equals at that very instant, in price
    and size of both sides, an empty side included."""
    msgs = sorted(stream.tickers, key=lambda msg: instant(msg.ts_ms, msg.time))
    told = equal = 0
    for stretch in stream.stretches:
        book = RecordedBook()
        book.snapshot(stretch.bids, stretch.asks, stretch.start_us)
        since = stretch.start_us - 1
        for msg in msgs:
            at_us = instant(msg.ts_ms, msg.time)
            if stretch.start_us <= at_us:
                for row_us, on_bid, price, by in stretch.changes.rows(since, at_us):
                    book.change(Side.BID if on_bid else Side.ASK, price, by, row_us)
                book.settle()
                since = at_us
                told += 1
                equal += (book.display(Side.BID)[:1], book.display(Side.ASK)[:1]) == _told(msg)
    return told, equal


def _told(msg: TickerMsg) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    bid = PRICES[msg.yes_bid_dollars], COUNTS[msg.yes_bid_size_fp]
    ask = PRICES[msg.yes_ask_dollars], COUNTS[msg.yes_ask_size_fp]
    return [bid] if bid[1] else [], [ask] if ask[1] else []


def rendered(found: dict[str, Agreement]) -> str:
    """A line a recording, and one for all of them."""
    lines = [f"  {'recording':<58}compared     agreed  one-sided  before the book"]
    for name, each in (*found.items(), ("all", sum(found.values(), Agreement()))):
        told = f"{each.compared:>8}{each.share:>11.4%}{each.one_sided:>11}{each.before:>17}"
        lines.append(f"  {name:<58}{told}")
    return "\n".join(lines)
