"""Check the store, and compare it with the exchange."""

from typing import Annotated

import typer

PANEL = "Maintain"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("inspect-db")
def inspect_db(
    ctx: typer.Context,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Derive positions and round trips anew.")
    ] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="Give unused space back to the disk.")
    ] = False,
) -> None:
    """Check the store: damage, orphans, impossible numbers, the ledger, the exchange beside it.

    Reads only, unless told otherwise. Ends with 7 where something is wrong.

    Example: kalshi inspect-db --sim
    """
    from kalshi_cli.bootstrap.upkeep import inspect_store
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.render.upkeep import show_store
    from kalshi_cli.cli.runtime import finish, run_async
    from kalshi_cli.cli.verdicts import of_store

    prepared = ready(ctx)
    report, error = run_async(
        inspect_store(prepared.environment, prepared.settings, repair=repair, vacuum=vacuum)
    )
    finish(prepared.invocation, report, show_store, lambda found: of_store(found) or error)
