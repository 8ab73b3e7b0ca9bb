"""`Trading` over REST: signed, V2 writes only, each write sent exactly once.

The primary subaccount is named in every request, because what an omitted one means differs from
endpoint to endpoint.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from kalshi_cli.adapters.kalshi.account import (
    to_balance,
    to_cash,
    to_fill,
    to_order,
    to_position,
    to_settlement,
)
from kalshi_cli.adapters.kalshi.answers import (
    cancellation_of,
    cancellation_without_answer,
    placement_of,
    placement_without_answer,
)
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.market_data import KalshiMarketData
from kalshi_cli.adapters.kalshi.params import (
    ROWS_PER_PAGE,
    TRANSFERS_PER_PAGE,
    Query,
    at_cursor,
    since,
)
from kalshi_cli.adapters.kalshi.rows import decode, decode_member, read_page, reason_of, trusted
from kalshi_cli.adapters.kalshi.wire import (
    BalanceWire,
    FillWire,
    OrderWire,
    PositionWire,
    SettlementWire,
    TransferWire,
)
from kalshi_cli.domain.account import Balance, CashKind, CashMovement, ExchangePosition, Settlement
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Fill, OrderIntent, OrderReport
from kalshi_cli.errors import ExchangeRefusal, InvalidValue, KalshiError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Cancellation, Page, Placement, PlacementKind, Unusable

ORDERS = "/portfolio/events/orders"
"""V2 writes. `/portfolio/orders` is the read path; its writes answer 410."""
PRIMARY = ("subaccount", 0)
_WITHDRAWALS = "withdrawals:"
"""Prefix of our own cursor once the deposits are through."""

Row = TypeVar("Row")
Kind = TypeVar("Kind")


class KalshiTrading:
    """`ports.exchange.Trading` for the account of the client's signer."""

    def __init__(self, rest: RestClient, clock: Clock, market_data: KalshiMarketData) -> None:
        self._rest = rest
        self._clock = clock
        self._market_data = market_data

    async def place(self, client_order_id: str, intent: OrderIntent) -> Placement:
        body = msgspec.json.encode(order_body(client_order_id, intent))
        try:
            answer = await self._rest.write("POST", ORDERS, body=body)
        except httpx.RequestError as error:
            return placement_without_answer(error)
        except KalshiError as error:
            return Placement(PlacementKind.NOT_SENT, code=error.code, message=str(error))
        return placement_of(answer, client_order_id)

    async def cancel(self, order_id: str, ticker: str, exchange_index: int) -> Cancellation:
        params: Query = [("market_ticker", ticker), ("exchange_index", exchange_index), PRIMARY]
        path = f"{ORDERS}/{quote(order_id, safe='')}"
        try:
            answer = await self._rest.write("DELETE", path, params, body=None)
        except httpx.RequestError as error:
            return cancellation_without_answer(error)
        return cancellation_of(answer, order_id)

    async def order(self, order_id: str) -> OrderReport | None:
        try:
            body = await self._rest.get(
                f"/portfolio/orders/{quote(order_id, safe='')}", signed=True
            )
        except ExchangeRefusal as refusal:
            if refusal.status != 404:
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

    async def cash_movements(self, cursor: str = "") -> Page[CashMovement]:
        """Deposits, then withdrawals, as one list of pages."""
        if cursor.startswith(_WITHDRAWALS):
            inner = cursor.removeprefix(_WITHDRAWALS)
            page = await self._transfers("withdrawals", CashKind.WITHDRAWAL, inner)
            return replace(page, cursor=_WITHDRAWALS + page.cursor if page.cursor else "")
        page = await self._transfers("deposits", CashKind.DEPOSIT, cursor)
        return page if page.cursor else replace(page, cursor=_WITHDRAWALS)

    async def _transfers(self, key: str, kind: CashKind, cursor: str) -> Page[CashMovement]:
        body = await self._rest.get(
            f"/portfolio/{key}", [("limit", TRANSFERS_PER_PAGE), *at_cursor(cursor)], signed=True
        )
        page = read_page(body, key, TransferWire, partial(to_cash, kind=kind), cursor)
        moved = tuple(movement for movement in page.items if movement is not None)
        return Page(moved, page.cursor, page.unusable)

    async def balance(self) -> Balance:
        body = await self._rest.get("/portfolio/balance", [PRIMARY], signed=True)
        now = self._clock.now()
        return trusted(decode(body, BalanceWire), partial(to_balance, at_us=now))

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


def order_body(client_order_id: str, intent: OrderIntent) -> dict[str, str | int | bool]:
    """A V2 order. Expiries are whole Unix seconds, cut off: never later than was asked for."""
    body: dict[str, str | int | bool] = {
        "ticker": intent.ticker,
        "client_order_id": client_order_id,
        "side": intent.side.value,
        "count": str(intent.count),
        "price": str(intent.limit),
        "time_in_force": intent.time_in_force.value,
        "self_trade_prevention_type": "taker_at_cross",
        "exchange_index": intent.exchange_index,
        "subaccount": 0,
    }
    if intent.post_only:
        body["post_only"] = True
    if intent.reduce_only:
        body["reduce_only"] = True
    if intent.expires_us is not None:
        body["expiration_time"] = intent.expires_us // SECOND
    return body
