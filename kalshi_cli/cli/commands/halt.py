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
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Sell all that we hold first.")
    ] = False,
) -> None:
    """Stop all trading at once, in whatever process; only a person lifts it.

    Our own orders are cancelled and read back, exits too; foreign ones stay. Nothing is sold,
    unless --flatten asks for it; settings that are not valid stop that, and never the halt. A file
    named HALT in the home directory does the same.

    Example: kalshi halt --reason "the weather feed looks wrong"
    """
    from kalshi_cli.cli import by_hand

    by_hand.halt(ctx, reason, flattens=flatten)
