"""Show settings and their origins, or write a config file."""

from typing import Annotated

import typer

from kalshi_cli.cli.runtime import begin, finish

PANEL = "Set up"
app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False)


@app.command()
def show(
    ctx: typer.Context,
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each comes from.")] = False,
) -> None:
    """Show every setting. Secrets are masked.

    Example: kalshi config show --origin
    """
    from kalshi_cli.cli.configuration import described
    from kalshi_cli.cli.render.configuration import show_settings

    invocation = begin(ctx)
    finish(
        invocation,
        described(invocation),
        lambda result, console: show_settings(result, console, origin=origin),
    )


@app.command()
def path(ctx: typer.Context) -> None:
    """Say which config file is read and where everything is kept.

    Example: kalshi config path
    """
    from kalshi_cli.cli.configuration import places
    from kalshi_cli.cli.render.configuration import show_places

    invocation = begin(ctx)
    finish(invocation, places(invocation), show_places)


@app.command()
def init(ctx: typer.Context) -> None:
    """Write a config file with every setting in it. Never overwrites one.

    Example: kalshi config init
    """
    from kalshi_cli.cli.configuration import write_example
    from kalshi_cli.cli.render.configuration import show_written

    invocation = begin(ctx)
    finish(invocation, write_example(invocation), show_written)
