"""From a recorded stream's frames to what it tells of each market: stretches of book, and tickers.

`seq` counts the frames of a subscription. A number that is missing ends every stretch, and what
follows is lost until a market's next snapshot; so does a snapshot out of sequence, with which
another subscription begins. A snapshot in sequence tells what the frames before it told.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path

import msgspec

from kalshi_cli.adapters.sim.recordings.frames import (
    COUNTS,
    PRICES,
    DeltaFrame,
    SnapshotFrame,
    SnapshotMsg,
    TickerFrame,
    TickerMsg,
    WatchFrame,
    WatchMsg,
    decode_frame,
    instant,
)
from kalshi_cli.engine.book_levels import NO_ASK
from kalshi_cli.engine.book_tape import Changes, Stretch
from kalshi_cli.errors import ConfigError, InvalidValue


@dataclass(slots=True)
class MarketStream:
    """One market: `watched` is the recorder's own word on it, tickers are in order of arrival."""

    watched: WatchMsg | None = None
    stretches: list[Stretch] = field(default_factory=list)
    tickers: list[TickerMsg] = field(default_factory=list)


@dataclass(slots=True)
class StreamReader:
    """Takes in frames in order of arrival. `lost` counts changes that fit to no snapshot."""

    streams: dict[str, MarketStream] = field(default_factory=dict)
    lost: int = 0
    _open: dict[str, "_OpenStretch"] = field(default_factory=dict)
    _due: int = 0

    def read(self, path: Path) -> None:
        """Take in a file, gzipped or not. Raises `ConfigError` where it is no such stream."""
        try:
            with path.open("rb") as file:
                self.feed(BufferedReader(GzipFile(fileobj=file)) if path.suffix == ".gz" else file)
        except (OSError, EOFError, msgspec.MsgspecError, InvalidValue) as error:
            raise ConfigError(f"{path} is no recorded stream: {error}.") from error
        self.end()

    def feed(self, lines: Iterable[bytes]) -> None:
        """Take in frames as they came."""
        for line in lines:
            frame = decode_frame(line)
            if type(frame) is DeltaFrame:
                self._change(frame)
            elif type(frame) is TickerFrame:
                self._of(frame.msg.market_ticker).tickers.append(frame.msg)
            elif type(frame) is SnapshotFrame:
                self._begin(frame)
            elif type(frame) is WatchFrame:
                self._of(frame.msg.market_ticker).watched = frame.msg

    def _change(self, frame: DeltaFrame) -> None:
        msg = frame.msg
        if frame.seq != self._due:
            self.end()
        self._due = frame.seq + 1
        stretch = self._open.get(msg.market_ticker)
        if stretch is None:
            self.lost += 1
            return
        on_bid = msg.side == "yes"
        price = PRICES[msg.price_dollars]
        stretch.at_us.append(instant(msg.ts_ms, msg.ts))
        stretch.on_bid.append(on_bid)
        stretch.price.append(price if on_bid else NO_ASK - price)
        stretch.by.append(COUNTS[msg.delta_fp])

    def _begin(self, frame: SnapshotFrame) -> None:
        if frame.seq != self._due:
            self.end()
        self._due = frame.seq + 1
        self._open.setdefault(frame.msg.market_ticker, _OpenStretch(frame.msg))

    def end(self) -> None:
        """The stream is over: open stretches end with their last change."""
        for ticker, stretch in self._open.items():
            if stretch.at_us:
                self._of(ticker).stretches.append(stretch.closed())
        self._open.clear()

    def _of(self, ticker: str) -> MarketStream:
        return self.streams.setdefault(ticker, MarketStream())


class _OpenStretch:
    """A snapshot, and the changes so far."""

    __slots__ = ("at_us", "by", "on_bid", "price", "snapshot")

    def __init__(self, snapshot: SnapshotMsg) -> None:
        self.snapshot = snapshot
        self.at_us, self.price, self.by = array("q"), array("h"), array("q")
        self.on_bid = array("b")

    def closed(self) -> Stretch:
        bids = ((PRICES[price], COUNTS[n]) for price, n in self.snapshot.yes_dollars_fp)
        asks = ((NO_ASK - PRICES[price], COUNTS[n]) for price, n in self.snapshot.no_dollars_fp)
        return Stretch(
            start_us=self.at_us[0],
            end_us=self.at_us[-1],
            bids=tuple(bids),
            asks=tuple(asks),
            changes=Changes(self.at_us, self.on_bid, self.price, self.by),
        )
