"""What a frame of the stream costs: to write it, and to bring it to a client over a socket."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.adapters.sim.stream.outbox import News
from kalshi_cli.domain.instant import MINUTE
from tests.bench.measure import Measured

MINUTES = 20
FRAMES = 20_000
BATCH = 250
"""As many as a minute of the world tells."""
PATH = "/trade-api/ws/v2"


def measure(home: Path) -> list[Measured]:
    """The rows of the stream."""
    del home
    return asyncio.run(_measured())


async def _measured() -> list[Measured]:
    async with open_simulation(None, seed=7) as simulation:
        simulation.advance(simulation.now_us + 1)
        written, news = _written(simulation)
        rows = [written, await _handed(simulation, news)]
        for compression, how in ((None, ""), ("deflate", ", compressed")):
            rows.append(await _carried(simulation, news, compression, how))
        return rows


class _Watch:
    """Stands between the exchange and the hub, times it and keeps what it tells."""

    def __init__(self, simulation: Simulation) -> None:
        self.seconds = 0.0
        self.news: list[News] = []
        listeners, self._hear = simulation.host._listeners, simulation._hub._hear
        listeners[listeners.index(self._hear)] = self.hear
        self._reporter: Any = simulation._hub._reporter
        self._report = self._reporter.report
        self._reporter.report = self.report

    def hear(self, happenings: Any) -> None:
        started = time.perf_counter()
        self._hear(happenings)
        self.seconds += time.perf_counter() - started

    def report(self, happenings: Any) -> list[News]:
        told = list(self._report(happenings))
        self.news += told
        return told


def _written(simulation: Simulation) -> tuple[Measured, list[News]]:
    """All books, tickers and trades of a living world told to one client, by frame."""
    session = simulation._hub.open()
    session.receive(_subscribe(simulation))
    session.take()
    watch = _Watch(simulation)
    texts: list[str] = []
    for _ in range(MINUTES):
        simulation.advance(simulation.now_us + MINUTE)
        started = time.perf_counter()
        texts += [due.text for due in session.take()]
        watch.seconds += time.perf_counter() - started
    simulation._hub.drop(session)
    bodies = [msgspec.json.decode(text) for text in texts]
    started = time.perf_counter()
    for body in bodies:
        msgspec.json.encode(body).decode()
    floor = (time.perf_counter() - started) / len(texts)
    what = "a frame from the world to its text"
    return Measured(what, watch.seconds / len(texts), "its JSON alone", floor), watch.news


def _subscribe(simulation: Simulation) -> bytes:
    params = {
        "channels": ["orderbook_delta", "ticker", "trade"],
        "market_tickers": list(simulation._exchange.catalog.markets),
    }
    return msgspec.json.encode({"id": 1, "cmd": "subscribe", "params": params})


async def _handed(simulation: Simulation, news: Sequence[News]) -> Measured:
    """Frames to a client in this process, beside a queue of the same texts."""
    async with simulation.stream() as stream:
        await stream.send(_subscribe(simulation))
        (session,) = simulation._hub.sessions
        session.take()
        started = time.perf_counter()
        for batch in _batches(news):
            session.tell(batch)
            texts = [await stream.recv() for _ in batch]
        took = (time.perf_counter() - started) / FRAMES
    queue: asyncio.Queue[str] = asyncio.Queue()
    started = time.perf_counter()
    for _ in range(FRAMES):
        queue.put_nowait(texts[0])
        await queue.get()
    floor = (time.perf_counter() - started) / FRAMES
    return Measured("a frame to a client in-process", took, "a queue", floor)


def _batches(news: Sequence[News]) -> Iterator[Sequence[News]]:
    """The same news over and over, until there are enough."""
    starts = cycle(range(0, len(news), BATCH))
    left = FRAMES
    while left:
        at = next(starts)
        batch = news[at : at + min(BATCH, left)]
        left -= len(batch)
        yield batch


async def _carried(
    simulation: Simulation, news: Sequence[News], compression: str | None, how: str
) -> Measured:
    """Frames through the exchange's server to one client, beside the same bytes without it."""
    signer = Signer.from_pem(simulation.key_id, simulation.private_key_pem)
    headers = signer.headers("GET", PATH, simulation.clock.wall())
    async with (
        _served(simulation) as url,
        connect(url, additional_headers=headers, compression=compression) as client,
    ):
        await client.send(_subscribe(simulation))
        await client.send(b'{"id":2,"cmd":"list_subscriptions"}')
        while '"ok"' not in str(await client.recv()):
            pass
        (session,) = simulation._hub.sessions
        reading = asyncio.ensure_future(_read(client, FRAMES))
        started = time.perf_counter()
        for batch in _batches(news):
            session.tell(batch)
            await asyncio.sleep(0)  # noqa: TID251
        texts = await reading
        took = (time.perf_counter() - started) / FRAMES
    bare = await _bare(texts, compression) / FRAMES
    return Measured(f"a frame to a client over a socket{how}", took, "bare websockets", bare)


@asynccontextmanager
async def _served(simulation: Simulation) -> Any:
    stop, started = asyncio.Event(), asyncio.Event()
    with listen(0) as listener:
        server = ExchangeServer(simulation, listener, speed=0)
        serving = asyncio.ensure_future(server.serve(stop, started.set))
        await started.wait()
        yield f"{server.address.ws_url}{PATH}"
        stop.set()
        await serving


async def _read(client: Any, count: int) -> list[str]:
    return [await client.recv() for _ in range(count)]


async def _bare(texts: Sequence[str], compression: str | None) -> float:
    """Seconds for a server that does nothing but send them."""

    async def send(connection: Any) -> None:
        await connection.recv()
        for text in texts:
            await connection.send(text)

    async with serve(send, "127.0.0.1", 0, compression=compression) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=compression) as client:
            started = time.perf_counter()
            await client.send("go")
            await _read(client, len(texts))
            return time.perf_counter() - started
