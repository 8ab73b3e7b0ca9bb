"""What `sim` does with the simulated world, which it opens without a desk."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kalshi_cli.cli.runtime import Show, begin, finish, run_async
from kalshi_cli.cli.start import Prepared, prepare
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, HOUR, to_rfc3339
from kalshi_cli.errors import NotFound, UsageError

if TYPE_CHECKING:
    from kalshi_cli.adapters.sim.simulation import Simulation, SimulationStatus

_STEP_US = 6 * HOUR
LONGEST = 366 * DAY
"""Of one `sim advance`: a year of a world takes minutes."""


def on_world(
    ctx: typer.Context,
    action: "Callable[[Simulation], Awaitable[SimulationStatus]]",
    show: "Show[SimulationStatus]",
    *,
    makes: bool = True,
) -> None:
    """Open the world, do something to it, show how it stands.

    One that is not there is made, where the action `makes` one or the person says which. Raises
    `NotFound` otherwise.
    """
    ready = prepared(ctx)
    if not makes:
        _check_there(ready)

    async def work() -> "SimulationStatus":
        from kalshi_cli.adapters.sim.simulation import open_simulation

        environment = ready.environment
        world = open_simulation(environment.home, seed=environment.seed, world=environment.world)
        async with world as simulation:
            return await action(simulation)

    finish(ready.invocation, run_async(work()), show)


def _check_there(ready: Prepared) -> None:
    from kalshi_cli.adapters.sim.world.files import WorldFiles

    environment = ready.environment
    is_chosen = environment.seed is not None or environment.world is not None
    if not is_chosen and not WorldFiles.under(environment.home).world.exists():
        raise NotFound(
            f"There is no simulated world in {environment.home} yet.",
            remedy="`kalshi run-loop --sim` makes one; --seed N or --world W says which.",
        )


def on_reset(ctx: typer.Context, show: Show[Path | None]) -> None:
    """Set the world aside; the result is where it went, None where there was none."""
    from kalshi_cli.adapters.sim.simulation import reset_simulation

    ready = prepared(ctx)
    finish(ready.invocation, reset_simulation(ready.environment.home), show)


async def standing(world: "Simulation") -> "SimulationStatus":
    """How the world stands, category by category."""
    return world.status(census=True)


async def advanced(world: "Simulation", span_us: int) -> "SimulationStatus":
    """Move the world's clock, a few hours at a time, and say how it stands then.

    A signal is heard between two of them, and leaves the world where it has come to.
    """
    start_us, end_us = world.now_us, world.now_us + span_us
    tells = span_us > _STEP_US and sys.stderr.isatty()
    while world.now_us < end_us:
        await world.clock.sleep_until(min(end_us, world.now_us + _STEP_US))
        await _let_signals_in()
        if tells:
            share = (world.now_us - start_us) / span_us
            sys.stderr.write(f"\r{share:4.0%} {to_rfc3339(world.now_us)}")
    if tells:
        sys.stderr.write("\r" + " " * 40 + "\r")
    return world.status()


async def _let_signals_in() -> None:
    """Give the loop a turn."""
    import asyncio

    await asyncio.get_running_loop().run_in_executor(None, lambda: None)


def livable(span_us: int) -> int:
    """The span. Raises `UsageError` for more than a world lives at a time."""
    if span_us > LONGEST:
        raise UsageError("That is more than a world lives at a time.", remedy="Give 366d at most.")
    return span_us


def prepared(ctx: typer.Context) -> Prepared:
    """`sim` means sim, whatever the settings say; another environment by name is a mistake."""
    asked = ctx.obj.options.env
    if asked not in {None, Env.SIM}:
        raise UsageError(f"`kalshi sim` is about the simulated world, not {asked}.")
    ctx.obj.given["sim"] = True
    return prepare(begin(ctx))
