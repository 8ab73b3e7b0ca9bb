"""Sell what is held in one market, and read the position back."""

from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def close(
    ctx: typer.Context,
    ticker: Annotated[str, typer.Argument(callback=plausible, help="The market's ticker.")],
) -> None:
    """Sell what is held in one market, and read the position back. Never asks.

    A halted desk sells nothing: `kalshi flatten` takes it out of the halt and sells all that we
    hold, `kalshi resume` lifts the halt. A loop that runs sells by the settings it began with;
    where none does, settings that are not valid stop the sale.

    Example: kalshi close KXHIGHNY-24AUG16-T85
    """
    from kalshi_cli.cli.by_hand import carry_out

    carry_out(ctx, "close", ticker)
