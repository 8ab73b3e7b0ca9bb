"""A client of the stream that trusts nothing: it judges frames, counts seqs and keeps books."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from fakes.asyncapi import AsyncApi
from fakes.scripted_world import ScriptedWorld

from kalshi_cli.adapters.sim.stream.coverage import StreamLimits
from kalshi_cli.adapters.sim.stream.hub import DEFAULT_LIMITS, StreamHub
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.engine.commands import Advance, Answer, Command, Rejected
from kalshi_cli.engine.exchange import Exchange

USER_ID = "5f0d0e3c-9a4e-4f7b-8a6c-0c1d2e3f4a5b"
WALL_US = 1_700_000_000_123_456
Frame = dict[str, Any]
Levels = dict[str, dict[int, int]]


JUDGED = 300
"""So many frames of each type are judged: that takes half a millisecond."""


class Reader:
    """Frames in, as text; what they say out."""

    def __init__(self, spec: AsyncApi | None = None) -> None:
        self.spec = spec
        self.seqs: dict[int, int] = {}
        self.books: dict[tuple[int, str], Levels] = {}
        self.clocks: dict[tuple[int, str], int] = {}
        self.seen: list[Frame] = []
        self._judged: Counter[str] = Counter()

    def see(self, texts: Iterable[str]) -> list[Frame]:
        """Take frames in; raises `AssertionError` for what no client should have to bear."""
        frames = [json.loads(text) for text in texts]
        for frame in frames:
            self._judged[frame["type"]] += 1
            if self.spec is not None and self._judged[frame["type"]] <= JUDGED:
                self.spec.check(frame)
            self._count(frame)
            self._follow(frame)
        self.seen += frames
        return frames

    def of(self, kind: str) -> list[Frame]:
        """The messages of every frame of a type so far."""
        return [frame["msg"] for frame in self.seen if frame["type"] == kind]

    def _count(self, frame: Frame) -> None:
        if "seq" in frame:
            sid = frame["sid"]
            assert frame["seq"] == self.seqs.get(sid, 0) + 1, frame
            self.seqs[sid] = frame["seq"]

    def _follow(self, frame: Frame) -> None:
        """Apply snapshots and deltas: sizes by price, in units."""
        if frame["type"] not in {"orderbook_snapshot", "orderbook_delta"}:
            return
        msg = frame["msg"]
        key = frame["sid"], msg["market_ticker"]
        if frame["type"] == "orderbook_snapshot":
            self.clocks[key] = msg["clock"]
            self.books[key] = {
                side: {
                    Price.parse(price).units: Contracts.parse(count).units
                    for price, count in msg.get(f"{side}_dollars_fp", [])
                }
                for side in ("yes", "no")
            }
            return
        assert msg["clock"] >= self.clocks[key], frame
        self.clocks[key] = msg["clock"]
        levels = self.books[key][msg["side"]]
        price = Price.parse(msg["price_dollars"]).units
        left = levels.pop(price, 0) + Contracts.parse(msg["delta_fp"]).units
        assert left >= 0, frame
        if left:
            levels[price] = left


class Telling:
    """A host without a file: it applies commands and tells what came of them."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self.seq = exchange, 0
        self._listeners: list[Any] = []
        exchange.drain()

    @property
    def clock(self) -> int:
        return self.seq

    def listen(self, listener: Any) -> None:
        self._listeners.append(listener)

    def apply(self, command: Command) -> Answer:
        answer = self.exchange.apply(command)
        if not isinstance(answer, Rejected) or answer.burns_id:
            self.seq += 1
        told = self.exchange.drain()
        for listener in self._listeners:
            listener(told)
        return answer


class Streamed:
    """A scripted exchange with its stream, and one client of it."""

    def __init__(
        self,
        world: ScriptedWorld,
        spec: AsyncApi | None = None,
        *,
        limits: StreamLimits = DEFAULT_LIMITS,
        cash: str = "1000.00",
    ) -> None:
        self.world = world
        self.host: Any = Telling(Exchange.open(world, Money.parse(cash)))
        self.wall_us = WALL_US
        self.hub = StreamHub(self.host, user_id=USER_ID, wall=lambda: self.wall_us, limits=limits)
        self.spec = spec
        self.client = self.connect()

    @property
    def exchange(self) -> Exchange:
        return self.host.exchange

    def live(self, span_us: int = SECOND) -> None:
        """Let some time pass."""
        self.host.apply(Advance(self.world.now_us + span_us))

    def connect(self) -> "Client":
        return Client(self.hub, self.spec)


class Client:
    """A session and its reader."""

    def __init__(self, hub: StreamHub, spec: AsyncApi | None) -> None:
        self.hub = hub
        self.session = hub.open()
        self.reader = Reader(spec)
        self.commands = 0

    def ask(self, cmd: str, /, **params: Any) -> list[Frame]:
        """Send a command that the exchange documents; the frames that came by then."""
        self.commands += 1
        command = {"id": self.commands, "cmd": cmd, **({"params": params} if params else {})}
        return self.send(json.dumps(command))

    def send(self, text: str) -> list[Frame]:
        self.read()
        self.session.receive(text)
        return self.read()

    def read(self) -> list[Frame]:
        return self.reader.see(due.text for due in self.session.take())

    def subscribe(self, *channels: str, **params: Any) -> list[Frame]:
        return self.ask("subscribe", channels=list(channels), **params)

    def sid(self, channel: str) -> int:
        """The subscription to a channel."""
        (frame,) = [f for f in self.ask("list_subscriptions") if f["type"] == "ok"]
        (sid,) = [entry["sid"] for entry in frame["msg"] if entry["channel"] == channel]
        return sid

    def close(self) -> None:
        self.hub.drop(self.session)
