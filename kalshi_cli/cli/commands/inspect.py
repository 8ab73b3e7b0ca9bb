"""Look up positions, orders, fills, markets, forecasts, denials."""

from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_cli.cli.desk import on_list, on_records, ready
from kalshi_cli.cli.names import plausible, span
from kalshi_cli.cli.options import MOST
from kalshi_cli.domain.order import LIVE, Purpose
from kalshi_cli.steps.ai_costs import By

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore

PANEL = "Observe"
app = typer.Typer(help=__doc__, rich_markup_mode=None, add_completion=False)

Ticker = Annotated[
    str | None,
    typer.Option("--ticker", metavar="TICKER", callback=plausible, help="Only this market."),
]
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most this many, newest first."),
]


@app.command()
def positions(
    ctx: typer.Context,
    *,
    ticker: Ticker = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=0,
            max=MOST,
            help="At most this many; 0 for all, as with --json.",
        ),
    ] = None,
) -> None:
    """What is held, what it is worth, and where it is left.

    Example: kalshi inspect positions --json | jq '.data[] | [.ticker, .unrealized]'
    """
    from kalshi_cli.cli.render.levels import show_held
    from kalshi_cli.cli.render.rows import PAGE

    prepared = ready(ctx, only_reads=True)
    unasked = 0 if prepared.invocation.wants_json else PAGE
    most = (unasked if limit is None else limit) or None
    on_list(prepared, "positions", show_held, limit=most, ticker=ticker)


@app.command()
def orders(
    ctx: typer.Context,
    *,
    ticker: Ticker = None,
    live_only: Annotated[
        bool, typer.Option("--live-only", help="Only those that may trade.")
    ] = False,
    limit: Limit = 30,
) -> None:
    """Every order ever journalled, with the state it is in.

    Example: kalshi inspect orders --live-only
    """
    from kalshi_cli.cli.render.rows import show_orders

    states = LIVE if live_only else None
    on_list(
        ready(ctx, only_reads=True),
        "orders",
        show_orders,
        limit=limit,
        ticker=ticker,
        states=states,
    )


@app.command()
def quotes(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Quotes that rest now, of those who make markets.

    Example: kalshi inspect quotes
    """
    from kalshi_cli.cli.render.rows import show_quotes

    on_list(
        ready(ctx, only_reads=True),
        "orders",
        show_quotes,
        limit=limit,
        ticker=ticker,
        states=LIVE,
        purposes=(Purpose.QUOTE,),
    )


@app.command()
def strategies(ctx: typer.Context) -> None:
    """What each strategy has done, earned and has; what is not ours is `external`.

    Example: kalshi inspect strategies --json | jq '.data[] | [.strategy, .net]'
    """
    from kalshi_cli.bootstrap.by_hand import market_clock
    from kalshi_cli.bootstrap.policies import policies
    from kalshi_cli.cli.render.shares import show_strategies_in_use
    from kalshi_cli.steps.sharing import StrategyInUse, strategies_in_use

    prepared = ready(ctx, only_reads=True)
    trading = policies(prepared.environment.env, prepared.settings, None).trading

    async def found(store: "SqlStore") -> tuple[StrategyInUse, ...]:
        clock = await market_clock(prepared.environment, store)
        return await strategies_in_use(store, store.reports, clock, policy=trading)

    on_records(prepared, found, show_strategies_in_use)


@app.command()
def order(
    ctx: typer.Context,
    some_id: Annotated[
        str,
        typer.Argument(
            metavar="ID", callback=plausible, help="Our id of the order, or the exchange's."
        ),
    ],
) -> None:
    """One order's whole trail: market, forecast, what was refused before, each answer, each fill.

    Example: kalshi inspect order k1abcdefghijklmnopqrstuvwxyz
    """
    from kalshi_cli.cli.render.trail import show_trail
    from kalshi_cli.steps.explain import follow_order

    on_records(
        ready(ctx, only_reads=True), lambda store: follow_order(store.reports, some_id), show_trail
    )


@app.command()
def fills(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Every execution, with the fee that was charged.

    Example: kalshi inspect fills --limit 5
    """
    from kalshi_cli.cli.render.rows import show_fills

    on_list(ready(ctx, only_reads=True), "fills", show_fills, limit=limit, ticker=ticker)


@app.command("round-trips")
def round_trips(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Closed trades, from first fill to flat, net of fees.

    Example: kalshi inspect round-trips
    """
    from kalshi_cli.cli.render.rows import show_round_trips

    on_list(
        ready(ctx, only_reads=True), "round_trips", show_round_trips, limit=limit, ticker=ticker
    )


@app.command()
def tape(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Every event of money: fills, settlements, deposits, with the cash after each.

    Example: kalshi inspect tape --limit 10
    """
    from kalshi_cli.cli.render.rows import show_tape

    on_list(ready(ctx, only_reads=True), "tape", show_tape, limit=limit, ticker=ticker)


@app.command()
def markets(
    ctx: typer.Context,
    *,
    ticker: Ticker = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="NAME", help="Only this category.")
    ] = None,
    limit: Limit = 30,
) -> None:
    """Markets by volume of the last 24 hours, as they were last read.

    Example: kalshi inspect markets --category "Climate and Weather"
    """
    from kalshi_cli.cli.render.rows import show_markets

    on_list(
        ready(ctx, only_reads=True),
        "markets",
        show_markets,
        limit=limit,
        ticker=ticker,
        category=category,
    )


