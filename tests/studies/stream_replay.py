"""Recorded streams through the desk's own client: do its books agree with the recorded ticker?

The recorder subscribed without `use_yes_price`, wrote no `sid`, and its frames are older than
`clock`: its lines are turned into what the exchange sends to our client today. An action's frames
share their microsecond, which stands for the clock. Faults are put in on request: after one that
shows, the client asks for the book again, and gets the true one, as the exchange would send it.
"""

import gzip
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from kalshi_cli.adapters.kalshi.stream.channels import Channel
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.domain.instant import MILLISECOND, parse_rfc3339
from kalshi_cli.domain.money import Contracts, Price

WITHIN_US = 100 * MILLISECOND
CENT = 100
COMPARED_EACH = 50
"""Every so many changes the whole book is compared."""
FRAMES_A_TICK = 20
"""The client's timers run every half a second: that many frames in these recordings."""
Touch = tuple[int, int, int]
"""An instant, the best bid and the best ask; -1 where a side is empty or the book unknown."""
Ladder = dict[int, int]


@dataclass(slots=True)
class Faults:
    """How often, of all frames: lost, sent twice, sent after the next, the connection broken, and
    held back for ten frames.
    """

    drop: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    reset: float = 0.0
    stall: float = 0.0
    seed: int = 1


@dataclass(slots=True)
class Replay:
    """What came of it. Of the books that were compared with the true one after the same frame, the
    `wrong` ones differ; `unknown` are changes after which no book was shown.
    """

    changes: int = 0
    unknown: int = 0
    compared: int = 0
    wrong: int = 0
    touches: dict[str, list[Touch]] = field(default_factory=dict)
    tickers: list[dict[str, Any]] = field(default_factory=list)


