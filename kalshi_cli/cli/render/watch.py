"""How `watch` looks: live on a terminal, a line a change in a pipe, an envelope a batch as JSON."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.render.as_json import emit
from kalshi_cli.cli.render.console import stdout
from kalshi_cli.cli.render.words import NOTHING, cents, count
from kalshi_cli.cli.watching import Batch, Picture, Show, Watched
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import format_span, to_datetime
from kalshi_cli.domain.market import MarketStatus, Trade

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

SHOWN_TRADES = 8
_FRAME = 7
"""Lines around markets and trades: what is heard, headings, blanks, how to end, the prompt."""
_TITLED = 4
"""So many markets have a line for their title and for why a book is unknown; with more there is no
room."""


@contextmanager
def display(invocation: Invocation) -> Iterator[Show]:
    """Tell in the way the output wants it."""
    console = stdout(invocation.options)
    if invocation.wants_json:
        yield lambda _, batch: emit(invocation, batch) if batch else None
    elif console.is_terminal and not invocation.options.quiet:
        with _live(console) as show:
            yield show
    else:
        yield lambda _, batch: _print(console, batch)


def _print(console: "Console", batch: Batch) -> None:
    for line in lines(batch):
        console.print(line, soft_wrap=True)


def lines(batch: Batch) -> Iterator[str]:
    """A batch as lines, each with its time of day (UTC)."""
    at = clock(batch.at_us)
    for note in batch.notes:
        yield f"{at}  {note}"
    for trade in batch.trades:
        yield f"{clock(trade.at_us)}  {trade.ticker}  {traded(trade)}"
    for market in batch.markets:
        yield f"{at}  {market.ticker}  {touch(market)}"


def touch(market: Watched) -> str:
    """Top of the book in words."""
    last = f"last {cents(market.last)}"
    closed = "" if market.status is MarketStatus.ACTIVE else f"  ({market.status})"
    if market.unknown:
        return f"book unknown ({market.unknown})  {last}{closed}"
    return f"bid {level(market.bid)}  ask {level(market.ask)}  {last}{closed}"


def level(side: Level | None) -> str:
    """`42c x 103.50`; nothing where a side is empty."""
    return NOTHING if side is None else f"{cents(side.price)} x {count(side.count)}"


def traded(trade: Trade) -> str:
    verb = "buys" if trade.taker_side == "bid" else "sells"
    return f"taker {verb} {count(trade.count)} at {cents(trade.price)}"


def clock(at_us: int) -> str:
    """`06:15:03`."""
    return to_datetime(at_us).strftime("%H:%M:%S")


@contextmanager
def _live(console: "Console") -> Iterator[Show]:
    from rich.live import Live

    with Live(console=console, auto_refresh=False) as live:

        def show(picture: Picture, batch: Batch) -> None:
            live.update(screen(picture, batch.at_us, console.height), refresh=True)

        yield show


def screen(picture: Picture, now_us: int, height: int) -> "Group":
    """How far all this can be believed, the markets, and the newest trades: as many as fit."""
    from rich.console import Group
    from rich.text import Text

    by_time = sorted(picture.trades, key=lambda trade: trade.at_us)
    trades = by_time[::-1][: min(SHOWN_TRADES, height // 4)]
    room = max(1, height - _FRAME - len(trades))
    markets = list(picture.markets.values())
    shown = markets if len(markets) <= room else markets[: room - 1]
    more = len(markets) - len(shown)
    return Group(
        standing(picture, now_us),
        _table(shown),
        *([Text(f"... and {more} more")] if more else []),
        *(
            Text(f"{clock(each.at_us)}  {each.ticker}  {traded(each)}", style="dim")
            for each in trades
        ),
        Text("Ctrl-C ends"),
    )


def standing(picture: Picture, now_us: int) -> "Text":
    """The state of the connection: how long nothing was heard, and why."""
    from rich.text import Text

    link, day = picture.link, to_datetime(now_us).strftime("%Y-%m-%d %H:%M:%SZ")
    heard = "nothing heard yet"
    if link.heard_us is not None:
        heard = f"heard {format_span(max(0, now_us - link.heard_us))} ago"
    if link.connected:
        return Text(f"{day}  live, {heard}", style="green")
    return Text(f"{day}  NOT CONNECTED, {heard}: {link.reason}", style="bold red")


def _table(markets: Sequence[Watched]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("market", overflow="fold")
    for heading in ("bid", "ask", "last", "volume"):
        table.add_column(heading, justify="right", no_wrap=True)
    for market in markets:
        closed = "" if market.status is MarketStatus.ACTIVE else f" ({market.status})"
        known = not market.unknown
        table.add_row(
            f"{market.ticker}{closed}",
            level(market.bid) if known else "unknown",
            level(market.ask) if known else "unknown",
            cents(market.last),
            count(market.volume),
        )
        if len(markets) <= _TITLED:
            below = [market.title] if known else [market.title, f"unknown: {market.unknown}"]
            table.add_row("; ".join(below), style="dim")
    return table
