"""Watch markets live: top of the book and trades, as they happen."""

import sys
from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible
from kalshi_cli.cli.options import STEPPING

PANEL = "Observe"
TAKES = STEPPING
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def watch(
    ctx: typer.Context,
    tickers: Annotated[
        list[str],
        typer.Argument(callback=plausible, help="The markets to watch; - reads them from stdin."),
    ],
    *,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed",
            metavar="X",
            min=0,
            max=3_600,
            help="Let the simulated world live so many times as fast as real time.",
        ),
    ] = None,
) -> None:
    """Watch markets live until Ctrl-C: top of the book and trades, over the exchange's stream.

    A book that lost a frame, or whose connection is down, shows no price until the exchange has
    told it anew. A simulated world stands still while it is watched, unless --speed is given.

    Example: kalshi watch --sim --speed 60 KXHIGHNY-27JAN05-B35.5
    """
    from kalshi_cli.cli import watching
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.render.watch import display
    from kalshi_cli.cli.runtime import after_stop, run_async
    from kalshi_cli.scheduler.lanes import Stop

    named = [name for name in tickers if name != "-"]
    if "-" in tickers:
        piped = sys.stdin.read().split()
        plausible(piped)
        named += piped
    if not named:
        raise typer.BadParameter("No ticker came on stdin.")
    prepared, stop = ready(ctx, only_reads=True), Stop()
    watched = watching.watch(
        prepared,
        list(dict.fromkeys(named)),
        stop=stop,
        speed=watching.speed_of(prepared, speed),
        display=display(prepared.invocation),
    )
    run_async(watched, stop, stopping="stopping")
    after_stop(stop)
