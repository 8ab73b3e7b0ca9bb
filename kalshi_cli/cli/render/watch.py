"""How `watch` looks: live on a terminal, a line a change in a pipe, an envelope a batch as JSON."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.render.as_json import emit
from kalshi_cli.cli.render.console import stdout
from kalshi_cli.cli.render.tables import breadth, fitted
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
_HEADINGS = ("market", "bid", "ask", "last", "volume")
_STANDS: tuple[set[str], ...] = (set(), set(), set(), {"spare"}, {"spare"})
_MARGINS = 2
"""Blanks at the sides of the table."""
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


def _price(side: Level | None) -> str:
    return NOTHING if side is None else cents(side.price)


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
            shown = screen(picture, batch.at_us, console.height, console.width)
            live.update(shown, refresh=True)

        yield show


def screen(picture: Picture, now_us: int, height: int, width: int = 80) -> "Group":
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
        _table(shown, width),
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


def _table(markets: Sequence[Watched], width: int) -> "Table":
    """Tickers are not broken: for long ones, what is least needed is left out, then sizes."""
    from rich import box
    from rich.table import Table

    room = width - _MARGINS
    rows = [_row(market, level) for market in markets]
    kept, widths = fitted(_STANDS, [_HEADINGS, *rows], room)
    if breadth(widths) > room:
        rows = [_row(market, _price) for market in markets]
        kept, widths = fitted(_STANDS, [_HEADINGS, *rows], room)
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column(_HEADINGS[0], overflow="fold", min_width=min(widths[0], room))
    for index in kept[1:]:
        table.add_column(_HEADINGS[index], justify="right", no_wrap=True)
    for market, row in zip(markets, rows, strict=True):
        table.add_row(*(row[index] for index in kept))
        if len(markets) <= _TITLED:
            known = not market.unknown
            below = [market.title] if known else [market.title, f"unknown: {market.unknown}"]
            table.add_row("; ".join(below), style="dim")
    return table


def _row(market: Watched, side: Callable[[Level | None], str]) -> tuple[str, ...]:
    closed = "" if market.status is MarketStatus.ACTIVE else f" ({market.status})"
    return (
        f"{market.ticker}{closed}",
        "unknown" if market.unknown else side(market.bid),
        "unknown" if market.unknown else side(market.ask),
        cents(market.last),
        count(market.volume),
    )
