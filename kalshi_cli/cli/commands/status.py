"""Show the whole desk on one screen."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.steps.status import Status

PANEL = "Observe"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(ctx: typer.Context) -> None:
    """Show the desk on one screen: state, money, funnel, positions, strategies.

    Example: kalshi status --sim
    """
    from kalshi_cli.bootstrap.records import halted_by_file, who_trades
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.render.status import show_status
    from kalshi_cli.settings.describe import unlimited
    from kalshi_cli.steps.status import status as look

    prepared = ready(ctx, only_reads=True)
    environment, settings = prepared.environment, prepared.configuration.settings

    async def seen(store: "SqlStore") -> "Status":
        return await look(
            store.reports,
            unlimited=None if prepared.unread else unlimited(settings),
            halt_file=halted_by_file(environment),
            running=() if prepared.unread else settings.running,
            holder=await who_trades(environment, store),
        )

    on_records(prepared, seen, show_status)
