"""A session as frames to wait for, with what faults make of them; and one without a socket."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Self

from kalshi_cli.adapters.sim.faults.plan import Reset, Stall
from kalshi_cli.adapters.sim.stream.carriage import Carriage, Decide, Step, faultless
from kalshi_cli.adapters.sim.stream.hub import StreamHub

if TYPE_CHECKING:
    from websockets.exceptions import ConnectionClosed

_BATCH = 64
"""Frames sent at once, before others have their turn."""


class StreamConnection:
    """One client of the hub. `is_broken` once a fault has broken it off."""

    def __init__(self, hub: StreamHub, decide: Decide = faultless) -> None:
        self._hub, self._carriage = hub, Carriage(decide)
        self._due = asyncio.Event()
        self._steps: deque[Step] = deque()
        self._session = hub.open(self._due.set)
        self._is_open = True
        self.is_broken = False

    def receive(self, message: str | bytes) -> None:
        """A command of the client."""
        self._session.receive(message)

    async def next(self) -> str | None:
        """The next frame to send; None once the connection is closed or broken."""
        while self._is_open:
            if not self._steps:
                await self._fill()
                continue
            step = self._steps[0]
            if isinstance(step, Stall):
                await asyncio.sleep(step.ms / 1_000)  # noqa: TID251 - a fault takes real time
            self._steps.popleft()
            if isinstance(step, str):
                return step
            if isinstance(step, Reset):
                self.is_broken = True
                self.close()
        return None

    async def _fill(self) -> None:
        """Wait until something is due; others have their turn first."""
        await asyncio.sleep(0)  # noqa: TID251 - not to wait, but to let others have the loop
        await self._due.wait()
        taken = self._session.take(_BATCH)
        for due in taken:
            self._steps.extend(self._carriage.carry(due))
        if not taken:
            self._due.clear()

    def close(self) -> None:
        """The client is gone."""
        if self._is_open:
            self._is_open = False
            self._hub.drop(self._session)
            self._due.set()


class InProcessStream:
    """The stream for a client in the same process; used as a connection of `websockets` is.

    Raises that library's exceptions: `ConnectionClosedError` after a reset, `ConnectionClosedOK`
    after `close`.
    """

    def __init__(self, connection: StreamConnection) -> None:
        self._connection = connection

    async def send(self, message: str | bytes) -> None:
        """Send a command."""
        if self._connection.is_broken:
            raise self._ended()
        self._connection.receive(message)

    async def recv(self) -> str:
        """The next frame."""
        frame = await self._connection.next()
        if frame is None:
            raise self._ended()
        return frame

    async def ping(self) -> "asyncio.Future[float]":
        """A ping; its answer is there at once."""
        if self._connection.is_broken:
            raise self._ended()
        pong = asyncio.get_running_loop().create_future()
        pong.set_result(0.0)
        return pong

    async def close(self) -> None:
        self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Frames until the connection ends; raises where it broke."""
        while (frame := await self._connection.next()) is not None:
            yield frame
        if self._connection.is_broken:
            raise self._ended()

    def _ended(self) -> "ConnectionClosed":
        from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

        ended = ConnectionClosedError if self._connection.is_broken else ConnectionClosedOK
        return ended(None, None)
