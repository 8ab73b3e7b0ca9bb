"""Say what stopped trading, and what would not have stopped it."""

from typing import Annotated

import typer

from kalshi_cli.cli.names import plausible, span

PANEL = "Observe"
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def why(
    ctx: typer.Context,
    ticker: Annotated[
        str | None,
        typer.Argument(callback=plausible, help="One market, or a code; all where it is left out."),
    ] = None,
    *,
    supposing: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="KEY=VALUE", help="Suppose it for the market named; may be repeated."
        ),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since",
            metavar="SPAN",
            parser=span,
            help="How far back, in whole days of UTC: 7d unless said.",
        ),
    ] = None,
) -> None:
    """Say why nothing was traded: what stopped each market first, by how much, and what came near.

    Of one market: every gate by what is on record, and what a forecast would have had to say. Of a
    code that it shows, such as NET_EDGE, or of an error's: what it means, and what to do.
    docs/codes.md has them all, COMMANDS_REFERENCE.md those of errors.

    Example: kalshi why KXHIGHNY-24AUG16-T85 --with trading.min_net_edge=0.005
    """
    from kalshi_cli.cli.codes import named
    from kalshi_cli.cli.desk import on_records, ready
    from kalshi_cli.cli.reasons import all_markets, one_market
    from kalshi_cli.cli.render.codes import show_codes
    from kalshi_cli.cli.render.why import show_why_market, show_why_nothing
    from kalshi_cli.cli.runtime import begin, finish
    from kalshi_cli.cli.supposing import supposed

    if ticker is not None and since is not None:
        raise typer.BadParameter("--since is of all markets: leave the ticker out.")
    if ticker is not None and supposing is None and (found := named(ticker)):
        finish(begin(ctx), found, show_codes)
        return
    prepared = ready(ctx, only_reads=True)
    if ticker is None and supposing:
        supposed(prepared, supposing)  # what is no setting is told first
        raise typer.BadParameter("--with needs a market to try it on.")
    if ticker is None:
        on_records(prepared, all_markets(prepared, since), show_why_nothing)
    else:
        on_records(prepared, one_market(prepared, ticker, supposing or ()), show_why_market)
