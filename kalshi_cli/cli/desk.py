"""How commands reach the desk: open what they need, do one thing, show it once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import typer

from kalshi_cli.cli.caveats import warn_of_caveats, warn_of_clock
from kalshi_cli.cli.limiting import confirm_trading
from kalshi_cli.cli.runtime import Show, Verdict, after_stop, begin, finish, run_async
from kalshi_cli.cli.start import Prepared, prepare
from kalshi_cli.errors import NotFound

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.bootstrap.desk import OpenDesk
    from kalshi_cli.ports.reports import Listed
    from kalshi_cli.scheduler.lanes import Stop

Result = TypeVar("Result")


def ready(
    ctx: typer.Context,
    *,
    diagnoses: bool = False,
    only_stops: bool = False,
    only_reads: bool = False,
) -> Prepared:
    """The command that is about to run, with its settings and its environment; see `prepare`."""
    return prepare(begin(ctx), diagnoses=diagnoses, only_stops=only_stops, only_reads=only_reads)


def on_desk(
    prepared: Prepared,
    action: Callable[["OpenDesk"], Awaitable[Result]],
    show: Show[Result],
    *,
    trades: bool = False,
    forecasts: bool = False,
    single_step: bool = False,
    confirms: bool = False,
    verdict: Verdict[Result] | None = None,
    stop: "Stop | None" = None,
    stopping: str = "",
) -> None:
    """Run an action with the exchange and the store open.

    `trades` takes the lease, `forecasts` opens the forecaster, `single_step` moves the simulated
    world first, `confirms` asks before real money may move. The first
    signal only asks for a `stop`, where the action heeds one; `stopping` is what is told then.
    """
    result = run_async(
        _with_desk(
            prepared,
            action,
            trades=trades,
            forecasts=forecasts,
            single_step=single_step,
            confirms=confirms,
        ),
        stop,
        stopping=stopping,
    )
    if stop is None or not stop.asked:
        finish(prepared.invocation, result, show, verdict)
    else:  # nothing of what it did not do any more is a verdict on it
        finish(prepared.invocation, result, show)
        after_stop(stop)


def on_records(
    prepared: Prepared,
    action: Callable[["SqlStore"], Awaitable[Result]],
    show: Show[Result],
    *,
    read_only: bool = True,
    verdict: Verdict[Result] | None = None,
) -> None:
    """Run an action with the store alone: no exchange is asked, no lease is taken."""
    result = run_async(_with_records(prepared, action, read_only=read_only))
    finish(prepared.invocation, result, show, verdict)


def on_list(
    prepared: Prepared,
    listed: "Listed",
    show: Show[Sequence[Result]],
    *,
    limit: int | None,
    **wanted: object,
) -> None:
    """Show the rows of a list that are `wanted`, and of how many they are where `limit` cut it."""
    from kalshi_cli.steps.naming import called

    invocation, told = prepared.invocation, ""
    unknown: NotFound | None = None

    async def rows(store: "SqlStore") -> Sequence[Result]:
        nonlocal told, unknown
        find: Callable[..., Awaitable[Sequence[Result]]] = getattr(store.reports, listed)
        count: Callable[..., Awaitable[int]] = store.reports.how_many
        ticker = wanted.get("ticker")
        if isinstance(ticker, str):
            (wanted["ticker"],) = await called(store, [ticker])
        found = await find(limit=limit, **wanted)
        if len(found) == limit and (whole := await count(listed, **wanted)) > limit:
            told = f"{limit} of {whole}; --limit {whole} shows all"
        if isinstance(ticker, str) and not found:
            unknown = await _unknown(store, str(wanted["ticker"]))
        if isinstance(category := wanted.get("category"), str) and not found:
            unknown = await _no_such_category(store, category)
        if told and invocation.wants_json:
            invocation.warn(told)
        return found

    on_records(prepared, rows, show, verdict=lambda _: unknown)
    if told and not invocation.wants_json:  # below what it is said of
        invocation.say(told)


async def _unknown(store: "SqlStore", ticker: str) -> NotFound | None:
    """That a market is not on record, and which may be meant; None where it is."""
    from kalshi_cli.steps.naming import hint

    if await store.reports.how_many("markets", ticker=ticker):
        return None
    return NotFound(
        f"No market {ticker} is on record.",
        remedy=await hint(store, ticker, "`kalshi inspect markets` lists those that are."),
    )


BUSIEST = 1_000
"""Markets by volume whose categories are told where there is none of a name."""


async def _no_such_category(store: "SqlStore", category: str) -> NotFound:
    """That no market is of a category, and which others there are."""
    from difflib import get_close_matches

    known = sorted({row.category for row in await store.reports.markets(limit=BUSIEST)} - {""})
    close = get_close_matches(category, known, n=1)
    which = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(known)}."
    return NotFound(
        f"No market of the category {category!r} is on record.", remedy=which if known else ""
    )


async def _with_desk(
    prepared: Prepared,
    action: Callable[["OpenDesk"], Awaitable[Result]],
    *,
    trades: bool,
    forecasts: bool,
    single_step: bool,
    confirms: bool,
) -> Result:
    from kalshi_cli.bootstrap.opening import open_desk

    opened = open_desk(
        prepared.environment,
        prepared.settings,
        command=prepared.invocation.command,
        trades=trades,
        forecasts=forecasts,
        single_step=single_step,
        checks="money" if trades else None,
    )
    async with opened as desk:
        warn_of_clock(prepared, desk.connection)
        if confirms:
            await confirm_trading(prepared, desk)
        result = await action(desk)
        await warn_of_caveats(prepared, desk.store)
        return result


async def _with_records(
    prepared: Prepared, action: Callable[["SqlStore"], Awaitable[Result]], *, read_only: bool
) -> Result:
    from kalshi_cli.bootstrap.records import open_records

    environment, settings = prepared.environment, prepared.configuration.settings
    async with open_records(environment, settings, read_only=read_only) as store:
        result = await action(store)
        await warn_of_caveats(prepared, store)
        return result
