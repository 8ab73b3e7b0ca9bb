"""The stream over WebSocket: the signed handshake and the two directions."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from kalshi_cli.adapters.sim.access.auth import KeyRing
from kalshi_cli.adapters.sim.stream.carriage import Decide, faultless
from kalshi_cli.adapters.sim.stream.connection import StreamConnection
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.wire.replies import rejection
from kalshi_cli.engine.commands import Rejected

PATH = "/trade-api/ws/v2"


class StreamEndpoint:
    """Lets a client in whose handshake is signed; anyone else is refused with 401.

    `decide` tells which faults strike a frame.
    """

    def __init__(
        self,
        hub: StreamHub,
        keys: KeyRing,
        wall: Callable[[], int],
        decide: Decide = faultless,
    ) -> None:
        self._hub, self._keys, self._wall, self._decide = hub, keys, wall, decide

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        objection = self._keys.objection(Headers(scope=scope), "GET", PATH, self._wall())
        if objection is not None:
            await websocket.send_denial_response(rejection(_worded(objection)))
            return
        await websocket.accept()
        connection = StreamConnection(self._hub, self._decide)
        directions = [
            asyncio.ensure_future(_listen(connection, receive)),
            asyncio.ensure_future(_speak(connection, send)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            if connection.is_broken and "reset" in scope:
                scope["reset"]()
        finally:
            connection.close()
            for direction in directions:
                direction.cancel()
            await asyncio.wait(directions)
        for direction in directions:
            if not direction.cancelled():
                direction.result()


def _worded(objection: Rejected) -> Rejected:
    """The stream has a word of its own for a handshake without a signature."""
    if objection.code == "signature_is_missing_from_headers":
        return Rejected(objection.status, "token_authentication_failure")
    return objection


async def _listen(connection: StreamConnection, receive: Receive) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        text = message.get("text")
        connection.receive(message["bytes"] if text is None else text)


async def _speak(connection: StreamConnection, send: Send) -> None:
    """Send frames until the client is gone. After a reset no word is said: not even a close."""
    try:
        while (frame := await connection.next()) is not None:
            await send({"type": "websocket.send", "text": frame})
    except OSError:
        return
