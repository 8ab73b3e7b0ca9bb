"""List the strategies, show one, write a new one, or forgive one."""

from typing import Annotated

import typer

PANEL = "Set up"
app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False)


@app.command(name="list")
def list_(ctx: typer.Context) -> None:
    """List every strategy: what it does, its share of the capital, whether it runs.

    Example: kalshi strategies list
    """
    from kalshi_cli.cli.caveats import warn_of_strangers
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.render.strategies import show_roster
    from kalshi_cli.cli.roster import roster

    prepared = ready(ctx, only_reads=True)
    warn_of_strangers(prepared.invocation, prepared.settings)
    on_records(prepared, lambda store: roster(prepared, store), show_roster)


@app.command()
def show(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="The strategy's name.")]
) -> None:
    """Show one strategy: how it trades, its parameters, and what it earned.

    Example: kalshi strategies show directional_trading
    """
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.render.strategies import show_member
    from kalshi_cli.cli.roster import member, one_of

    prepared = ready(ctx, only_reads=True)
    one_of(prepared, name)
    on_records(prepared, lambda store: member(prepared, store, name), show_member)


@app.command()
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name, such as weather_drift.")],
) -> None:
    """Write a strategy that works, and its test, for you to change. Never overwrites.

    It goes to the folder `strategies` of the home directory, and runs once it has a share of the
    capital: one line of the config file, which this prints.

    Example: kalshi strategies new weather_drift
    """
    from kalshi_cli.cli.render.strategies import show_scaffold
    from kalshi_cli.cli.runtime import begin, finish
    from kalshi_cli.cli.scaffold import write_strategy

    invocation = begin(ctx)
    finish(invocation, write_strategy(invocation, name), show_scaffold)


@app.command()
def forgive(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="The strategy's name.")]
) -> None:
    """Ask a strategy again that was disabled for its faults.

    Example: kalshi strategies forgive weather_drift
    """
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.render.strategies import show_forgiven
    from kalshi_cli.cli.roster import forgive as pardon
    from kalshi_cli.cli.roster import one_of

    prepared = ready(ctx)
    one_of(prepared, name)
    on_records(
        prepared, lambda store: pardon(prepared, store, name), show_forgiven, read_only=False
    )
