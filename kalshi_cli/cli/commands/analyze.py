"""Forecast markets where it is worth asking, within the budget."""

import sys
from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible
from kalshi_cli.cli.options import STEPPING

PANEL = "Data"
TAKES = (*STEPPING, "forecaster")
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def analyze(
    ctx: typer.Context,
    tickers: Annotated[
        list[str] | None,
        typer.Argument(callback=plausible, help="Only these markets; - reads them from stdin."),
    ] = None,
) -> None:
    """Forecast the eligible markets, or those named, within the budget.

    Example: kalshi analyze --sim
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.render.steps import show_analyze
    from kalshi_cli.cli.verdicts import of_analyze

    named = tickers or []
    if "-" in named:
        piped = sys.stdin.read().split()
        plausible(piped)
        named = [name for name in [*named, *piped] if name != "-"]
        if not named:  # an empty pipe asks about nothing, not about everything
            raise typer.BadParameter("No ticker came on stdin.")
    on_desk(
        ready(ctx),
        lambda desk: desk.analyze(named),
        show_analyze,
        forecasts=True,
        single_step=True,
        verdict=of_analyze,
    )
