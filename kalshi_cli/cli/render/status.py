"""How the desk looks on one screen."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render.rows import show_positions, without_bid
from kalshi_cli.cli.render.tables import Cell, print_facts, print_table
from kalshi_cli.cli.render.words import FIRST_STEPS, charged, dollars, gain, instant, some
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.ports.rows.desk import DeskSummary
from kalshi_cli.ports.rows.trading import StrategyRow
from kalshi_cli.steps.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


def show_status(result: Status, console: "Console") -> None:
    """State, money and funnel, then what is held and what each strategy earned."""
    summary = result.summary
    print_facts(console, [*_state(result), *_money(result), *_funnel(summary)])
    if result.unlimited:
        console.print(f"Without a limit: {', '.join(result.unlimited)}", style="bold yellow")
    if result.funnel:
        rows = [(row.name, str(row.count)) for row in result.funnel]
        print_table(console, "Markets of the last pass", ("counted as", ("markets", "right")), rows)
    show_positions(result.positions, console)
    show_strategies(result.strategies, console)


def show_strategies(rows: "Sequence[StrategyRow]", console: "Console") -> None:
    """Profit by strategy."""
    print_table(
        console,
        "Strategies",
        (
            "strategy",
            ("open", "right"),
            ("resting", "right spare"),
            ("denied", "right spare"),
            ("trips", "right"),
            ("won", "right"),
            ("fees", "right spare"),
            ("net P&L", "right"),
        ),
        [
            (
                row.strategy,
                str(row.open_positions),
                str(row.live_orders),
                str(row.denials),
                str(row.round_trips),
                str(row.won),
                dollars(row.fees),
                gain(row.net),
            )
            for row in rows
        ],
    )


def _state(result: Status) -> list[tuple[str, Cell]]:
    summary, file = result.summary, result.halt_file
    state = summary.state.said
    if summary.state is not DeskState.ACTIVE:
        since = summary.state_since_us
        state += f"{'' if since is None else f' since {instant(since)}'}: {summary.state_reason}"
    facts: list[tuple[str, Cell]] = [("state", state)]
    if file is not None:
        told = f"nothing is sent while {file.path} is there; then `kalshi resume`"
        facts.append(("HALT file", told))
    run = summary.last_run
    if run is not None:
        ended = run.reason if run.reason is not None else "running, or killed"
        facts.append(("last run", f"{run.command}, {instant(run.started_us)}: {ended}"))
    elif not summary.markets:
        facts.append(("last run", f"none: {FIRST_STEPS}"))
    if (holder := result.holder) is not None:
        began = instant(holder.since_wall_us)
        told = f"process {holder.pid} on {holder.host}, since {began} of real time"
        facts.append(("trades now", told))
    return facts


def _money(result: Status) -> list[tuple[str, Cell]]:
    """Equity by what is known now, and beside it what was noted last, with its time."""
    summary = result.summary
    facts: list[tuple[str, Cell]] = [("cash", dollars(summary.cash))]
    if result.equity is not None:
        by = ""
        if result.quoted_us is not None:
            by = f", by quotes of {instant(result.quoted_us)} or later"
        worthless = without_bid(result.positions)
        by += f"; {worthless}" if worthless else ""
        facts.append(("equity", f"{dollars(result.equity)}{by}"))
    if summary.snapshot is not None:
        seen = summary.snapshot
        facts.append(("last noted", f"{dollars(seen.equity)} at {instant(seen.at_us)}"))
    facts.append(("AI cost", charged(summary.ai_cost)))
    return facts


def _funnel(summary: DeskSummary) -> list[tuple[str, Cell]]:
    trips = some(summary.round_trips, "round trip")
    orders = f"{summary.orders} sent, {summary.live_orders} live"
    if summary.unresolved_orders:
        orders += f", {summary.unresolved_orders} UNRESOLVED"
    return [
        ("markets", f"{summary.markets} known, {summary.markets_active} active"),
        ("forecasts", f"{summary.forecasts} of {some(summary.markets_forecast, 'market')}"),
        ("orders", f"{orders}, {some(summary.denials, 'denial')} on record"),
        ("fills", f"{summary.fills}, {some(summary.settlements, 'settlement')}"),
        ("held", f"{some(summary.open_positions, 'position')}, {trips}"),
    ]