@app.command()
def analyses(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Forecasts beside the market of their moment, and how it ended.

    Example: kalshi inspect analyses --limit 10
    """
    from kalshi_cli.cli.render.rows import show_analyses

    on_list(ready(ctx, only_reads=True), "analyses", show_analyses, limit=limit, ticker=ticker)


@app.command()
def llm(
    ctx: typer.Context,
    some_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", callback=plausible, help="One call, with every word of it."),
    ] = None,
    *,
    market: Annotated[
        str | None,
        typer.Option("--market", metavar="TICKER", callback=plausible, help="Only this market."),
    ] = None,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", metavar="SPAN", parser=span, help="Only those of the last 6h, 2d, ..."
        ),
    ] = None,
    by: Annotated[
        By | None, typer.Option("--by", help="What they cost together, instead of each call.")
    ] = None,
    limit: Limit = 30,
) -> None:
    """Calls to language models: role, model, cost, and what was asked and answered.

    By strategy, those that traded on what was said of an event share its cost.

    Example: kalshi inspect llm --since 1d --by role
    """
    from kalshi_cli.cli.render.llm import show_call, show_calls, show_costs
    from kalshi_cli.steps.ai_costs import ai_costs
    from kalshi_cli.steps.explain import ai_call

    if some_id is not None and by is not None:
        raise typer.BadParameter(f"A call's ID and --by {by} ask for two things: give one.")
    prepared = ready(ctx, only_reads=True)
    if some_id is not None:
        on_records(prepared, lambda store: ai_call(store.reports, some_id), show_call)
        return
    from kalshi_cli.adapters.clock import SystemClock

    since_wall_us = None if since is None else max(0, SystemClock().wall() - since)
    if by is not None:
        on_records(
            prepared,
            lambda store: ai_costs(store.reports, by, ticker=market, since_wall_us=since_wall_us),
            show_costs,
        )
        return
    on_records(
        prepared,
        lambda store: store.reports.ai_calls(
            ticker=market, since_wall_us=since_wall_us, limit=limit
        ),
        show_calls,
    )


@app.command()
def runs(ctx: typer.Context, *, limit: Limit = 30) -> None:
    """Every command that worked, and why it ended.

    Example: kalshi inspect runs
    """
    from kalshi_cli.cli.render.rows import show_runs

    on_list(ready(ctx, only_reads=True), "runs", show_runs, limit=limit)


@app.command()
def denials(ctx: typer.Context, *, ticker: Ticker = None, limit: Limit = 30) -> None:
    """Which control refused what, with its number against its limit.

    Example: kalshi inspect denials --limit 10
    """
    from kalshi_cli.cli.render.rows import show_denials

    on_list(ready(ctx, only_reads=True), "denials", show_denials, limit=limit, ticker=ticker)


@app.command()
def limits(ctx: typer.Context, *, limit: Limit = 30) -> None:
    """Each limit, how much of it is used, and who changed what, when and why.

    Example: kalshi inspect limits --json | jq '.data.changes'
    """
    from kalshi_cli.bootstrap.by_hand import market_clock
    from kalshi_cli.bootstrap.policies import policies
    from kalshi_cli.cli.render.limits import show_limits
    from kalshi_cli.settings.describe import limits_in_force
    from kalshi_cli.steps.limiting import LimitsInUse, limits_in_use
    from kalshi_cli.steps.rebalancing import shares_kept

    prepared = ready(ctx, only_reads=True)
    trading = policies(prepared.environment.env, prepared.settings, None).trading

    async def found(store: "SqlStore") -> LimitsInUse:
        return await limits_in_use(
            store,
            store.reports,
            await market_clock(prepared.environment, store),
            in_force=limits_in_force(prepared.settings.under(await shares_kept(store))),
            configured=limits_in_force(prepared.settings),
            policy=trading,
            history=limit,
        )

    on_records(prepared, found, show_limits)
