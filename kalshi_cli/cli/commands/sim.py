"""Serve, look at, move or set aside the simulated world."""

from typing import Annotated

import typer

from kalshi_cli.cli.names import span as parsed

PANEL = "Data"
TAKES = {
    "serve": ("seed", "world", "fresh", "faults"),
    "status": ("seed", "world"),
    "advance": ("seed", "world"),
    "reset": (),
}
app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False)


@app.command()
def status(ctx: typer.Context) -> None:
    """Say where the world stands: seed, clock, markets, our account.

    It makes no world, unless --seed or --world says which.

    Example: kalshi sim status
    """
    from kalshi_cli.cli.render.simulation import show_world
    from kalshi_cli.cli.simulation import on_world, standing

    on_world(ctx, standing, show_world, makes=False)


@app.command()
def advance(
    ctx: typer.Context,
    span: Annotated[int, typer.Argument(parser=parsed, help="How far: 90s, 15m, 6h, 1d12h.")],
) -> None:
    """Let the world live for a while. Nothing is traded by us meanwhile.

    Example: kalshi sim advance 6h
    """
    from kalshi_cli.cli.render.simulation import show_world
    from kalshi_cli.cli.simulation import advanced, livable, on_world

    span_us = livable(span)
    on_world(ctx, lambda world: advanced(world, span_us), show_world)


@app.command()
def serve(
    ctx: typer.Context,
    *,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="P", min=0, max=65_535, help="On 127.0.0.1; 0 takes a free one."
        ),
    ] = 8643,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", metavar="X", min=0, max=3_600, help="Market time per real time; 0: none."
        ),
    ] = 1.0,
    tier: Annotated[
        str,
        typer.Option(
            "--tier", metavar="T", help="Rate limits of: basic ... prestige, or unlimited."
        ),
    ] = "basic",
    rsa: Annotated[
        bool, typer.Option("--rsa", help="An RSA key for the account, instead of Ed25519.")
    ] = False,
    epoch: Annotated[
        str | None,
        typer.Option(
            "--epoch",
            metavar="TIME",
            help="Where a new world begins, as 2027-01-06T15:00:00Z; default: now.",
        ),
    ] = None,
    ai: Annotated[
        bool, typer.Option("--ai", help="A stand-in for Grok too, which makes its answers up.")
    ] = False,
) -> None:
    """Serve the exchange on this machine until Ctrl-C.

    It is served as the demo is. One JSON line on stdout says where it is and which key
    trades on it; with its values in KALSHI_BASE_URL, KALSHI_WS_URL, KALSHI_API_KEY and
    KALSHI_PRIVATE_KEY, `--env demo` trades here. docs/simulated-exchange.md tells more.

    Example: kalshi sim serve --port 8643 --seed 7
    """
    from kalshi_cli.cli.serving import on_serve

    on_serve(ctx, port=port, speed=speed, tier=tier, rsa=rsa, epoch=epoch, ai=ai)


@app.command()
def reset(ctx: typer.Context) -> None:
    """Set the world and the simulated desk aside; nothing is deleted.

    Example: kalshi sim reset
    """
    from kalshi_cli.cli.render.simulation import show_reset
    from kalshi_cli.cli.simulation import on_reset

    on_reset(ctx, show_reset)
