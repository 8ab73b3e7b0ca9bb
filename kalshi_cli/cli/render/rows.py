"""How the rows of `inspect` look; every amount in full is in `--json`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.measures import measured
from kalshi_cli.cli.render.tables import print_table
from kalshi_cli.cli.render.words import (
    NOTHING,
    best,
    cents,
    count,
    deal,
    dollars,
    gain,
    held,
    moment,
    percent,
    some,
)
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money, total
from kalshi_cli.domain.order import Purpose
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.rows.desk import RunRow
from kalshi_cli.ports.rows.markets import (
    AnalysisRow,
    MarketRow,
    TapeRow,
)
from kalshi_cli.ports.rows.trading import (
    DenialRow,
    FillRow,
    OrderRow,
    PositionRow,
    RoundTripRow,
)

if TYPE_CHECKING:
    from rich.console import Console

PAGE = 100
"""Positions that a person is shown unasked."""


def show_positions(rows: Sequence[PositionRow], console: "Console") -> None:
    print_table(
        console,
        "Positions",
        (
            "ticker",
            "side",
            ("held", "right"),
            ("cost", "right"),
            ("mark", "right spare"),
            ("P&L", "right"),
            ("realized", "right spare"),
        ),
        [
            (
                row.ticker,
                held(row.outcome),
                count(row.count),
                dollars(row.cost),
                _mark(row),
                gain(row.unrealized),
                gain(row.realized - row.fees),
            )
            for row in rows
        ],
    )
    for told in sorted({_FLAGS[flag] for row in rows if (flag := _flag(row))}):
        console.print(told)
    if foreign := [row.ticker for row in rows if row.owner == EXTERNAL]:
        console.print(f"external, which nothing sells but `kalshi close`: {', '.join(foreign)}")


NO_BID = "no bid"
_FLAGS = {
    "*": "* no mid within 10c: what it would bring if sold now",
    NO_BID: "no bid: nobody bids for it now, so that it counts as $0 until somebody does",
    "~": "~ its market does not trade, and has no result yet: what it cost",
    "!": "! the exchange does not tell of its market: it counts as $0",
}


def _flag(row: PositionRow) -> str:
    """Why a mark is no mid and no payout, and what it is then; empty where it is one."""
    if row.mark.is_mid:
        return ""
    if row.status is None:
        return "!"
    if row.status is not MarketStatus.ACTIVE:
        return "~"
    return "*" if row.outcome_bid is not None else NO_BID


def without_bid(rows: Sequence[PositionRow]) -> str:
    """How many positions count as $0 since nobody bids for them, and their cost; or nothing."""
    found = [row.cost for row in rows if _flag(row) == NO_BID]
    if not found:
        return ""
    return f"{some(len(found), 'position')} without a bid (cost {dollars(total(found))}) as $0"


def _mark(row: PositionRow) -> str:
    flag = _flag(row)
    return flag if flag == NO_BID else dollars(row.mark.value) + flag


def show_orders(rows: Sequence[OrderRow], console: "Console", *, title: str = "Orders") -> None:
    """The id under the ticker is the one that `cancel` takes; the owner stands beside it."""
    print_table(
        console,
        title,
        (
            "ticker",
            "side",
            ("filled", "right"),
            ("limit", "right"),
            "state",
            ("UTC", "spare"),
            ("id, owner", "note"),
        ),
        [
            (
                row.ticker,
                side,
                f"{count(row.filled)}/{count(row.count)}",
                limit,
                row.state,
                moment(row.created_us),
                f"{row.client_order_id}  {row.strategy}",
            )
            for row in rows
            for side, limit in [deal(row.side, row.limit, row.purpose)]
        ],
    )


def show_quotes(rows: Sequence[OrderRow], console: "Console") -> None:
    """Orders that make a market."""
    show_orders(rows, console, title="Quotes")


def show_fills(rows: Sequence[FillRow], console: "Console") -> None:
    print_table(
        console,
        "Fills",
        (
            "ticker",
            "side",
            ("count", "right"),
            ("price", "right"),
            ("fee", "right"),
            ("UTC", "spare"),
            ("owner", "cut spare"),
        ),
        [
            (
                row.fill.ticker,
                side,
                count(row.fill.count),
                price,
                f"${row.fill.fee.decimal:.4f}",
                moment(row.fill.at_us),
                row.owner,
            )
            for row in rows
            for side, price in [deal(row.fill.side, row.fill.price, row.purpose)]
        ],
    )


def show_round_trips(rows: Sequence[RoundTripRow], console: "Console") -> None:
    print_table(
        console,
        "Round trips",
        (
            "ticker",
            ("count", "right"),
            ("cost", "right"),
            ("P&L", "right"),
            ("why", "spare"),
            ("closed UTC", "spare"),
        ),
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
    """A settlement's price is what a YES contract paid."""
    print_table(
        console,
        "Tape",
        (
            "UTC",
            "kind",
            "ticker",
            ("count", "right"),
            ("price", "right spare"),
            ("cash", "right"),
            ("balance", "right spare"),
        ),
        [
            (
                moment(row.at_us),
                row.kind if row.side is None else side,
                row.ticker or NOTHING,
                count(row.count),
                cents(row.price) if row.side is None else price,
                gain(row.cash),
                dollars(row.balance),
            )
            for row in rows
            for side, price in [deal(row.side, row.price, row.purpose)]
        ],
    )


def show_markets(rows: Sequence[MarketRow], console: "Console") -> None:
    print_table(
        console,
        "Markets",
        (
            "ticker",
            ("title", "cut spare"),
            ("bid", "right"),
            ("ask", "right"),
            ("24h", "right"),
            ("status", "spare"),
        ),
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
            "ticker",
            ("model", "cut spare"),
            ("market", "right"),
            ("forecast", "right"),
            ("blended", "right"),
            "result",
            ("UTC", "spare"),
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
    """What was wanted, and under it what stood against it."""
    print_table(
        console,
        "Denials",
        (
            "ticker",
            "side",
            ("count", "right"),
            ("limit", "right"),
            "code",
            ("UTC", "spare"),
            ("why", "note"),
        ),
        [
            (
                row.ticker,
                side,
                count(row.count),
                limit,
                row.code,
                moment(row.at_us),
                against(row.detail, row.value, row.limit, row.code),
            )
            for row in rows
            for side, limit in [deal(row.side, row.price, Purpose(row.purpose))]
        ],
    )


def against(detail: str, value: str, limit: str, code: str = "") -> str:
    """Why, with the numbers that the words leave out, in their units."""
    if not value:
        return detail
    number, bound = measured(code, value, limit, detail)
    if not number or (_is_said(value, number, detail) and _is_said(limit, bound, detail)):
        return detail
    return f"{detail} ({number}, limit {bound})" if bound else f"{detail} ({number})"


def _is_said(number: str, shown: str, detail: str) -> bool:
    """Whether the words have a number: as it is on record, as it is shown, or as money is told."""
    if number in detail or shown.partition(" ")[0] in detail:
        return True
    try:
        return Money.parse(number).spoken in detail
    except InvalidValue:
        return False
