"""A server of recorded order-book frames: a few recordings at once, among markets that are quiet.

It says on a line of JSON where it is. The first markets that are subscribed to are those of the
recordings; whoever comes to `CONTROL` is told of how many books were told, and has them played.
"""

import asyncio
import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.studies.stream_replay import _Exchange

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "orderbook_stream"
MARKETS = 500
RECORDED = 5
"""So many recordings are played at once, each for ten minutes if it is as long."""
RECORDED_S = 600
SPEED = 20
BOOKS = 1
SIDS = {"orderbook_delta": BOOKS}
"""The numbers of subscriptions."""
UNREAD = 100
"""So many frames are sent at most that were not read: a busy machine plays more slowly."""
STARTS_S = 300.0
"""Whoever has not subscribed by then has ended."""
CONTROL = "/control"
QUIET = {
    "yes_dollars_fp": [["0.4000", "100.00"], ["0.4200", "100.00"]],
    "no_dollars_fp": [["0.4500", "100.00"], ["0.4700", "100.00"]],
}
"""The book of a market in which nothing happens, prices in YES."""


def found() -> list[Path]:
    return sorted(RECORDINGS.glob("run_*.jsonl.gz"))[:RECORDED]


def ticker_of(number: int) -> str:
    return f"KXBENCH-1-{number:03}"


@dataclass(frozen=True, slots=True)
class Control:
    """What a feed at this address is told to do."""

    url: str

    async def subscribed(self) -> None:
        """Wait until every market is subscribed to. Raises `TimeoutError` where that never is."""
        async with asyncio.timeout(STARTS_S):
            while (await self._ask("told"))["told"] < MARKETS:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # noqa: TID251

    async def play(self) -> int:
        """Play it all; how many frames. Whoever listens must have done so to the end."""
        told = await self._ask("play")
        assert told["connections"] == 1, told
        return int(told["frames"])

    async def _ask(self, what: str) -> dict[str, int]:
        async with connect(f"{self.url}{CONTROL}", ping_timeout=None) as socket:
            await socket.send(what)
            answer: dict[str, int] = json.loads(await socket.recv())
            return answer


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame before and after its number, of the market of a number, so long after the first."""

    at_s: float
    market: int
    head: bytes
    tail: bytes

    def of(self, ticker: str) -> bytes:
        """What comes after its number, where the market is called so."""
        return self.tail.replace(ticker_of(self.market).encode(), ticker.encode(), 1)


def _frames() -> list[_Frame]:
    played: list[_Frame] = []
    for number, file in enumerate(found()):
        played += _of_recording(file, 4 * number)
    return sorted(played, key=lambda each: each.at_s)


def _of_recording(file: Path, first: int) -> Iterator[_Frame]:
    exchange, markets, began = _Exchange(), dict[str, int](), 0
    with gzip.open(file) as lines:
        for recorded in map(json.loads, lines):
            if recorded["type"] not in {"orderbook_snapshot", "orderbook_delta"}:
                continue
            began = began or recorded["recv_ns"]
            at_s = (recorded["recv_ns"] - began) / 1e9
            if at_s > RECORDED_S:
                return
            exchange.take_in(recorded)
            ticker = recorded["msg"]["market_ticker"]
            if recorded["type"] == "orderbook_delta":
                frame = exchange.delta(recorded)
            else:
                frame = exchange.snapshot(ticker)
            market = markets.setdefault(ticker, first + len(markets))
            frame["msg"]["market_ticker"] = ticker_of(market)
            yield _Frame(at_s, market, *_halves(frame))


def _halves(frame: dict[str, Any]) -> tuple[bytes, bytes]:
    head = b'{"type":"%s","sid":%d,"seq":' % (frame["type"].encode(), BOOKS)
    return head, b',"msg":%s}' % json.dumps(frame["msg"]).encode()


class _Feed:
    """Everybody's subscriptions are of one number a channel."""

    def __init__(self) -> None:
        self.frames, self.seq, self.connections = _frames(), 0, 0
        self.told: dict[str, None] = {}
        self.client: ServerConnection | None = None

    async def __call__(self, client: ServerConnection) -> None:
        assert client.request is not None
        with suppress(ConnectionClosed):
            if client.request.path == CONTROL:
                await self._obey(client)
                return
            self.client, self.connections = client, self.connections + 1
            async for message in client:
                await self._answer(client, json.loads(message))

    async def _obey(self, client: ServerConnection) -> None:
        frames = await self._play() if await client.recv() == "play" else 0
        told = {"told": len(self.told), "frames": frames, "connections": self.connections}
        await client.send(json.dumps(told))

    async def _answer(self, client: ServerConnection, command: dict[str, Any]) -> None:
        told: dict[str, Any] = {"type": "ok", "id": command["id"]}
        channel, tickers = "", command["params"].get("market_tickers", [])
        if command["cmd"] == "subscribe":
            (channel,) = command["params"]["channels"]
            sid = SIDS.setdefault(channel, len(SIDS) + 1)
            told |= {"type": "subscribed", "msg": {"channel": channel, "sid": sid}}
        await client.send(json.dumps(told))
        if BOOKS in {SIDS.get(channel), command["params"].get("sid")}:
            for ticker in tickers:
                self.told[ticker] = None
                msg = {"market_ticker": ticker, "clock": 0, **QUIET}
                await self._send(client, *_halves({"type": "orderbook_snapshot", "msg": msg}))

    async def _send(self, client: ServerConnection, head: bytes, tail: bytes) -> None:
        self.seq += 1
        await client.send(b"%s%d%s" % (head, self.seq, tail), text=True)

    async def _play(self) -> int:
        assert self.client is not None
        tickers, loop = list(self.told), asyncio.get_running_loop()
        began = loop.time()
        for number, frame in enumerate(self.frames):
            if number % UNREAD == 0:
                await (await self.client.ping())  # it has read what was sent before
            wait_s = frame.at_s / SPEED - (loop.time() - began)
            if wait_s > 0.002:
                await asyncio.sleep(wait_s)  # noqa: TID251
            await self._send(self.client, frame.head, frame.of(tickers[frame.market]))
        return len(self.frames)


async def main() -> None:
    feed = _Feed()
    async with serve(feed, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"ws_url": f"ws://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
