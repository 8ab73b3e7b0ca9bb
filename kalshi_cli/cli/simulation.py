"""What `sim` does with the simulated world, which it opens without a desk."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kalshi_cli.cli.runtime import Show, begin, finish, run_async
from kalshi_cli.cli.start import Prepared, prepare
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import parse_span
from kalshi_cli.errors import InvalidValue, UsageError

if TYPE_CHECKING:
    from kalshi_cli.adapters.sim.simulation import Simulation, SimulationStatus


def on_world(
    ctx: typer.Context,
    action: "Callable[[Simulation], SimulationStatus]",
    show: "Show[SimulationStatus]",
) -> None:
    """Open the world, do something to it, show how it stands."""
    ready = prepared(ctx)

    async def work() -> "SimulationStatus":
        from kalshi_cli.adapters.sim.simulation import open_simulation

        environment = ready.environment
        world = open_simulation(environment.home, seed=environment.seed, world=environment.world)
        async with world as simulation:
            return action(simulation)

    finish(ready.invocation, run_async(work()), show)


def on_reset(ctx: typer.Context, show: Show[Path | None]) -> None:
    """Set the world aside; the result is where it went, None where there was none."""
    from kalshi_cli.adapters.sim.simulation import reset_simulation

    ready = prepared(ctx)
    finish(ready.invocation, reset_simulation(ready.environment.home), show)


def advanced(world: "Simulation", span_us: int) -> "SimulationStatus":
    """Move the world's clock and say how it stands then."""
    world.advance(world.now_us + span_us)
    return world.status()


def parsed_span(text: str) -> int:
    """Microseconds of market time. Raises `UsageError` for what is no span, or no time at all."""
    try:
        span_us = parse_span(text)
    except InvalidValue as error:
        raise UsageError(str(error)) from error
    if not span_us:
        raise UsageError(f"{text} is no time at all.")
    return span_us


def prepared(ctx: typer.Context) -> Prepared:
    """`sim` means sim, whatever the settings say; another environment by name is a mistake."""
    asked = ctx.obj.options.env
    if asked not in {None, Env.SIM}:
        raise UsageError(f"`kalshi sim` is about the simulated world, not {asked}.")
    ctx.obj.given["sim"] = True
    return prepare(begin(ctx))
