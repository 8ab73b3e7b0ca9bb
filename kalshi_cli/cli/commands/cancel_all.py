"""Cancel all our orders, and read them back."""

from typing import Annotated

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("cancel-all")
def cancel_all(
    ctx: typer.Context,
    *,
    include_external: Annotated[
        bool,
        typer.Option("--include-external", help="Whatever rests in the account, foreign or not."),
    ] = False,
) -> None:
    """Cancel all our orders, and read them back. Never asks.

    With --include-external the exchange cancels everything in the account, and goes on for up to a
    minute: nothing is sent meanwhile.

    Example: kalshi cancel-all
    """
    from kalshi_cli.cli.by_hand import carry_out
    from kalshi_cli.steps.emptying import EVERYTHING, OURS

    carry_out(ctx, "cancel-all", EVERYTHING if include_external else OURS)
