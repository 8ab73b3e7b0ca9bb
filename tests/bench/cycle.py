"""A cycle of the default desk in the simulated world: ingest, analyze, trade, evaluate, track."""

import asyncio
import time
from pathlib import Path

import kalshi_cli.__main__  # noqa: F401 - sets how often the collector of garbage runs
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.scheduler.lanes import Loop, Ran, Stop
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from tests.bench.measure import Measured

CYCLES = 10
EVERY = 15 * MINUTE
LARGE = "[scale]\nmarkets = 300\n"
"""A plan of a world with so many markets."""


def measure(home: Path) -> list[Measured]:
    """The default world's cycle, and that of a world with some 300 markets."""
    plan = home / "large.toml"
    plan.write_text(LARGE)
    return [
        _row(home / "small", None, most_s=0.5),
        _row(home / "large", str(plan), most_s=0.5),
    ]


def _row(home: Path, world: str | None, *, most_s: float) -> Measured:
    markets, cycles, worlds = asyncio.run(_cycles(home, world))
    middle = sorted(cycles)[len(cycles) // 2]
    world = sorted(worlds)[len(worlds) // 2]
    what = f"a cycle of the sim desk, {markets} markets (median of {len(cycles)})"
    return Measured(what, middle, "the world's own 15 min", world, most_s=most_s)


async def _cycles(home: Path, world: str | None) -> tuple[int, list[float], list[float]]:
    """How many markets are open, and seconds of each cycle and of the world moving before it."""
    environment = Environment(Env.SIM, "the bench", home, seed=7, world=world)
    cycles: list[float] = []
    worlds: list[float] = []
    async with open_desk(
        environment,
        Settings(home=home),
        command="bench",
        trades=True,
        forecasts=True,
        single_step=False,
    ) as desk:
        for _ in range(CYCLES + 1):
            started = time.perf_counter()
            await desk.clock.sleep_until(desk.clock.now() + EVERY)
            moved = time.perf_counter()
            stop = Stop()
            await Loop(desk.lanes(stop), desk.clock, stop=stop, report=_unseen, cycles=1).run()
            cycles.append(time.perf_counter() - moved)
            worlds.append(moved - started)
        open_markets = (await desk.ingest()).open_markets
    return open_markets, cycles[1:], worlds[1:]  # the first fills an empty store


def _unseen(ran: Ran) -> None:
    """Nobody looks."""
