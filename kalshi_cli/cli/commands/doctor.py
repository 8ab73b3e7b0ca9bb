"""Check settings, keys, disk, store and exchange."""

import typer

PANEL = "Set up"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(ctx: typer.Context) -> None:
    """Check that this machine can trade: settings, keys, disk, store, exchange.

    Example: kalshi doctor --env demo
    """
    from kalshi_cli.cli.checks import verdict
    from kalshi_cli.cli.desk import ready
    from kalshi_cli.cli.doctor import diagnose
    from kalshi_cli.cli.render.upkeep import show_diagnosis
    from kalshi_cli.cli.runtime import finish, run_async

    prepared = ready(ctx, diagnoses=True)
    finish(prepared.invocation, run_async(diagnose(prepared)), show_diagnosis, verdict)
