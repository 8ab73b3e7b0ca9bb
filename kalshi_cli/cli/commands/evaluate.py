"""Say what was earned, and whether it is more than luck."""

from typing import Annotated

import typer

from kalshi_cli.evaluation.scores import By

PANEL = "Observe"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def evaluate(
    ctx: typer.Context,
    *,
    by: Annotated[
        By, typer.Option("--by", help="What is scored together; and closed trades, if cut so.")
    ] = By.MODEL,
    rebalance: Annotated[
        bool, typer.Option("--rebalance", help="Propose new shares of the bankroll.")
    ] = False,
) -> None:
    """Say what was earned, net of fees and AI, and whether it is more than luck.

    Forecasts are scored against the market price of their moment. Too little data is called
    unresolved. `--rebalance` tells which shares of the bankroll the record speaks for, in small
    steps and never on what is unresolved; they are the config file's to change.

    In sim it needs the world: while a loop holds that, this command is refused (exit 6).

    Example: kalshi evaluate --sim
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.render.evaluation import show_evaluate

    on_desk(ready(ctx), lambda desk: desk.evaluate(by, rebalances=rebalance), show_evaluate)
