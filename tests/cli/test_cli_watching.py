"""The picture that `watch` keeps, and how it is told: no price without a book behind it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.clock import START_US, FakeClock
from fakes.exchange import FakeExchange
from rich.console import Console

from kalshi_cli.bootstrap.feed import OpenFeed
from kalshi_cli.cli.invocation import Invocation
from kalshi_cli.cli.render.watch import lines, screen
from kalshi_cli.cli.start import Prepared
from kalshi_cli.cli.watching import Batch, Picture, follow, speed_of
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import Result, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.errors import Unavailable, UsageError
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import (
    BookLost,
    Change,
    Link,
    MarketChange,
    Read,
    Resync,
    StreamEvent,
    StreamQuote,
)
from kalshi_cli.scheduler.lanes import Stop
from kalshi_cli.settings import Configuration
from kalshi_cli.settings.environment import Environment

A, B = "KXA-1", "KXA-2"
BOOK = OrderBook(
    A, (Level(Price(4_200), Contracts(10_350)),), (Level(Price(4_350), Contracts(1_200)),), START_US
)
TRADE = Trade("t1", A, Price(4_350), Contracts(300), "bid", START_US)


@pytest.fixture
def exchange() -> FakeExchange:
    exchange = FakeExchange(FakeClock())
    exchange.add_event("KXA", [A, B])
    return exchange


@pytest.fixture
async def picture(exchange: FakeExchange) -> Picture:
    return Picture((await exchange.listings([A, B])).items)


def told(picture: Picture, *events: StreamEvent, link: Link | None = None) -> Batch:
    for event in events:
        picture.take_in(event)
    return picture.batch(START_US, link or Link(connected=True, heard_us=START_US))


def test_what_did_not_change_is_not_told(picture: Picture):
    first = told(picture, BOOK)
    assert [market.ticker for market in first.markets] == [A]
    assert first.markets[0].bid == BOOK.best_bid
    assert not told(picture, BOOK)
    assert not told(picture)


def test_a_book_that_is_unknown_has_no_price_and_says_why(picture: Picture):
    told(picture, BOOK)
    (market,) = told(picture, BookLost(A, "frames of the stream were lost")).markets
    assert (market.bid, market.ask) == (None, None)
    assert market.unknown == "frames of the stream were lost"
    told(picture, BOOK)
    (line,) = lines(told(picture, BookLost(A, "reset")))
    assert "42c" not in line


def test_lines_for_a_pipe(picture: Picture):
    empty = OrderBook(B, (), (), START_US)
    quote = StreamQuote(A, None, None, Price(4_300), Contracts(0), Contracts(0), START_US)
    batch = told(picture, Link(connected=True), BOOK, empty, quote, TRADE)
    assert list(lines(batch)) == [
        "00:00:00  connected",
        "00:00:00  KXA-1  taker buys 3 at 43.5c",
        "00:00:00  KXA-1  bid 42c x 103.50  ask 43.5c x 12  last 43.5c",
        "00:00:00  KXA-2  bid -  ask -  last -",
    ]
    paused = told(picture, MarketChange(A, Change.DEACTIVATED), BookLost(B, "reset"))
    assert list(lines(paused)) == [
        "00:00:00  KXA-1: deactivated",
        "00:00:00  KXA-1  bid 42c x 103.50  ask 43.5c x 12  last 43.5c  (inactive)",
        "00:00:00  KXA-2  book unknown (reset)  last -",
    ]


def test_what_a_person_should_know_is_noted(picture: Picture):
    batch = told(
        picture,
        Link(connected=False, reason="no pong within 10 s"),
        MarketChange(A, Change.DETERMINED, result=Result.YES),
        MarketChange("KXOTHER", Change.DETERMINED),
        Unusable(B, "finer than 4 decimals"),
    )
    assert batch.notes == (
        "lost: no pong within 10 s",
        "KXA-1: determined, result yes",
        "KXA-2 refused: finer than 4 decimals",
    )
    assert batch.markets[0].status == "determined"


def test_a_trade_is_told_once(picture: Picture):
    assert told(picture, TRADE, TRADE).trades == (TRADE,)
    assert told(picture, TRADE).trades == ()


@pytest.mark.parametrize(
    ("width", "long", "bid"),
    [
        (80, "KXHIGHNYLONGSERIES-27JAN05T1234-B35.5", "42c x 103.50"),
        (80, "KXNCAAMBGAME-27JAN0411SOUTHERNMISSLALAFAYETTE-SOUTHERNMISS", "42c"),
        (60, "KXHIGHNY-27JAN05-B35.5", "42c x 103.50"),
        (60, "KXHIGHNYLONGSERIES-27JAN05T1234-B35.5", "42c"),
    ],
)
def test_the_screen_fits(picture: Picture, width: int, long: str, bid: str):
    """And no ticker is broken: sizes make way for a very long one."""
    told(picture, BOOK, BookLost(B, "frames of the stream were lost"), TRADE)
    picture.markets[long] = replace(picture.markets[A], ticker=long)
    console = Console(width=width, record=True, file=None)
    with console.capture() as captured:
        console.print(screen(picture, START_US + 3 * SECOND, 24, width))
    shown = captured.get()
    assert max(map(len, shown.splitlines())) <= width
    (line,) = (line for line in shown.splitlines() if long in line)
    assert line.split(maxsplit=1)[1].startswith(f"{bid}  ")
    assert "live, heard 3s ago" in shown
    assert shown.count("unknown") == 3  # bid, ask, and why


@pytest.mark.parametrize("height", [24, 40])
def test_of_many_markets_as_many_are_shown_as_fit(picture: Picture, height: int):
    told(picture, BOOK, *(replace(TRADE, trade_id=f"t{number}") for number in range(9)))
    picture.markets |= {
        f"KXM-{n}": replace(picture.markets[A], ticker=f"KXM-{n}") for n in range(50)
    }
    console = Console(width=80)
    with console.capture() as captured:
        console.print(screen(picture, START_US, height))
    shown = captured.get().splitlines()
    assert height - 2 <= len(shown) < height
    assert shown[-1] == "Ctrl-C ends"
    listed = sum(line.startswith(" KX") for line in shown)
    assert f"... and {52 - listed} more" in shown
    assert sum("taker buys" in line for line in shown) == min(8, height // 4)


def test_a_screen_that_is_cut_off_says_so_and_shows_no_old_price(picture: Picture):
    told(picture, BOOK)
    down = Link(connected=False, heard_us=START_US, reason="the connection broke off")
    told(picture, down, BookLost(A, "the connection broke off"), link=down)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(screen(picture, START_US + 2 * MINUTE, 24))
    assert "NOT CONNECTED, heard 2m ago: the connection broke off" in captured.get()
    assert "42c" not in captured.get()


class Scripted:
    """A stream that tells batches one after another, then stops the watch."""

    def __init__(self, stop: Stop, *batches: tuple[StreamEvent, ...]) -> None:
        self._stop, self._batches = stop, list(batches)
        self.link = Link(connected=True, heard_us=START_US)

    async def take(self) -> tuple[StreamEvent, ...]:
        if self._batches:
            return self._batches.pop(0)
        self._stop.ask("the end")
        await asyncio.Event().wait()
        return ()


async def watched(exchange: FakeExchange, picture: Picture, *batches) -> list[Batch]:
    stop, seen = Stop(), []
    feed = OpenFeed(exchange.clock, exchange, Scripted(stop, *batches))

    @contextmanager
    def display() -> Iterator:
        yield lambda _, batch: seen.append(batch)

    living = asyncio.ensure_future(feed.live(0))
    with display() as show:
        await follow(feed, picture, stop, living, show)
    await living
    return seen


async def test_trades_that_were_missed_are_read(exchange: FakeExchange, picture: Picture):
    early = Trade("t0", A, Price(4_000), Contracts(100), "ask", START_US - MINUTE)
    exchange.prints += [TRADE, early]
    due = Resync(Read.TRADES, "", START_US - SECOND, "frames of the stream were lost")
    seen = await watched(exchange, picture, (due,), (TRADE,))
    assert [trade for batch in seen for trade in batch.trades] == [TRADE]


async def test_markets_are_read_again_where_that_is_due(exchange: FakeExchange, picture: Picture):
    exchange.settle(A, Result.YES, None)
    due = Resync(Read.MARKETS, "", START_US, "the stream begins here")
    seen = await watched(exchange, picture, (due,))
    assert picture.markets[A].status == exchange.markets[A].status != "active"
    assert any(market.ticker == A for batch in seen for market in batch.markets)


async def test_a_read_that_fails_is_noted_and_the_watch_goes_on(
    exchange: FakeExchange, picture: Picture
):
    exchange.reading.append(Unavailable("The exchange answered 503."))
    due = Resync(Read.MARKETS, "", START_US, "the stream begins here")
    seen = await watched(exchange, picture, (due,), (BOOK,))
    assert any("503" in note for batch in seen for note in batch.notes)
    assert picture.markets[A].bid == BOOK.best_bid


def prepared(env: Env, *, advance: bool = True) -> Prepared:
    environment = Environment(env, "a test", Path(), advance=advance)
    return Prepared(Invocation(), Configuration.__new__(Configuration), environment)


def test_only_a_simulated_world_has_a_speed():
    assert speed_of(prepared(Env.SIM), None) == 0.0
    assert speed_of(prepared(Env.SIM), 60.0) == 60.0
    assert speed_of(prepared(Env.DEMO), None) == 0.0
    with pytest.raises(UsageError, match="--speed"):
        speed_of(prepared(Env.DEMO), 2.0)


def test_trades_of_many_markets_are_told_in_the_order_of_time(picture: Picture):
    late = replace(TRADE, trade_id="t2", at_us=START_US + SECOND)
    early = replace(TRADE, trade_id="t3", ticker=B)
    batch = told(picture, late, early)
    assert batch.trades == (early, late)
    console = Console(width=80, height=40)
    with console.capture() as captured:
        console.print(screen(picture, START_US, 40))
    shown = captured.get()
    assert shown.index("00:00:01  KXA-1") < shown.index("00:00:00  KXA-2")
