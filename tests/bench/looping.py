"""What `kalshi run-loop` costs while it streams 500 markets that it holds, as a process of its own.

The exchange is served; its stream is a feeder's, which plays ten minutes of recorded books, five
recordings at once, in half a minute. Before it nothing moves for a while: what the loop's own steps
cost by the clock is told apart from what each frame costs, for the steps are not replayed faster.
The floor is a program that reads the same frames and does nothing.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalshi_cli.bootstrap.desk import OpenDesk
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.levels import Levels
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import OrderState
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.execution import send
from tests.bench.measure import Measured
from tests.bench.reaction import CENT, OWNER, environment_of, one_at
from tests.bench.recorded_feed import MARKETS, RECORDED_S, Control, found
from tests.bench.serving import EPOCH, process

WORLD = f"[scale]\nmarkets = {3 * MARKETS}\n"
"""Enough of them have somebody to buy from."""
STARTS_S, QUIET_S = 300.0, 30.0
"""How long the first round may take, and how long nothing moves after it."""
MINUTES = RECORDED_S / 60


@dataclass(frozen=True, slots=True)
class _Used:
    """Seconds of CPU in a minute in which nothing moves, and for all that is played; MB at most."""

    quiet_minute_s: float
    played_s: float
    frames: int
    peak_mb: float


def measure(home: Path) -> list[Measured]:
    """CPU and memory; nothing, with the reason, where they cannot be measured."""
    if not found():
        sys.stderr.write("looping is left out: there are no recordings of books\n")
        return []
    if not Path("/proc/self/stat").exists():
        sys.stderr.write("looping is left out: there is no /proc to read CPU time from\n")
        return []
    plan = home / "plan.toml"
    plan.write_text(WORLD)
    serve = ["-m", "kalshi_cli", "sim", "serve", "--port", "0", "--seed", "7", "--json", "-q"]
    world = ["--world", str(plan), "--epoch", EPOCH, "--tier", "unlimited"]
    with process(*serve, *world, "--home", str(home / "exchange")) as line:
        asyncio.run(_buy(home, line))
        loop = _of_loop(home, line)
    with (
        process("-m", "tests.bench.recorded_feed") as feed,
        process("-m", "tests.bench.bare_reader", feed["ws_url"], str(MARKETS)) as reader,
    ):
        floor = asyncio.run(_used(reader["pid"], feed["ws_url"]))
    return _rows(loop, floor)


def _of_loop(home: Path, line: dict[str, Any]) -> _Used:
    with (
        process("-m", "tests.bench.recorded_feed") as feed,
        _loop(home, line, feed["ws_url"]) as running,
    ):
        used = asyncio.run(_used(running.pid, feed["ws_url"], home / "stdout"))
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 128 + signal.SIGINT, (home / "stderr").read_text()
    return used


def _rows(loop: _Used, floor: _Used) -> list[Measured]:
    assert loop.frames == floor.frames
    what, beside = f"run-loop, {MARKETS} streamed positions", "the same frames, read alone"
    return [
        Measured(f"{what}: CPU for a minute in which nothing moves", loop.quiet_minute_s),
        Measured(
            f"{what}: CPU more for a recorded minute ({loop.frames / MINUTES:,.0f} frames)",
            loop.played_s / MINUTES,
            beside,
            floor.played_s / MINUTES,
        ),
        Measured(
            f"{what}: CPU more for a frame",
            loop.played_s / loop.frames,
            beside,
            floor.played_s / floor.frames,
        ),
        Measured(f"{what}: peak memory", loop.peak_mb, unit="MB"),
        Measured(f"{beside}: peak memory", floor.peak_mb, unit="MB"),
    ]


async def _used(pid: int, url: str, told: Path | None = None) -> _Used:
    """What a process uses that listens to a feed, once it has `told` of a first round there."""
    control = Control(url)
    await control.subscribed()
    async with asyncio.timeout(STARTS_S):
        while told is not None and _is_empty(told):  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # noqa: TID251
    before, began = _cpu_s(pid), time.perf_counter()
    await asyncio.sleep(QUIET_S)  # noqa: TID251
    between, quiet_s = _cpu_s(pid), time.perf_counter() - began
    a_second = (between - before) / quiet_s
    began = time.perf_counter()
    frames = await control.play()
    played = _cpu_s(pid) - between - a_second * (time.perf_counter() - began)
    return _Used(60 * a_second, played, frames, _peak_mb(pid))


def _is_empty(file: Path) -> bool:
    return file.stat().st_size == 0


def _cpu_s(pid: int) -> float:
    """CPU time of all threads of a process."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def _loop(home: Path, line: dict[str, Any], ws_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program itself, as a person starts it."""
    told = {
        "KALSHI_HOME": str(home / "desk"),
        "KALSHI_API_KEY": line["api_key_id"],
        "KALSHI_PRIVATE_KEY": line["private_key_path"],
        "KALSHI_BASE_URL": line["base_url"],
        "KALSHI_WS_URL": ws_url,
    }
    if line.get("clock"):
        told["KALSHI_SIM_CLOCK"] = json.dumps(line["clock"])
    command = [sys.executable, "-m", "kalshi_cli", "run-loop", "--env", "demo", "--json"]
    with (home / "stdout").open("wb") as out, (home / "stderr").open("wb") as err:
        running = subprocess.Popen(
            [*command, "--forecaster", "baseline"],
            env={**os.environ, **told},
            stdout=out,
            stderr=err,
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()


async def _buy(home: Path, line: dict[str, Any]) -> None:
    """A contract in each of so many markets, with a plan that no book of the feed meets."""
    settings = Settings(home=home / "desk")
    opened = open_desk(
        environment_of(home, line), settings, command="bench", trades=True, single_step=False
    )
    async with opened as desk:
        await desk.ingest()
        await desk.track()
        assert await _bought(desk) == MARKETS
        await desk.track()


async def _bought(desk: OpenDesk) -> int:
    async with desk.store.unit() as unit:
        entries = await unit.catalog.entries()
    count = 0
    for entry in entries:
        ask = entry.quote.ask
        if count == MARKETS or ask is None or ask.price > Price(9_500):
            continue
        intent = one_at(entry, ask.price + CENT)
        plan = ExitPlan(intent.ticker, OWNER, Levels(Price(1), Price(9_999)), 0)
        count += (await send(desk.sender, intent, plan)).state is OrderState.FILLED
    return count
