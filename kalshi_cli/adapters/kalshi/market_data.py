"""`MarketData` over REST: GET only, unsigned, so that it needs no account and drains no bucket."""

import math
from collections.abc import Collection, Mapping
from functools import partial
from urllib.parse import quote

from msgspec import Raw

from kalshi_cli.adapters.kalshi.client import STATUS, ReadClient, is_a_status
from kalshi_cli.adapters.kalshi.params import (
    EVENTS_PER_PAGE,
    ROWS_PER_PAGE,
    Query,
    at_cursor,
    is_ticker,
    since,
    ticker_chunks,
    until,
)
from kalshi_cli.adapters.kalshi.public import (
    read_listing,
    to_book,
    to_event_listing,
    to_series,
    to_status,
    to_trade,
)
from kalshi_cli.adapters.kalshi.rows import decode, decode_member, read_page, trusted
from kalshi_cli.adapters.kalshi.wire import (
    BookWire,
    EventWire,
    SeriesWire,
    StatusWire,
    TradeWire,
)
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Listing, Series, Trade
from kalshi_cli.errors import ExchangeRefusal, MalformedAnswer, NotFound
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import NOTHING, EventListing, ExchangeStatus, Page, Unusable


class KalshiMarketData:
    """`ports.exchange.MarketData` against one exchange."""

    def __init__(self, rest: ReadClient, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock

    async def exchange_status(self) -> ExchangeStatus:
        body = await self._rest.get(STATUS, accept=is_a_status)
        return trusted(decode(body, StatusWire), to_status)

    async def series(self) -> Page[Series]:
        body = await self._rest.get("/series")
        return read_page(body, "series", SeriesWire, to_series)

    async def open_events(
        self, cursor: str = "", known: Mapping[int, str] = NOTHING
    ) -> Page[EventListing]:
        body = await self._rest.get(
            "/events",
            [
                ("status", "open"),
                ("with_nested_markets", "true"),
                ("limit", EVENTS_PER_PAGE),
                *at_cursor(cursor),
            ],
        )
        convert = partial(to_event_listing, at_us=self._clock.now(), known=known)
        page = read_page(body, "events", EventWire, convert, cursor)
        nested = (bad for event in page.items for bad in event.unusable)
        return Page(page.items, page.cursor, (*page.unusable, *nested))

    async def event(self, event_ticker: str) -> EventListing:
        missing = NotFound(
            f"There is no event {event_ticker!r}.", remedy="`kalshi inspect markets` lists them."
        )
        if not is_ticker(event_ticker):
            raise missing
        try:
            body = await self._rest.get(
                f"/events/{quote(event_ticker, safe='')}", [("with_nested_markets", "true")]
            )
        except ExchangeRefusal as refusal:
            if refusal.status != 404:
                raise
            raise missing from refusal
        now = self._clock.now()
        wire = decode_member(body, "event", EventWire)
        return trusted(wire, partial(to_event_listing, at_us=now))

    async def events_named(self, tickers: Collection[str]) -> Page[EventListing]:
        items: list[EventListing] = []
        unusable: list[Unusable] = []
        for chunk in ticker_chunks(tickers):
            named: Query = [("tickers", ",".join(chunk)), ("with_nested_markets", "true")]
            body = await self._rest.get("/events", [*named, ("limit", EVENTS_PER_PAGE)])
            convert = partial(to_event_listing, at_us=self._clock.now())
            page = read_page(body, "events", EventWire, convert)
            if page.cursor or any(row.event.event_ticker not in chunk for row in page.items):
                raise MalformedAnswer("The exchange listed events that were not asked for.")
            items += page.items
            unusable += page.unusable
            unusable += [bad for event in page.items for bad in event.unusable]
        return Page(tuple(items), unusable=tuple(unusable))

    async def updated_markets(self, since_us: int, cursor: str = "") -> Page[Listing]:
        params: Query = [("mve_filter", "exclude"), ("min_updated_ts", since_us // SECOND)]
        return await self._markets(params, cursor)

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        items: list[Listing] = []
        unusable: list[Unusable] = []
        for chunk in ticker_chunks(tickers):
            page = await self._markets([("tickers", ",".join(chunk))])
            if page.cursor or any(row.market.ticker not in chunk for row in page.items):
                raise MalformedAnswer("The exchange listed markets that were not asked for.")
            items += page.items
            unusable += page.unusable
        return Page(tuple(items), unusable=tuple(unusable))

    async def _markets(self, params: Query, cursor: str = "") -> Page[Listing]:
        body = await self._rest.get(
            "/markets", [*params, ("limit", ROWS_PER_PAGE), *at_cursor(cursor)]
        )
        now = self._clock.now()
        return read_page(body, "markets", Raw, partial(read_listing, at_us=now), cursor)

    async def books(self, tickers: Collection[str]) -> Mapping[str, OrderBook]:
        books: dict[str, OrderBook] = {}
        for chunk in ticker_chunks(tickers):
            body = await self._rest.get(
                "/markets/orderbooks", [("tickers", ticker) for ticker in chunk]
            )
            now = self._clock.now()
            page = read_page(body, "orderbooks", BookWire, partial(to_book, at_us=now))
            books |= {book.ticker: book for book in page.items if book.ticker in chunk}
        return books

    async def trades(
        self, ticker: str, min_us: int = 0, cursor: str = "", max_us: int | None = None
    ) -> Page[Trade]:
        if not is_ticker(ticker):
            return Page(())
        params: Query = [("ticker", ticker), ("limit", ROWS_PER_PAGE)]
        params += [*since(min_us), *until(max_us), *at_cursor(cursor)]
        body = await self._rest.get("/markets/trades", params)
        page = read_page(body, "trades", TradeWire, to_trade, cursor)
        last_us = math.inf if max_us is None else max_us
        items = tuple(trade for trade in page.items if min_us <= trade.at_us <= last_us)
        return Page(items, page.cursor, page.unusable)
