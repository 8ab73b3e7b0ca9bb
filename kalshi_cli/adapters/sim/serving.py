"""The exchange served on this machine, its world living in real time."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp

from kalshi_cli.adapters.sim.control import Control
from kalshi_cli.adapters.sim.http.dated import Dated
from kalshi_cli.adapters.sim.http.faulty import Line
from kalshi_cli.adapters.sim.http.loopback import LOOPBACK, LoopbackServer
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.engine.limits import Tier

_TICK_S = 0.25
_REST = 4
"""A tick is followed by a rest of so many times what it took: requests come first."""


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


class ExchangeServer:
    """Serves a simulation on a listening socket.

    Market time runs on from where the world stands, `speed` times as fast as real time; at speed 0
    it stands still. A world of speed 1 that is less than a minute late catches up, and then lives
    in real time. With a tier, requests are throttled as that tier's are.
    """

    def __init__(
        self,
        simulation: Simulation,
        listener: socket.socket,
        *,
        speed: float = 1,
        tier: Tier | None = None,
    ) -> None:
        self.simulation = simulation
        self._listener = listener
        self._port = listener.getsockname()[1]
        self.scale = _scale(simulation.clock.wall(), simulation.now_us, speed)
        simulation.host.live(self.now)
        if tier is not None:
            simulation.budgets.enforce(tier, simulation.clock.wall())

    def now(self) -> int:
        """Market time of this moment; never before the world's."""
        return max(self.scale.at(self.simulation.clock.wall()), self.simulation.now_us)

    def advance(self, to_us: int) -> None:
        """Move the world ahead at once; its clock runs on from there, as fast as before.

        Raises `Refused` for an instant that has passed.
        """
        self.simulation.advance(to_us)
        self.scale = TimeScale(self.simulation.clock.wall(), to_us, self.scale.speed)

    @property
    def address(self) -> Address:
        file = self.simulation.private_key_file
        return Address(
            base_url=f"http://{LOOPBACK}:{self._port}",
            ws_url=f"ws://{LOOPBACK}:{self._port}",
            api_key_id=self.simulation.key_id,
            private_key_path="" if file is None else str(file.resolve()),
            clock=None if self.scale.is_real else self.scale,
        )

    async def serve(self, stop: asyncio.Event, started: Callable[[], None]) -> None:
        """Serve until `stop`; `started` is called once connections are accepted.

        Raises what stopped the world, where that came first.
        """
        server = LoopbackServer(self._listener, self._application, started)
        serving = asyncio.ensure_future(server.run_until_told())
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

    def _application(self, line: Line) -> ASGIApp:
        control = Control(self, self.simulation.application(line))
        return Dated(control, self.simulation.clock.wall)

    async def _live(self) -> None:
        """Keep the world at market time between requests."""
        while True:
            began = time.monotonic()
            now_us = self.now()
            if now_us > self.simulation.now_us:
                self.simulation.host.tick(now_us)
            rest_s = max(_TICK_S, _REST * (time.monotonic() - began))
            await asyncio.sleep(rest_s)  # noqa: TID251 - the pulse of a served world


def _scale(wall_us: int, world_us: int, speed: float) -> TimeScale:
    is_late = speed == 1 and 0 <= wall_us - world_us < MINUTE
    return TimeScale(wall_us, wall_us if is_late else world_us, speed)
