"""Lift a halt: the desk trades again."""

import typer

PANEL = "Trade"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def resume(ctx: typer.Context) -> None:
    """Lift a halt, flatten or reduce-only: the desk trades again. Asks first where money is real.

    Drawdowns are measured anew from here; a loss of the day counts until 00:00 UTC. Entries that
    the exchange itself stopped, by a triggered order group, go again.

    Example: kalshi resume
    """
    from kalshi_cli.cli import by_hand

    by_hand.resume(ctx)
