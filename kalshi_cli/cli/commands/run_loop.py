"""Run the whole desk in a loop until it is stopped."""

from functools import partial
from typing import Annotated

import typer

PANEL = "Trade"
TAKES = ("seed", "world", "fresh", "faults", "forecaster", "limits_reason")
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("run-loop")
def run_loop(
    ctx: typer.Context,
    *,
    cycles: Annotated[
        int | None, typer.Option("--cycles", metavar="N", min=1, help="Stop after so many.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Short for --cycles 1.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="STRATEGY", help="Only this strategy.")
    ] = None,
) -> None:
    """Run the whole desk in a loop: ingest, analyze, trade, track, evaluate.

    The first Ctrl-C stops entries, cancels what still waits to enter and says what is left; the
    second one leaves at once.

    Example: kalshi run-loop --sim --cycles 20 --seed 7
    """
    from kalshi_cli.cli import loop
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.render.loop import display, show_loop
    from kalshi_cli.cli.runtime import after_stop, finish, run_async
    from kalshi_cli.cli.start import flag_of, known_strategy
    from kalshi_cli.cli.verdicts import of_loop
    from kalshi_cli.scheduler.lanes import Stop

    if once and cycles not in {None, 1}:
        raise typer.BadParameter(f"--once and --cycles {cycles} ask for two things: give one.")
    prepared, stop = ready(ctx), Stop()
    result = run_async(
        loop.run_loop(
            prepared,
            cycles=1 if once else cycles,
            only=known_strategy(prepared, only),
            stop=stop,
            display=display(prepared.invocation),
        ),
        stop,
    )
    finish(prepared.invocation, result, partial(show_loop, flag=flag_of(prepared)), of_loop)
    after_stop(stop)
