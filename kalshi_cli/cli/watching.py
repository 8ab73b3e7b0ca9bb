"""`watch`: what the stream tells of a few markets, kept as one picture of them.

A price is shown while the exchange stands behind it: a book that is unknown has no price, and says
why. What the stream does not repeat is read over REST when that is due.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.market import Listing, MarketStatus, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.errors import KalshiError, NotFound, UsageError
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

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.feed import OpenFeed

Result = TypeVar("Result")

REFRESH_S = 1.0
"""How often the picture is drawn although nothing happened: how old it is, changes."""
PAUSE_S = 0.2
"""Between two batches: what happens meanwhile comes together."""
_KEPT_TRADES = 200
_STATUS_AFTER = {
    Change.CREATED: MarketStatus.INITIALIZED,
    Change.ACTIVATED: MarketStatus.ACTIVE,
    Change.DEACTIVATED: MarketStatus.INACTIVE,
    Change.DETERMINED: MarketStatus.DETERMINED,
    Change.SETTLED: MarketStatus.FINALIZED,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """One market. Bid and ask are its book's, None where a side is empty or the book `unknown`,
    which then says why.
    """

    ticker: str
    title: str
    status: MarketStatus
    bid: Level | None = None
    ask: Level | None = None
    last: Price | None = None
    volume: Contracts | None = None
    unknown: str = "not told yet"


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed at once: markets as they stand now, trades, and what a person should know.

    `heard_us` is the last sign of life of the stream, in market time.
    """

    at_us: int
    connected: bool
    heard_us: int | None
    markets: tuple[Watched, ...]
    trades: tuple[Trade, ...]
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.markets or self.trades or self.notes)


