"""One full pass over an exchange in a fresh process, as `kalshi ingest` makes it.

    python -m tests.bench.one_pass BASE_URL STORE

Tells on a line of JSON how many markets it read, in how many seconds, and its memory at most.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import kalshi_cli.__main__  # noqa: F401 - sets how often the collector of garbage runs
from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.ingest import ingest


async def read(base_url: str, place: Path) -> dict[str, float]:
    clock = SystemClock()
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    filters = policies(Env.SIM, Settings(home=place.parent), None).filters
    connection = connect(base_url=base_url, signer=None, clock=clock, paced=False)
    async with await open_store(place, identity, wall_us=clock.wall()) as store, connection:
        async with store.unit() as unit:
            run = await unit.desk.start_run("bench", clock.now(), clock.wall())
            await unit.catalog.set_marker("full_pass", 0)
            await unit.commit()
        started = time.perf_counter()
        data = connection.market_data
        notices = connection.notices
        result = await ingest(data, notices, store, clock, filters=filters, run_id=run.run_id)
        seconds = time.perf_counter() - started
    assert (result.complete, result.unusable) == (True, ()), result
    return {
        "markets": result.markets,
        "changed": result.saved.new + result.saved.changed,
        "seconds": seconds,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """This process's own memory at most; `ru_maxrss` would count that of whoever started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(read(sys.argv[1], Path(sys.argv[2])))) + "\n")
