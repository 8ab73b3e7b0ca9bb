"""Forecast markets where it is worth asking, within the budget."""

import sys
from functools import partial
from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible
from kalshi_cli.cli.options import STEPPING

PANEL = "Data"
TAKES = (*STEPPING, "forecaster", "prompt")
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def analyze(
    ctx: typer.Context,
    tickers: Annotated[
        list[str] | None,
        typer.Argument(callback=plausible, help="Only these markets; - reads them from stdin."),
    ] = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="All that was said of them, and every gate.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the prompts and the cost; ask nobody.")
    ] = False,
) -> None:
    """Forecast the eligible markets, or those named, within the budget.

    Of a named market it shows what each role says, the blend, fee and edge of both sides, the size
    it would trade, and every gate that lets it pass or does not. The first Ctrl-C asks nothing more
    and waits for what is paid for; a second one leaves at once.

    Example: kalshi analyze --sim
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.progress import progress_of
    from kalshi_cli.cli.render.steps import show_analyze, show_preview
    from kalshi_cli.cli.verdicts import of_analyze
    from kalshi_cli.scheduler.lanes import Stop
    from kalshi_cli.settings.strategies import refuse_unknown

    named = tickers or []
    if "-" in named:
        piped = sys.stdin.read().split()
        plausible(piped)
        named = [name for name in [*named, *piped] if name != "-"]
        if not named:  # an empty pipe asks about nothing, not about everything
            raise typer.BadParameter("No ticker came on stdin.")
    prepared, stop = ready(ctx), Stop()
    refuse_unknown(prepared.settings)  # nobody is paid to forecast for whoever does not trade
    if dry_run:
        on_desk(
            prepared,
            lambda desk: desk.preview(named),
            show_preview,
            forecasts=True,
            single_step=True,
        )
        return
    on_desk(
        prepared,
        lambda desk: desk.analyze(
            named, stopping=lambda: stop.asked, progress=progress_of(prepared.invocation)
        ),
        partial(show_analyze, explain=explain),
        forecasts=True,
        single_step=True,
        verdict=of_analyze,
        stop=stop,
        stopping="stopping once what was asked is answered, or given up",
    )
