"""What answers of the embedded exchange cost, in-process and over HTTP.

The floor is a bare route of the same framework that returns the very same bytes the same way.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from tests.bench.measure import Measured

LIVED = 29 * HOUR
TIMES = 150
API = "/trade-api/v2"


def measure(home: Path) -> list[Measured]:
    """The rows of the API."""
    del home
    return asyncio.run(_measured())


async def _measured() -> list[Measured]:
    async with open_simulation(None, seed=7) as simulation:
        simulation.advance(simulation.now_us + LIVED)
        rows = [_kept(simulation)]
        inside = httpx.AsyncClient(transport=simulation.transport(), base_url=simulation.origin)
        async with inside:
            for what, path in await _questions(simulation, inside):
                body = (await inside.get(path)).content
                floor = httpx.ASGITransport(_bare(body))
                async with httpx.AsyncClient(transport=floor, base_url="http://floor") as beside:
                    rows.append(await _row(f"{what}, in-process", inside, path, beside))
                async with _served(simulation.app) as ours, _served(_bare(body)) as theirs:
                    rows.append(await _row(f"{what}, over HTTP", ours, path, theirs))
        return rows


async def _questions(simulation: Simulation, client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """What is asked, and how: the lists as long as the world makes them."""
    markets = simulation._exchange.catalog.markets.values()
    ticker = next(m.ticker for m in markets if m.status is MarketStatus.ACTIVE)
    asked = [("page of {} open markets", f"{API}/markets?limit=1000&status=open", "markets"),
             ("page of {} markets", f"{API}/markets?limit=1000", "markets"),
             ("page of {} trades", f"{API}/markets/trades?limit=1000", "trades")]  # fmt: skip
    lists = [
        (f"a {what.format(len((await client.get(path)).json()[name]))}", path)
        for what, path, name in asked
    ]
    one = f"{API}/markets/{ticker}"
    return [*lists, ("one market", one), ("one order book", f"{one}/orderbook")]


async def _row(
    what: str, ours: httpx.AsyncClient, path: str, theirs: httpx.AsyncClient
) -> Measured:
    """The best of many, in turns, so that a busy machine is as busy for both."""
    least = {"ours": 1e9, "theirs": 1e9}
    asks: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "ours": lambda: ours.get(path),
        "theirs": lambda: theirs.get("/"),
    }
    for _ in range(TIMES):
        for name, ask in asks.items():
            started = time.perf_counter()
            answer = await ask()
            least[name] = min(least[name], time.perf_counter() - started)
            assert answer.status_code == 200
    return Measured(what, least["ours"], "a bare route, same bytes", least["theirs"])


def _kept(simulation: Simulation) -> Measured:
    """How long the trades of a world take to become bytes, and how many bytes those are."""
    log = simulation._exchange.catalog.prints
    started = time.perf_counter()
    size = len(msgspec.msgpack.encode(log))
    took = time.perf_counter() - started
    each = size / max(1, len(log))
    return Measured(f"{len(log):,} trades into a snapshot, {each:.1f} bytes each", took)


def _bare(body: bytes) -> Starlette:
    async def answer(_request: object) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/", answer)])


@asynccontextmanager
async def _served(app: Starlette):
    """A client of the application on loopback, whose server is in this loop."""
    with listen(0) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)  # noqa: TID251 - a socket, not the market
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base) as client:
            yield client
        server.should_exit = True
        await serving
