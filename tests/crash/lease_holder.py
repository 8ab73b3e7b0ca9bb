"""Trades on a store that another process wants too; told what to do, one word at a time.

`sends`: journal an order and send it. `waits`: so too, but between the two it says so, and waits
for a word. Answers with what became of the order and how many were sent.
"""

import asyncio
import socket
from multiprocessing.connection import Connection
from pathlib import Path

from fakes.clock import FakeClock
from fakes.floor import open_floor, taking
from fakes.hooked import Hooked

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.errors import KalshiError
from kalshi_cli.steps.execution import send


class RealWall(FakeClock):
    """Market time stands still; leases are about real time."""

    def wall(self) -> int:
        return SystemClock().wall()


def hold(place: Path | str, ttl_s: float, host: str, pipe: Connection) -> None:
    """Hold the lease until killed, as a process on this `host`."""
    socket.gethostname = lambda: host
    asyncio.run(_hold(place, ttl_s, pipe))


async def _hold(place: Path | str, ttl_s: float, pipe: Connection) -> None:
    async def waits(_client_order_id: str) -> None:
        pipe.send("waits")
        pipe.recv()

    async with open_floor(place, RealWall(), ttl_s=ttl_s, renew_s=ttl_s / 10) as floor:
        pipe.send("holds")
        while True:
            is_to_wait = pipe.recv() == "waits"
            desk = floor.desk_on(Hooked(floor.exchange, waits)) if is_to_wait else floor.desk
            try:
                became = (await send(desk, taking(count="1.00"))).state
            except KalshiError as error:
                became = error.code
            pipe.send(f"{became} {len(floor.exchange.placed)}")
