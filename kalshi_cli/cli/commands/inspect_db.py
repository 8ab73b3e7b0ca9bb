"""Check the store, compare it with the exchange, and repair it."""

from typing import Annotated

import typer

PANEL = "Maintain"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("inspect-db")
def inspect_db(
    ctx: typer.Context,
    *,
    reconcile: Annotated[
        bool,
        typer.Option("--reconcile", help="Explain every fact that the exchange tells otherwise."),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the repairs that the exchange's record proves.")
    ] = False,
    accept_cash: Annotated[
        str | None,
        typer.Option(
            "--accept-cash",
            metavar="DOLLARS",
            help="Book exactly this unexplained cash; see --why.",
        ),
    ] = None,
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="Why that cash came or went.")
    ] = None,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Give unused space back to the disk.")
    ] = False,
) -> None:
    """Check the store: damage, orphans, impossible numbers, the ledger, the exchange beside it.

    Notes its run, and changes nothing else unless told to; --repair copies the store first. Ends
    with 7 where something is wrong, also after a repair. Cash that nothing explains stops new risk
    until it is accepted: type the amount that --reconcile tells, with its sign.

    Example: kalshi inspect-db --sim --reconcile
    """
    from kalshi_cli.bootstrap.upkeep import Wanted, inspect_store
    from kalshi_cli.cli.accepting import accepting
    from kalshi_cli.cli.caveats import warn_of_unread
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.render.upkeep import show_store
    from kalshi_cli.cli.runtime import finish, run_async
    from kalshi_cli.cli.verdicts import of_store

    wanted = Wanted(reconcile, repair, vacuum, accepting(accept_cash, why))
    prepared = ready(ctx, only_reads=not (repair or vacuum or wanted.accept))
    settings = prepared.configuration.settings
    report, error = run_async(inspect_store(prepared.environment, settings, wanted))
    warn_of_unread(prepared)
    finish(prepared.invocation, report, show_store, lambda found: of_store(found) or error)
