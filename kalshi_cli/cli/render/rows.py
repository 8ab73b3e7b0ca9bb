"""How the rows of `inspect` look; every amount in full is in `--json`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import print_table
from kalshi_cli.cli.render.words import best, cents, count, dollars, gain, moment, percent
from kalshi_cli.ports.reports import (
    AnalysisRow,
    DenialRow,
    FillRow,
    MarketRow,
    OrderRow,
    PositionRow,
    RoundTripRow,
    RunRow,
    TapeRow,
)

if TYPE_CHECKING:
    from rich.console import Console

TICKER = ("ticker", "fold")
PAGE = 100
"""Positions that a person is shown unasked."""


def show_positions(rows: Sequence[PositionRow], console: "Console", *, most: int = 0) -> None:
    """Of more rows than `most`, that many; 0 shows all."""
    shown = rows[:most] if most else rows
    print_table(
        console,
        "Positions",
        (TICKER, "side", ("held", "right"), ("cost", "right"), ("mark", "right"), ("P&L", "right")),
        [
            (
                row.ticker,
                row.outcome,
                count(row.count),
                dollars(row.cost),
                dollars(row.mark.value) + ("" if row.mark.is_mid else "*"),
                gain(row.unrealized),
            )
            for row in shown
        ],
    )
    if any(not row.mark.is_mid for row in shown):
        console.print("* no mid within 10c: what it would bring if sold now")
    if len(rows) > len(shown):
        console.print(f"\u2026 and more than these {most}: --limit 0 shows all")


def show_orders(rows: Sequence[OrderRow], console: "Console") -> None:
    """The id under the ticker is the one that `cancel` takes."""
    print_table(
        console,
        "Orders",
        (TICKER, "side", ("filled", "right"), ("limit", "right"), "state", "UTC"),
        [
            (
                f"{row.ticker}\n  {row.client_order_id}",
                row.side,
                f"{count(row.filled)}/{count(row.count)}",
                cents(row.limit),
                row.state,
                moment(row.created_us),
            )
            for row in rows
        ],
    )


def show_fills(rows: Sequence[FillRow], console: "Console") -> None:
    print_table(
        console,
        "Fills",
        (
            TICKER,
            "side",
            ("count", "right"),
            ("price", "right"),
            ("fee", "right"),
            ("owner", "cut"),
            "UTC",
        ),
        [
            (
                row.fill.ticker,
                row.fill.side,
                count(row.fill.count),
                cents(row.fill.price),
                f"${row.fill.fee.decimal:.4f}",
                row.owner,
                moment(row.fill.at_us),
            )
            for row in rows
        ],
    )


def show_round_trips(rows: Sequence[RoundTripRow], console: "Console") -> None:
    print_table(
        console,
        "Round trips",
        (TICKER, ("count", "right"), ("cost", "right"), ("P&L", "right"), "why", "closed UTC"),
        [
            (
                row.trip.ticker,
                count(row.trip.count),
                dollars(row.trip.entry_cost),
                gain(row.pnl),
                row.trip.reason,
                moment(row.trip.closed_us),
            )
            for row in rows
        ],
    )


def show_tape(rows: Sequence[TapeRow], console: "Console") -> None:
    print_table(
        console,
        "Tape",
        (
            "UTC",
            "kind",
            TICKER,
            ("count", "right"),
            ("price", "right"),
            ("cash", "right"),
            ("balance", "right"),
        ),
        [
            (
                moment(row.at_us),
                row.kind if row.side is None else f"{row.kind} {row.side}",
                row.ticker or "-",
                count(row.count),
                cents(row.price),
                gain(row.cash),
                dollars(row.balance),
            )
            for row in rows
        ],
    )


def show_markets(rows: Sequence[MarketRow], console: "Console") -> None:
    print_table(
        console,
        "Markets",
        (TICKER, ("title", "cut"), ("bid", "right"), ("ask", "right"), ("24h", "right"), "status"),
        [
            (
                row.ticker,
                row.title,
                best(row.bid),
                best(row.ask),
                count(row.volume_24h),
                row.status if row.result is None else f"{row.result} {cents(row.payout)}",
            )
            for row in rows
        ],
    )


def show_analyses(rows: Sequence[AnalysisRow], console: "Console") -> None:
    print_table(
        console,
        "Analyses",
        (
            TICKER,
            ("model", "cut"),
            ("market", "right"),
            ("forecast", "right"),
            ("blended", "right"),
            "result",
            "UTC",
        ),
        [
            (
                row.forecast.ticker,
                row.forecast.model,
                percent(row.forecast.market),
                percent(row.forecast.probability),
                percent(row.forecast.blended),
                "open" if row.result is None else f"{row.result} {cents(row.payout)}",
                moment(row.forecast.made_us),
            )
            for row in rows
        ],
    )
    for label in sorted({row.forecast.label for row in rows} - {""}):
        console.print(label, style="dim")


def show_runs(rows: Sequence[RunRow], console: "Console") -> None:
    print_table(
        console,
        "Runs",
        (("no.", "right"), "command", "started UTC", "ended UTC", ("why it ended", "wrap")),
        [
            (
                str(row.number),
                row.command,
                moment(row.started_us),
                moment(row.ended_us),
                row.reason or "running, or killed",
            )
            for row in rows
        ],
    )


def show_denials(rows: Sequence[DenialRow], console: "Console") -> None:
    print_table(
        console,
        "Denials",
        (TICKER, "code", ("value", "right"), ("limit", "right"), ("detail", "cut"), "UTC"),
        [
            (row.ticker, row.code, row.value, row.limit, row.detail, moment(row.at_us))
            for row in rows
        ],
    )
