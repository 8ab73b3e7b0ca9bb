"""A server of recorded order-book frames: a few recordings at once, among markets that are quiet.

It says on a line of JSON where it is, and plays once every market is subscribed to.
"""

import asyncio
import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.studies.stream_replay import _Exchange

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "orderbook_stream"
MARKETS = 500
RECORDED = 5
"""So many recordings are played at once, each for ten minutes if it is as long."""
RECORDED_S = 600
SPEED = 20
QUIET = {
    "yes_dollars_fp": [["0.4000", "100.00"], ["0.4200", "100.00"]],
    "no_dollars_fp": [["0.4500", "100.00"], ["0.4700", "100.00"]],
}
"""The book of a market in which nothing happens, prices in YES."""


def found() -> list[Path]:
    return sorted(RECORDINGS.glob("run_*.jsonl.gz"))[:RECORDED]


def ticker_of(number: int) -> str:
    return f"KXBENCH-1-{number:03}"


def _frames() -> list[tuple[float, bytes, bytes]]:
    """Seconds since the beginning, and a frame before and after its number."""
    played: list[tuple[float, bytes, bytes]] = []
    for number, file in enumerate(found()):
        played += _of_recording(file, 4 * number)
    return sorted(played, key=lambda each: each[0])


def _of_recording(file: Path, first: int) -> Iterator[tuple[float, bytes, bytes]]:
    exchange, names, began = _Exchange(), dict[str, str](), 0
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
            frame["msg"]["market_ticker"] = names.setdefault(ticker, ticker_of(first + len(names)))
            yield (at_s, *_halves(frame))


def _halves(frame: dict[str, Any]) -> tuple[bytes, bytes]:
    head = b'{"type":"%s","sid":1,"seq":' % frame["type"].encode()
    return head, b',"msg":%s}' % json.dumps(frame["msg"]).encode()


class _Feed:
    def __init__(self) -> None:
        self.frames, self.seq, self.told = _frames(), 0, 0

    async def __call__(self, client: ServerConnection) -> None:
        playing: asyncio.Task[None] | None = None
        with suppress(ConnectionClosed):
            async for message in client:
                await self._answer(client, json.loads(message))
                if self.told == MARKETS and playing is None:
                    playing = asyncio.create_task(self._play(client))

    async def _answer(self, client: ServerConnection, command: dict[str, Any]) -> None:
        told: dict[str, Any] = {"type": "ok", "id": command["id"]}
        if command["cmd"] == "subscribe":
            told |= {"type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}}
        await client.send(json.dumps(told))
        for ticker in command["params"].get("market_tickers", []):
            self.told += 1
            msg = {"market_ticker": ticker, "clock": 0, **QUIET}
            await self._send(client, *_halves({"type": "orderbook_snapshot", "msg": msg}))

    async def _send(self, client: ServerConnection, head: bytes, tail: bytes) -> None:
        self.seq += 1
        await client.send(b"%s%d%s" % (head, self.seq, tail), text=True)

    async def _play(self, client: ServerConnection) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at_s, head, tail in self.frames:
            wait_s = at_s / SPEED - (loop.time() - began)
            if wait_s > 0.002:
                await asyncio.sleep(wait_s)  # noqa: TID251
            with suppress(ConnectionClosed):  # it has seen enough
                await self._send(client, head, tail)


async def main() -> None:
    feed = _Feed()
    async with serve(feed, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"ws_url": f"ws://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
