"""Cancel one order, and read it back."""

from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def cancel(
    ctx: typer.Context,
    order: Annotated[
        str, typer.Argument(callback=plausible, help="Our id of the order, or the exchange's.")
    ],
) -> None:
    """Cancel one order, and read it back. Never asks.

    Example: kalshi cancel k1j44osdewy2fciflyq5lcj6v3am
    """
    from kalshi_cli.cli.by_hand import carry_out

    carry_out(ctx, "cancel", order)
