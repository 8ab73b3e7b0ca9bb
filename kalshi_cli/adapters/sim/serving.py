"""The exchange over HTTP and WebSocket, for this machine alone, its world living in real time."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.adapters.sim.stream.heartbeat import OPTIONS
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError

LOOPBACK = "127.0.0.1"
_TICK_S = 0.25
_LARGEST_SHARE = 4
"""A tick is followed by a rest of so many times what it took: requests come first."""
_KEEP_ALIVE_S = 75
"""Longer than clients keep a connection for their next request, so that they never find it gone."""
_PATIENCE_S = 2
"""How long answers under way, and streams, may take to end after a stop."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the exchange answers and who may trade on it.

    The URLs are without `/trade-api`. `clock` is None where market time is real time.
    """

    base_url: str
    ws_url: str
    api_key_id: str
    private_key_path: str
    clock: TimeScale | None


def listen(port: int) -> socket.socket:
    """Take a port on loopback; 0 takes a free one. Raises `ConfigError` where that fails."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"Port {port} cannot be served: {why}.",
            remedy="Use another --port; 0 takes a free one.",
        ) from error


class ExchangeServer:
    """Serves a simulation on a listening socket.

    Market time runs on from where the world stands, `speed` times as fast as real time; at speed 0
    it stands still. A world of speed 1 that is less than a minute late catches up, and then lives
    in real time.
    """

    def __init__(
        self, simulation: Simulation, listener: socket.socket, *, speed: float = 1
    ) -> None:
        self.simulation = simulation
        self._listener = listener
        self._scale = _scale(simulation.clock.wall(), simulation.now_us, speed)
        simulation.live(self.now)

    def now(self) -> int:
        """Market time of this moment; never before the world's."""
        return max(self._scale.at(self.simulation.clock.wall()), self.simulation.now_us)

    @property
    def address(self) -> Address:
        host = f"{LOOPBACK}:{self._listener.getsockname()[1]}"
        file = self.simulation.private_key_file
        return Address(
            base_url=f"http://{host}",
            ws_url=f"ws://{host}",
            api_key_id=self.simulation.key_id,
            private_key_path="" if file is None else str(file.resolve()),
            clock=None if self._scale.is_real else self._scale,
        )

    async def serve(self, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Serve until `stop`; `started` is called once connections are accepted.

        Raises what stopped the world, where that came first.
        """
        server = _Server(self._config(), started)
        serving = asyncio.ensure_future(server.serve([self._listener]))
        living = asyncio.ensure_future(self._live())
        stopping = asyncio.ensure_future(stop.wait())
        tasks = (serving, living, stopping)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await serving
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not living.cancelled():
            living.result()

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.simulation.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            **OPTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_PATIENCE_S,
        )

    async def _live(self) -> None:
        """Keep the world at market time between requests."""
        while True:
            began = time.monotonic()
            now_us = self.now()
            if now_us > self.simulation.now_us:
                self.simulation.advance(now_us)
            rest_s = max(_TICK_S, _LARGEST_SHARE * (time.monotonic() - began))
            await asyncio.sleep(rest_s)  # noqa: TID251 - the pulse of a served world


def _scale(wall_us: int, world_us: int, speed: float) -> TimeScale:
    is_late = speed == 1 and 0 <= wall_us - world_us < MINUTE
    return TimeScale(wall_us, wall_us if is_late else world_us, speed)


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and tells when it accepts connections."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._told()
