"""Bring an older store forward, a backup first."""

from pathlib import Path
from typing import Annotated

import typer

PANEL = "Maintain"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def migrate(
    ctx: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it is needed; 4 where it is.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    backup: Annotated[
        str | None, typer.Option("--backup", metavar="FILE", help="Put the backup here.")
    ] = None,
) -> None:
    """Bring an older store forward, a backup first. A second time does nothing.

    Example: kalshi migrate --check
    """
    from kalshi_cli.bootstrap import upkeep
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.render.upkeep import show_migrated, show_schema
    from kalshi_cli.cli.runtime import finish, run_async
    from kalshi_cli.cli.verdicts import of_schema

    prepared = ready(ctx, only_reads=check or dry_run)
    environment, settings = prepared.environment, prepared.settings
    if check or dry_run:
        found = run_async(upkeep.schema_status(environment, settings))
        finish(prepared.invocation, found, show_schema, of_schema if check else None)
        return
    place = None if backup is None else Path(backup)
    done = run_async(upkeep.upgrade(environment, settings, place))
    finish(prepared.invocation, done, show_migrated)
