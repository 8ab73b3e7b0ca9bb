"""Lift a halt: the desk trades again."""

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def resume(ctx: typer.Context) -> None:
    """Lift a halt: the desk trades again. Asks first where money is real.

    Example: kalshi resume
    """
    from kalshi_cli.cli.by_hand import change
    from kalshi_cli.domain.identity import DeskState

    change(ctx, DeskState.ACTIVE, "resumed by hand", confirms=True)