class Picture:
    """Takes events in, and knows how the markets stand."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self.link = Link(connected=False)
        self.markets: dict[str, Watched] = {}
        self.trades: deque[Trade] = deque(maxlen=_KEPT_TRADES)
        self._changed: dict[str, None] = {}
        self._new: list[Trade] = []
        self._notes: list[str] = []
        for each in listings:
            self._begin(each)

    def take_in(self, event: StreamEvent) -> None:
        """One event of the stream."""
        match event:
            case Link():
                self._notes.append("connected" if event.connected else f"lost: {event.reason}")
            case OrderBook():
                best = {"bid": event.best_bid, "ask": event.best_ask}
                self._change(event.ticker, unknown="", **best)
            case BookLost():
                self._change(event.ticker, unknown=event.reason, bid=None, ask=None)
            case StreamQuote():
                self._change(event.ticker, last=event.last, volume=event.volume)
            case Trade():
                self.add(event)
            case MarketChange() if event.ticker in self.markets:
                if event.change in _STATUS_AFTER:
                    self._change(event.ticker, status=_STATUS_AFTER[event.change])
                ended = "" if event.result is None else f", result {event.result}"
                self._notes.append(f"{event.ticker}: {event.change.replace('_', ' ')}{ended}")
            case Unusable():
                self._notes.append(f"{event.what} refused: {event.reason}")
            case _:
                pass

    def add(self, trade: Trade) -> None:
        """A trade, unless it is known."""
        if trade.ticker in self.markets and trade not in self.trades:
            self.trades.append(trade)
            self._new.append(trade)
            self._change(trade.ticker, last=trade.price)

    def read(self, listings: Iterable[Listing]) -> None:
        """Markets as REST tells them: their status, which the stream may have told while away."""
        for each in listings:
            self._change(each.market.ticker, status=each.market.status)

    def note(self, text: str) -> None:
        self._notes.append(text)

    def batch(self, at_us: int, link: Link) -> Batch:
        """What changed since the last batch."""
        self.link = link
        found = Batch(
            at_us=at_us,
            connected=link.connected,
            heard_us=link.heard_us,
            markets=tuple(self.markets[ticker] for ticker in self._changed),
            trades=tuple(sorted(self._new, key=lambda trade: trade.at_us)),
            notes=tuple(self._notes),
        )
        self._changed, self._new, self._notes = {}, [], []
        return found

    def _begin(self, listing: Listing) -> None:
        market, quote = listing.market, listing.quote
        self.markets[market.ticker] = Watched(
            market.ticker, market.title, market.status, last=quote.last, volume=quote.volume
        )

    def _change(self, ticker: str, **how: object) -> None:
        was = self.markets.get(ticker)
        if was is None:
            return
        now = replace(was, **how)  # type: ignore[arg-type]
        if now != was:
            self.markets[ticker] = now
            self._changed[ticker] = None


Show = Callable[[Picture, Batch], None]
"""Draws the picture, or tells the batch."""


def speed_of(prepared: Prepared, asked: float | None) -> float:
    """How fast a simulated world lives while it is watched. Raises `UsageError` elsewhere."""
    if asked is not None and prepared.environment.env is not Env.SIM:
        raise UsageError("--speed belongs to the simulated world.", remedy="Add --sim.")
    if prepared.environment.env is Env.SIM and asked is None:
        prepared.invocation.say("The world stands still; --speed 60 lets it live meanwhile.")
    return asked or 0.0


async def watch(
    prepared: Prepared,
    tickers: Sequence[str],
    *,
    stop: Stop,
    speed: float,
    display: AbstractContextManager[Show],
) -> None:
    """Watch until `stop`. Raises `NotFound` for a market that the exchange does not list."""
    from kalshi_cli.bootstrap.feed import open_feed

    async with open_feed(prepared.environment) as feed:
        listings = await _listed(feed, tickers)
        picture = Picture(listings)
        feed.stream.follow([listing.market.ticker for listing in listings])
        living = asyncio.ensure_future(feed.live(speed))
        try:
            with display as show:
                await follow(feed, picture, stop, living, show)
        finally:
            living.cancel()
            await asyncio.wait((living,))


async def _listed(feed: "OpenFeed", tickers: Sequence[str]) -> tuple[Listing, ...]:
    """What these are: just as typed where that is listed, else in upper case."""
    page = await feed.data.listings(list(dict.fromkeys([*tickers, *map(str.upper, tickers)])))
    found = {listing.market.ticker: listing for listing in page.items}
    refused = {each.what: each.reason for each in page.unusable}
    names = [name if name in found or name in refused else name.upper() for name in tickers]
    for ticker in names:
        if ticker in refused:
            raise NotFound(f"{ticker} cannot be read: {refused[ticker]}")
        if ticker not in found:
            raise NotFound(
                f"The exchange lists no market {ticker}.",
                remedy="`kalshi inspect markets` shows those that were ingested.",
            )
    return tuple(found[name] for name in dict.fromkeys(names))


async def follow(
    feed: "OpenFeed", picture: Picture, stop: Stop, living: "asyncio.Future[None]", show: Show
) -> None:
    stopping = asyncio.ensure_future(stop.event.wait())
    taking = asyncio.ensure_future(feed.stream.take())
    try:
        while not stop.asked:
            waits = {stopping, taking} | (set() if living.done() else {living})
            await asyncio.wait(waits, timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                living.result()
            if taking.done():
                events = taking.result()
                taking = asyncio.ensure_future(feed.stream.take())
                for event in events:
                    picture.take_in(event)
                await _catch_up(feed, picture, events)
            show(picture, picture.batch(feed.clock.now(), feed.stream.link))
            await asyncio.wait((stopping,), timeout=PAUSE_S)
    finally:
        for task in (stopping, taking):
            task.cancel()
        await asyncio.wait((stopping, taking))


async def _catch_up(feed: "OpenFeed", picture: Picture, events: Sequence[StreamEvent]) -> None:
    """Read what the stream does not repeat: how markets stand, and trades since it was lost."""
    due = [event for event in events if isinstance(event, Resync) and event.since_us is not None]
    if any(event.read is Read.MARKETS for event in due):
        page = await _survived(picture, feed.data.listings(list(picture.markets)))
        picture.read(page.items if page else ())
    for event in due:
        if event.read is Read.TRADES and event.since_us is not None:
            for ticker in [event.ticker] if event.ticker else list(picture.markets):
                trades = await _survived(picture, feed.data.trades(ticker, event.since_us))
                for trade in reversed(trades.items if trades else ()):
                    picture.add(trade)


async def _survived(picture: Picture, reading: Awaitable[Result]) -> Result | None:
    """The result of a read; None, and a note, where it failed."""
    try:
        return await reading
    except KalshiError as error:
        picture.note(str(error))
        return None
