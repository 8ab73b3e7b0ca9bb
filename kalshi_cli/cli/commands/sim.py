"""Look at, move or set aside the simulated world."""

from typing import Annotated

import typer

PANEL = "Data"
TAKES = ("seed", "world")
app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False)


@app.command()
def status(ctx: typer.Context) -> None:
    """Where the world stands: its seed, its clock, its markets, our account in it.

    Example: kalshi sim status
    """
    from kalshi_cli.cli.render.simulation import show_world
    from kalshi_cli.cli.simulation import on_world

    on_world(ctx, lambda world: world.status(), show_world)


@app.command()
def advance(
    ctx: typer.Context,
    span: Annotated[str, typer.Argument(help="How far: 90s, 15m, 6h, 1d12h.")],
) -> None:
    """Let the world live for a while. Nothing is traded by us meanwhile.

    Example: kalshi sim advance 6h
    """
    from kalshi_cli.cli.render.simulation import show_world
    from kalshi_cli.cli.simulation import advanced, on_world, parsed_span

    span_us = parsed_span(span)
    on_world(ctx, lambda world: advanced(world, span_us), show_world)


@app.command()
def reset(ctx: typer.Context) -> None:
    """Set the world and the simulated desk aside; nothing is deleted.

    Example: kalshi sim reset
    """
    from kalshi_cli.cli.render.simulation import show_reset
    from kalshi_cli.cli.simulation import on_reset

    on_reset(ctx, show_reset)
