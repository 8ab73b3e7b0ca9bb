"""What a reaction cannot do without: a frame of a WebSocket, a commit, a signed request.

Started as a program it is the other end: it answers a message with a frame, and a request with
when it was there. The desk's end is `BareReaction`, beside whose times stand those of a whole desk.
"""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.signing import Signer
from tests.bench.orders import _commit
from tests.bench.serving import process
from tests.fakes.signature import PREFIX

PATH = f"{PREFIX}/portfolio/events/orders"
FRAME = {"type": "orderbook_delta", "sid": 1, "seq": 1, "msg": {"price_dollars": "0.4400"}}


@dataclass(slots=True)
class BareReaction:
    """Seconds from a frame to the request, and to its arrival."""

    socket: ClientConnection
    http: httpx.AsyncClient
    database: sqlite3.Connection
    signer: Signer
    url: str
    to_wire: list[float] = field(default_factory=list)
    to_other_end: list[float] = field(default_factory=list)
    _sent: float = 0.0

    async def react(self, number: int) -> None:
        await self.socket.send("go")
        told = json.loads(await self.socket.recv())
        began = time.perf_counter()
        await asyncio.to_thread(_commit, self.database, number)
        headers = self.signer.headers("POST", PATH, SystemClock().wall())
        body = json.dumps({"price": told["msg"]["price_dollars"], "client_order_id": str(number)})
        answer = await self.http.post(f"{self.url}{PATH}", content=body, headers=headers)
        self.to_wire.append(self._sent - began)
        self.to_other_end.append(answer.json()["at"] - began)

    async def goes(self, _request: httpx.Request) -> None:
        self._sent = time.perf_counter()


@asynccontextmanager
async def bare_reaction(home: Path, pem: str) -> AsyncIterator[BareReaction]:
    """The desk's end, with the other one running."""
    database = sqlite3.connect(home / "floor.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, body TEXT)")
    with process("-m", "tests.bench.bare_reaction") as line:
        async with (
            connect(f"ws://127.0.0.1:{line['port']}") as socket,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            signer = Signer.from_pem("bench", pem)
            url = f"http://127.0.0.1:{line['port']}"
            bare = BareReaction(socket, http, database, signer, url)
            http.event_hooks["request"] = [bare.goes]
            yield bare
    database.close()


def main() -> None:
    """The other end, on uvicorn as the served exchange is."""
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route, WebSocketRoute
    from starlette.websockets import WebSocket

    async def arrived(request: Request) -> JSONResponse:
        at = time.perf_counter()  # the same clock in every process of a machine
        await request.body()
        return JSONResponse({"at": at}, status_code=201)

    async def tell(socket: WebSocket) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            await socket.send_json(FRAME)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app = Starlette(routes=[Route(PATH, arrived, methods=["POST"]), WebSocketRoute("/", tell)])
    options: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, **options, timeout_keep_alive=75))
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    asyncio.run(server.serve([listener]))


if __name__ == "__main__":
    main()
