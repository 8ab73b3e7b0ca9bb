"""Read the markets and count what each filter drops."""

import typer

from kalshi_cli.cli.options import STEPPING

PANEL = "Data"
TAKES = STEPPING
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ingest(ctx: typer.Context) -> None:
    """Read the markets and count what each filter drops.

    Example: kalshi ingest --sim --json | jq .data.dropped
    """
    from kalshi_cli.cli.desk import on_desk, ready
    from kalshi_cli.cli.render.steps import show_ingest
    from kalshi_cli.cli.verdicts import of_ingest

    on_desk(
        ready(ctx), lambda desk: desk.ingest(), show_ingest, single_step=True, verdict=of_ingest
    )
