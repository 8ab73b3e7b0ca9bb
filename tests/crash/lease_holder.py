"""Trades on a store that another process wants too; told by lines on stdin what to do.

python lease_holder.py PLACE TTL_SECONDS HOST

`sends`: journal an order and send it. `stops`: so too, but the process stops itself between the
two, until somebody continues it. Answers with what became of the order and how many were sent.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

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


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def stopped(_client_order_id: str) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


async def main(place: Path | str, ttl_s: float) -> None:
    async with open_floor(place, RealWall(), ttl_s=ttl_s, renew_s=ttl_s / 10) as floor:
        say("holds")
        for line in sys.stdin:
            stops = line.strip() == "stops"
            desk = floor.desk_on(Hooked(floor.exchange, stopped)) if stops else floor.desk
            try:
                became = (await send(desk, taking(count="1.00"))).state
            except KalshiError as error:
                became = error.code
            say(became, len(floor.exchange.placed))


if __name__ == "__main__":
    where, ttl, host = sys.argv[1:]
    socket.gethostname = lambda: host
    asyncio.run(main(where if "://" in where else Path(where), float(ttl)))
