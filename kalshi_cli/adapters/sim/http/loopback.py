"""HTTP and WebSocket on a socket of this machine, with connections that faults can break."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Scope

from kalshi_cli.adapters.sim.http.faulty import Line
from kalshi_cli.adapters.sim.stream.heartbeat import OPTIONS
from kalshi_cli.errors import ConfigError

LOOPBACK = "127.0.0.1"
_KEEP_ALIVE_S = 75
"""Longer than clients keep a connection for their next request, so that they never find it gone."""
_PATIENCE_S = 2
"""How long answers under way, and streams, may take to end after a stop."""
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER without patience: closing resets the connection instead of ending it in order."""


def listen(port: int) -> socket.socket:
    """Take a port on loopback; 0 takes a free one. Raises `ConfigError` where that fails.

    Connections send at once: an answer in two writes would otherwise wait 40 ms for the client to
    acknowledge the first, and asyncio sees to that only for sockets that name their protocol.
    """
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise ConfigError(
            f"Port {port} cannot be served: {why}.",
            remedy="Use another --port; 0 takes a free one.",
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class LoopbackServer(uvicorn.Server):
    """uvicorn that leaves signals to whoever runs it, tells when it accepts connections, and is a
    `faulty.Line`.
    """

    def __init__(
        self,
        listener: socket.socket,
        build: Callable[[Line], ASGIApp],
        started: Callable[[], None],
    ) -> None:
        config = uvicorn.Config(
            build(self),
            date_header=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            **OPTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        super().__init__(config)
        self._listener = listener
        self._port = listener.getsockname()[1]
        self._tell_started = started
        self._reopening: asyncio.Task[None] | None = None

    async def run_until_told(self) -> None:
        """Serve until `should_exit` is set."""
        try:
            await self.serve([self._listener])
        finally:
            if self._reopening is not None:
                self._reopening.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251 - the latency of a network, not trading

    def reset(self, scope: Scope) -> None:
        for protocol in list(self.server_state.connections):
            if protocol.transport.get_extra_info("peername") == tuple(scope["client"]):
                _reset(protocol.transport)

    async def cut(self, seconds: float) -> None:
        """Reset every connection, and refuse new ones for a while."""
        for server in self.servers:
            server.close()
        for protocol in list(self.server_state.connections):
            _reset(protocol.transport)
        self._reopening = asyncio.ensure_future(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await self.wait(seconds)
        await super().startup([listen(self._port)])


def _reset(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
