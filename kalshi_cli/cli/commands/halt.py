"""Stop all trading at once; only a person lifts it."""

from typing import Annotated

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def halt(
    ctx: typer.Context,
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")
    ] = "by hand",
) -> None:
    """Stop all trading at once, in whatever process; only a person lifts it.

    Exits stop too; nothing is sold. The running loop, or the next `track`, cancels the entries
    that still rest.

    Example: kalshi halt --reason "the weather feed looks wrong"
    """
    from kalshi_cli.cli.by_hand import change
    from kalshi_cli.domain.identity import DeskState

    change(ctx, DeskState.HALTED, reason)
