"""Sell all that we hold, and read it back."""

from typing import Annotated

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def flatten(
    ctx: typer.Context,
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")
    ] = "by hand",
) -> None:
    """Cancel our orders, sell all that we hold, and read it back. Never asks.

    The desk stays in flatten, where only exits are sent, until `kalshi resume`; so does one that
    was halted. Foreign positions stay. A loop that runs sells by the settings it began with; where
    none does, settings that are not valid stop the sale and nothing else.

    Example: kalshi flatten --reason "going on holiday"
    """
    from kalshi_cli.cli import by_hand

    by_hand.flatten(ctx, reason)
