"""What a desk reads before it trades, out of a large store in which few markets are eligible.

    python -m tests.bench.one_look STORE LEAST_VOLUME

Tells on a line of JSON how many markets are candidates, and in how many seconds they were read.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import kalshi_cli.__main__  # noqa: F401 - sets how often the collector of garbage runs
from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.filters._gate import Screen
from kalshi_cli.settings.sections import Filters, Settings
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.selection import screen_rest


async def read(place: Path, least_volume: float) -> dict[str, float]:
    clock = SystemClock()
    settings = Settings(home=place.parent, filters=Filters(min_volume=least_volume))
    filters = policies(Env.SIM, settings, None).filters
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    async with await open_store(place, identity, wall_us=clock.wall()) as store:
        await screen_rest(store, Screen.of(filters), clock.now())  # as an ingest leaves it
        started = time.perf_counter()
        view = await look(store, now_us=clock.now(), filters=filters)
        seconds = time.perf_counter() - started
    return {"candidates": len(view.eligible), "seconds": seconds}


if __name__ == "__main__":
    told = asyncio.run(read(Path(sys.argv[1]), float(sys.argv[2])))
    sys.stdout.write(json.dumps(told) + "\n")
