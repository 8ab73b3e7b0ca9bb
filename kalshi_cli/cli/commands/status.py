"""Show the whole desk on one screen."""

import typer

PANEL = "Observe"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(ctx: typer.Context) -> None:
    """Show the desk on one screen: state, money, funnel, positions, strategies.

    Example: kalshi status --sim
    """
    from kalshi_cli.bootstrap.records import halted_by_file
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.render.status import show_status
    from kalshi_cli.settings.describe import unlimited
    from kalshi_cli.steps.status import status as look

    prepared = ready(ctx, only_reads=True)
    lifted = None if prepared.unread else unlimited(prepared.settings)
    file = halted_by_file(prepared.environment)
    on_records(
        prepared,
        lambda store: look(store.reports, unlimited=lifted, halt_file=file),
        show_status,
    )
