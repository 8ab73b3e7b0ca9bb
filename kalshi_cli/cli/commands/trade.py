"""Propose, size, check and send orders, once."""

from typing import Annotated

import typer

from kalshi_cli.cli.options import TRADING

PANEL = "Trade"
TAKES = TRADING
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def trade(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="All but the sending.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="STRATEGY", help="Only this strategy.")
    ] = None,
) -> None:
    """Propose, size, check and send orders, once.

    Example: kalshi trade --sim --dry-run
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.render.steps import show_trade
    from kalshi_cli.cli.start import known_strategy
    from kalshi_cli.cli.verdicts import of_trade

    prepared = ready(ctx)
    strategy = known_strategy(prepared, only)
    if dry_run:
        on_desk(prepared, lambda desk: desk.rehearse(strategy), show_trade, single_step=True)
        return
    on_desk(
        prepared,
        lambda desk: desk.trade(strategy),
        show_trade,
        trades=True,
        single_step=True,
        confirms=True,
        verdict=of_trade,
    )
