"""`Archive` over REST: markets and prints for everybody, the account's own signed."""

from collections.abc import Collection
from functools import partial

import msgspec

from kalshi_cli.adapters.kalshi.account import to_fill, to_order
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.params import (
    PRIMARY,
    ROWS_PER_PAGE,
    Query,
    at_cursor,
    is_ticker,
    since,
    ticker_chunks,
)
from kalshi_cli.adapters.kalshi.public import to_listing, to_trade
from kalshi_cli.adapters.kalshi.rows import decode, read_page, trusted
from kalshi_cli.adapters.kalshi.wire import FillWire, MarketWire, OrderWire, TradeWire
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import Listing, Trade
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.ports.archive import Cutoffs
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Page, Unusable


class CutoffWire(msgspec.Struct, frozen=True):
    market_settled_ts: str
    trades_created_ts: str
    orders_updated_ts: str


class KalshiArchive:
    """`ports.archive.Archive`; without a signer only what is public."""

    def __init__(self, rest: RestClient, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock

    async def cutoffs(self) -> Cutoffs:
        body = await self._rest.get("/historical/cutoff")
        return trusted(decode(body, CutoffWire), _to_cutoffs)

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        items: list[Listing] = []
        unusable: list[Unusable] = []
        for chunk in ticker_chunks(tickers):
            params: Query = [("tickers", ",".join(chunk)), ("limit", ROWS_PER_PAGE)]
            body = await self._rest.get("/historical/markets", params)
            convert = partial(to_listing, at_us=self._clock.now())
            page = read_page(body, "markets", MarketWire, convert)
            items += [row for row in page.items if row.market.ticker in chunk]
            unusable += page.unusable
        return Page(tuple(items), unusable=tuple(unusable))

    async def trades(self, ticker: str, min_us: int = 0, cursor: str = "") -> Page[Trade]:
        if not is_ticker(ticker):
            return Page(())
        query: Query = [("ticker", ticker), *_part(min_us, cursor)]
        body = await self._rest.get("/historical/trades", query)
        page = read_page(body, "trades", TradeWire, to_trade, cursor)
        return Page(tuple(t for t in page.items if t.at_us >= min_us), page.cursor, page.unusable)

    async def orders(self, *, min_us: int = 0, cursor: str = "") -> Page[OrderReport]:
        body = await self._own("orders", min_us, cursor)
        return read_page(body, "orders", OrderWire, to_order, cursor)

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        page = read_page(
            await self._own("fills", min_us, cursor), "fills", FillWire, to_fill, cursor
        )
        return Page(tuple(f for f in page.items if f.at_us >= min_us), page.cursor, page.unusable)

    async def _own(self, key: str, min_us: int, cursor: str) -> bytes:
        query: Query = [*_part(min_us, cursor), PRIMARY]
        return await self._rest.get(f"/historical/{key}", query, signed=True)


def _part(min_us: int, cursor: str) -> Query:
    return [*since(min_us), ("limit", ROWS_PER_PAGE), *at_cursor(cursor)]


def _to_cutoffs(wire: CutoffWire) -> Cutoffs:
    return Cutoffs(
        markets_us=parse_rfc3339(wire.market_settled_ts),
        trades_us=parse_rfc3339(wire.trades_created_ts),
        orders_us=parse_rfc3339(wire.orders_updated_ts),
    )
