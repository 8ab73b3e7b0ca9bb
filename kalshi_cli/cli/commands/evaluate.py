"""Say what was earned, and whether it is more than luck."""

from typing import Annotated

import typer

from kalshi_cli.evaluation.scores import By

PANEL = "Observe"
TAKES = ("limits_reason",)
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def evaluate(
    ctx: typer.Context,
    *,
    by: Annotated[
        By, typer.Option("--by", help="What is scored together; and closed trades, if cut so.")
    ] = By.MODEL,
    rebalance: Annotated[
        bool, typer.Option("--rebalance", help="Put new shares of the bankroll in force.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which shares that would be, and change nothing.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put the config file's shares in force again.")
    ] = False,
) -> None:
    """Say what was earned, net of fees and AI, and whether it is more than luck.

    Forecasts are scored against the market price of their moment. Too little data is called
    unresolved.

    `--rebalance` puts those shares of the bankroll in force that the record speaks for, in small
    steps and never on what is unresolved. They hold for every command that trades, from its next
    pass on, until `--rebalance --undo` or until the config file says anything else of shares.
    `kalshi inspect limits` tells who changed what, when and why. It asks before real money is
    held to them, and exits 6 while another process trades.

    Example: kalshi evaluate --sim
    """
    from kalshi_cli.cli.desk import on_desk, on_records, ready
    from kalshi_cli.cli.evaluating import beside_nobody, evaluate_records
    from kalshi_cli.cli.evaluating import rebalance as put_in_force
    from kalshi_cli.cli.render.evaluation import show_evaluate

    if (dry_run or undo) and not rebalance:
        raise typer.BadParameter("--dry-run and --undo belong to --rebalance: add that.")
    if dry_run and undo:
        raise typer.BadParameter("--dry-run and --undo ask for two things: give one.")
    prepared = ready(ctx, only_reads=not rebalance or dry_run)
    if rebalance and not dry_run:
        with beside_nobody():
            on_desk(
                prepared,
                lambda desk: put_in_force(prepared, desk, by, undoes=undo),
                show_evaluate,
                trades=True,
            )
        return
    on_records(
        prepared,
        lambda store: evaluate_records(prepared, store, by, rebalances=rebalance),
        show_evaluate,
    )