class _Exchange:
    """The true books, by the recorded frames, and the numbers of our connection."""

    def __init__(self) -> None:
        self.books: dict[str, tuple[Ladder, Ladder]] = {}
        self.clocks: dict[str, int] = {}
        self.sid = self.seq = 0

    def take_in(self, frame: dict[str, Any]) -> None:
        msg = frame["msg"]
        ticker = msg["market_ticker"]
        if frame["type"] == "orderbook_snapshot":
            self.books[ticker] = (
                {_price(p): _count(n) for p, n in msg.get("yes_dollars_fp", [])},
                {10_000 - _price(p): _count(n) for p, n in msg.get("no_dollars_fp", [])},
            )
            self.clocks.setdefault(ticker, 0)
            return
        self.clocks[ticker] = parse_rfc3339(msg["ts"])
        price = _price(msg["price_dollars"])
        is_bid = msg["side"] == "yes"
        levels = self.books[ticker][0 if is_bid else 1]
        key = price if is_bid else 10_000 - price
        left = levels.pop(key, 0) + _count(msg["delta_fp"])
        if left:
            levels[key] = left

    def delta(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Today's frame of a recorded change that was taken in."""
        msg = dict(frame["msg"])
        if msg["side"] == "no":
            msg["price_dollars"] = _complement(msg["price_dollars"])
        msg["clock"] = self.clocks[msg["market_ticker"]]
        return self._numbered("orderbook_delta", msg)

    def snapshot(self, ticker: str, command_id: int = 0) -> dict[str, Any]:
        """Today's frame of the true book."""
        msg: dict[str, Any] = {"market_ticker": ticker, "clock": self.clocks.get(ticker, 0)}
        sides = zip(("yes", "no"), self.books.get(ticker, ({}, {})), strict=True)
        for side, levels in sides:
            if levels:
                told = [[str(Price(p)), str(Contracts(n))] for p, n in sorted(levels.items())]
                msg[f"{side}_dollars_fp"] = told
        frame = self._numbered("orderbook_snapshot", msg)
        return frame | ({"id": command_id} if command_id else {})

    def _numbered(self, kind: str, msg: dict[str, Any]) -> dict[str, Any]:
        self.seq += 1
        return {"type": kind, "sid": self.sid, "seq": self.seq, "msg": msg}


class _Session:
    """Our client, connected to it by a wire on which faults strike."""

    def __init__(self, faults: Faults) -> None:
        self.exchange, self.client = _Exchange(), StreamMachine((Channel.BOOKS,))
        self.faults, self.draw = faults, random.Random(faults.seed)
        self.held: list[bytes] = []
        self.now_s = 0.0
        self.sent = 0
        self.stalled = 0
        self.client.opened(0, 0.0)

    def follow(self, ticker: str) -> None:
        self.client.follow([ticker])
        self.obey()

    def obey(self) -> None:
        """Answer the client's commands, without faults: of those the channel has its own tests."""
        for command in map(msgspec.json.decode, self.client.commands()):
            params = command["params"]
            if command["cmd"] == "subscribe":
                self.exchange.sid, self.exchange.seq = self.exchange.sid + 1, 0
                told = {"channel": "orderbook_delta", "sid": self.exchange.sid}
                self._hear({"type": "subscribed", "id": command["id"], "msg": told})
            if params.get("action") == "add_markets":
                self._hear({"type": "ok", "id": command["id"]})
            command_id = command["id"] if params.get("action") == "get_snapshot" else 0
            for ticker in params["market_tickers"]:
                self._hear(self.exchange.snapshot(ticker, command_id))

    def send(self, frame: dict[str, Any]) -> None:
        """A frame sets out; what becomes of it is drawn."""
        data, faults = msgspec.json.encode(frame), self.faults
        self.sent += 1
        if self.sent % FRAMES_A_TICK == 0:
            self.now_s += 0.5
            self.client.tick(self.now_s)
        drawn = self.draw.random()
        copies = [data]
        for share, becomes in ((faults.drop, []), (faults.twice, [data, data])):
            if drawn < share:
                copies = becomes
            drawn -= share
        self.held += copies
        if 0 <= drawn < faults.late:
            return
        drawn -= faults.late
        if 0 <= drawn < faults.stall:
            self.stalled = 10
        drawn -= faults.stall
        if self.stalled:
            self.stalled -= 1
        elif 0 <= drawn < faults.reset:
            self.held.clear()
            self.client.closed("reset")
            self.client.opened(0, self.now_s)
        else:
            self.arrive()
        self.obey()

    def arrive(self) -> None:
        """What is on the way arrives: what is late after what set out next."""
        for data in self.held[::-1] if len(self.held) == 2 and not self.stalled else self.held:
            self.client.receive(data, 0)
        self.held.clear()

    def _hear(self, frame: dict[str, Any]) -> None:
        self.client.receive(msgspec.json.encode(frame), 0)


def replayed(path: Path, faults: Faults | None = None) -> Replay:
    """Play a recorded stream to the client."""
    session, found = _Session(faults or Faults()), Replay()
    for frame in _frames(path):
        kind = frame["type"]
        if kind == "ticker":
            found.tickers.append(frame["msg"])
        elif kind == "orderbook_snapshot":
            session.exchange.take_in(frame)
            session.follow(frame["msg"]["market_ticker"])
            _look(session, frame["msg"]["market_ticker"], found)
        elif kind == "orderbook_delta":
            session.exchange.take_in(frame)
            session.send(session.exchange.delta(frame))
            found.changes += 1
            _look(session, frame["msg"]["market_ticker"], found)
    return found


def _look(session: _Session, ticker: str, found: Replay) -> None:
    """Note the touch, and now and then compare the book with the true one."""
    levels, exchange = session.client._feed.books._books[ticker].levels, session.exchange
    bid, ask = (0, 10_000) if levels is None else levels.touch
    touch = exchange.clocks[ticker], bid or -1, -1 if ask == 10_000 else ask
    found.touches.setdefault(ticker, []).append(touch)
    found.unknown += levels is None
    if found.changes % COMPARED_EACH == 0 and not session.held:
        book = session.client.book(ticker)
        if book is not None:
            shown = tuple(
                {level.price.units: level.count.units for level in side}
                for side in (book.bids, book.asks)
            )
            found.compared += 1
            found.wrong += shown != exchange.books[ticker]


def agreement(found: Replay) -> tuple[int, int]:
    """Two-sided tickers since their market's book began, and how many agree: where at some moment
    within 100 ms both sides of the book are within a cent of it."""
    compared = agreed = 0
    since = {name: [touch for touch in told if touch[0]] for name, told in found.touches.items()}
    for msg in found.tickers:
        at_us = parse_rfc3339(msg["time"])
        touches = since.get(msg["market_ticker"], [])
        two_sided = _count(msg["yes_bid_size_fp"]) and _count(msg["yes_ask_size_fp"])
        if two_sided and touches and at_us >= touches[0][0]:
            compared += 1
            agreed += _agrees(touches, msg, at_us)
    return compared, agreed


def _agrees(touches: list[Touch], msg: dict[str, Any], at_us: int) -> bool:
    bid, ask = _price(msg["yes_bid_dollars"]), _price(msg["yes_ask_dollars"])
    return any(
        there_bid >= 0
        and there_ask >= 0
        and abs(there_bid - bid) <= CENT
        and abs(there_ask - ask) <= CENT
        for _, there_bid, there_ask in _standing(touches, at_us)
    )


def _standing(touches: list[Touch], at_us: int) -> Iterable[Touch]:
    """What stood at some moment within 100 ms."""
    low, high = 0, len(touches)
    while low < high:
        middle = (low + high) // 2
        if touches[middle][0] <= at_us - WITHIN_US:
            low = middle + 1
        else:
            high = middle
    for index in range(max(low - 1, 0), len(touches)):
        if touches[index][0] > at_us + WITHIN_US:
            return
        yield touches[index]


def _frames(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        for line in lines:
            yield msgspec.json.decode(line)


@cache
def _price(text: str) -> int:
    return Price.parse(text).units


@cache
def _count(text: str) -> int:
    return Contracts.parse(text).units


@cache
def _complement(text: str) -> str:
    return str(Price.parse(text).complement)
