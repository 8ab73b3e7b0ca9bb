"""uvicorn and Starlette with nothing behind them: the floor of a served exchange."""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = b'{"exchange_active":true,"trading_active":true}'


async def answer(request: Request) -> Response:
    await request.body()
    return Response(BODY, media_type="application/json")


def serve(answer: Callable[[Request], Awaitable[Response]]) -> None:
    """Answer every request with this, from a free port that a line of JSON tells."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    options = {"log_config": None, "access_log": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, **options))
    line = {"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    sys.stdout.write(json.dumps(line) + "\n")  # it listens: who connects early waits
    sys.stdout.flush()
    asyncio.run(server.serve([listener]))


if __name__ == "__main__":
    serve(answer)
