"""Reconcile, leave what should be left, and take stock."""

import typer

from kalshi_cli.cli.options import TRADING

PANEL = "Trade"
TAKES = TRADING
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def track(ctx: typer.Context) -> None:
    """Compare with the exchange, leave what should be left, and note what it is all worth.

    Example: kalshi track --sim
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.render.steps import show_track
    from kalshi_cli.cli.verdicts import of_track

    on_desk(
        ready(ctx),
        lambda desk: desk.track(),
        show_track,
        trades=True,
        single_step=True,
        confirms=True,
        verdict=of_track,
    )
