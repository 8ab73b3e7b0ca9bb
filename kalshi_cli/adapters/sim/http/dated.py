"""The `Date` of answers over a socket: when they are made.

A server's own tells its last quiet moment, which a world that was busy for seconds has long left.
By it, a client would think that its clock is off, and trade no more.
"""

from collections.abc import Callable
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kalshi_cli.domain.instant import SECOND


class Dated:
    """An application whose answers tell the real time, as `wall` does in microseconds."""

    def __init__(self, application: ASGIApp, wall: Callable[[], int]) -> None:
        self._application = application
        self._wall = wall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = formatdate(self._wall() / SECOND, usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", now)]}
            await send(message)

        await self._application(scope, receive, dated if scope["type"] == "http" else send)
