"""`Trading` over REST: the account's reads, signed. Its writes are in `order_writes`."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from kalshi_cli.adapters.kalshi.account import (
    to_balance,
    to_cash,
    to_fill,
    to_order,
    to_position,
    to_queue_position,
    to_settlement,
)
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.market_data import KalshiMarketData
from kalshi_cli.adapters.kalshi.order_writes import OrderWrites
from kalshi_cli.adapters.kalshi.params import (
    PRIMARY,
    ROWS_PER_PAGE,
    TRANSFERS_PER_PAGE,
    Query,
    at_cursor,
    go_past,
    is_ticker,
    since,
    ticker_chunks,
)
from kalshi_cli.adapters.kalshi.public import seconds
from kalshi_cli.adapters.kalshi.rows import decode, decode_member, read_page, reason_of, trusted
from kalshi_cli.adapters.kalshi.wire import (
    AsOfWire,
    BalanceWire,
    FillWire,
    OrderWire,
    PositionWire,
    QueuePositionWire,
    SettlementWire,
    TransferWire,
)
from kalshi_cli.domain.account import Balance, CashKind, CashMovement, ExchangePosition, Settlement
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.errors import ExchangeRefusal, InvalidValue
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Page, QueuePosition, Unusable

_WITHDRAWALS = "withdrawals:"
"""Prefix of our own cursor once the deposits are through."""

Row = TypeVar("Row")
Kind = TypeVar("Kind")


class KalshiTrading(OrderWrites):
    """`ports.exchange.Trading` for the account of the client's signer."""

    def __init__(self, rest: RestClient, clock: Clock, market_data: KalshiMarketData) -> None:
        super().__init__(rest)
        self._clock = clock
        self._market_data = market_data

    async def order(self, order_id: str) -> OrderReport | None:
        if not is_ticker(order_id):
            return None
        try:
            body = await self._rest.get(
                f"/portfolio/orders/{quote(order_id, safe='')}", signed=True
            )
        except ExchangeRefusal as refusal:
            # Any other 404 tells of the way there, such as a wrong address, not of the order.
            if (refusal.status, refusal.exchange_code) != (404, "not_found"):
                raise
            return None
        return trusted(decode_member(body, "order", OrderWire), to_order)

    async def orders(
        self, *, resting_only: bool = False, min_us: int = 0, cursor: str = ""
    ) -> Page[OrderReport]:
        status: Query = [("status", "resting")] if resting_only else []
        return await self._page(
            "orders", OrderWire, to_order, [*status, *since(min_us)], cursor=cursor
        )

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        page = await self._page("fills", FillWire, to_fill, since(min_us), cursor=cursor)
        return replace(page, items=tuple(fill for fill in page.items if fill.at_us >= min_us))

    async def positions(self, cursor: str = "") -> Page[ExchangePosition]:
        params: Query = [("settlement_status", "unsettled"), ("count_filter", "position")]
        body = await self._get("positions", [*params, ("limit", ROWS_PER_PAGE)], cursor)
        page = read_page(body, "market_positions", PositionWire, to_position, cursor)
        return replace(page, items=tuple(held for held in page.items if held.net))

    async def settlements(self, *, min_us: int = 0, cursor: str = "") -> Page[Settlement]:
        """The wire's cents cannot say what a scalar result pays: the market itself is asked."""
        page = await self._page(
            "settlements", SettlementWire, lambda wire: wire, since(min_us), cursor=cursor
        )
        scalar = {row.ticker for row in page.items if row.market_result == Result.SCALAR}
        values = await self._scalar_values(scalar)
        settled: list[Settlement] = []
        unusable = list(page.unusable)
        for row in page.items:
            try:
                settled.append(to_settlement(row, values.get(row.ticker)))
            except InvalidValue as error:
                unusable.append(Unusable(row.ticker, reason_of(error)))
        recent = tuple(row for row in settled if row.settled_us >= min_us)
        return Page(recent, page.cursor, tuple(unusable))

    async def _scalar_values(self, tickers: Collection[str]) -> Mapping[str, Price]:
        page = await self._market_data.listings(tickers)
        markets = (listing.market for listing in page.items)
        return {m.ticker: m.settlement_value for m in markets if m.settlement_value is not None}

    async def cash_movements(self, *, min_us: int = 0, cursor: str = "") -> Page[CashMovement]:
        """Deposits, then withdrawals, as one list of pages."""
        if cursor.startswith(_WITHDRAWALS):
            inner = cursor.removeprefix(_WITHDRAWALS)
            page = await self._transfers("withdrawals", CashKind.WITHDRAWAL, min_us, inner)
            return replace(page, cursor=_WITHDRAWALS + page.cursor if page.cursor else "")
        page = await self._transfers("deposits", CashKind.DEPOSIT, min_us, cursor)
        return page if page.cursor else replace(page, cursor=_WITHDRAWALS)

    async def _transfers(
        self, key: str, kind: CashKind, min_us: int, cursor: str
    ) -> Page[CashMovement]:
        body = await self._rest.get(
            f"/portfolio/{key}", [("limit", TRANSFERS_PER_PAGE), *at_cursor(cursor)], signed=True
        )
        page = read_page(body, key, TransferWire, partial(_made_and_moved, kind=kind), cursor)
        is_past = go_past([made_us for made_us, _ in page.items], min_us)
        moved = tuple(movement for _, movement in page.items if movement is not None)
        return Page(moved, "" if is_past else page.cursor, page.unusable)

    async def balance(self) -> Balance:
        body = await self._rest.get("/portfolio/balance", [PRIMARY], signed=True)
        now = self._clock.now()
        return trusted(decode(body, BalanceWire), partial(to_balance, at_us=now))

    async def queue_positions(self, tickers: Collection[str]) -> Page[QueuePosition]:
        """Each chunk of tickers is one request; a row of another market is of no use."""
        found: list[QueuePosition] = []
        unusable: list[Unusable] = []
        for chunk in ticker_chunks(tickers):
            query: Query = [("market_tickers", ",".join(chunk)), PRIMARY]
            body = await self._rest.get("/portfolio/orders/queue_positions", query, signed=True)
            page = read_page(body, "queue_positions", QueuePositionWire, to_queue_position)
            found += [row for row in page.items if row.ticker in chunk]
            unusable += page.unusable
        return Page(tuple(found), unusable=tuple(unusable))

    async def data_as_of(self) -> int:
        body = await self._rest.get("/exchange/user_data_timestamp")
        return trusted(decode(body, AsOfWire), lambda wire: parse_rfc3339(wire.as_of_time))

    async def _page(
        self,
        key: str,
        kind: type[Kind],
        convert: Callable[[Kind], Row],
        params: Query,
        *,
        cursor: str,
    ) -> Page[Row]:
        body = await self._get(key, [*params, ("limit", ROWS_PER_PAGE)], cursor)
        return read_page(body, key, kind, convert, cursor)

    async def _get(self, key: str, params: Query, cursor: str) -> bytes:
        query = [*params, PRIMARY, *at_cursor(cursor)]
        return await self._rest.get(f"/portfolio/{key}", query, signed=True)


def _made_and_moved(wire: TransferWire, kind: CashKind) -> tuple[int, CashMovement | None]:
    """When a row was made, which the list goes by, and what it moved."""
    return seconds(wire.created_ts), to_cash(wire, kind)
