"""Private routes that read the account: balance, orders, fills, positions, settlements."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.adapters.sim.wire.orders import order_wire
from kalshi_cli.adapters.sim.wire.portfolio import (
    balance_wire,
    fill_wire,
    positions_wire,
    settlement_wire,
)
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import page, rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.market import Market, MarketStatus
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.position import Position
from kalshi_cli.engine.account import Account
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.commands import NOT_FOUND
from kalshi_cli.engine.orders import ExchangeOrder
from kalshi_cli.engine.state import ExchangeState

Row = TypeVar("Row")

_ORDER_STATUSES = frozenset(ExchangeOrderStatus)
_MOST_TICKERS = 100


class PortfolioRoutes:
    """Reads the account that `host` owns. Callers are checked before they get here.

    There is the primary account alone: of any other subaccount there is nothing to tell. What is
    archived is told by the historical routes; settlements that old are told nowhere.
    """

    def __init__(self, host: Host, user_id: str) -> None:
        self._host = host
        self._user_id = user_id

    def routes(self) -> list[Route]:
        orders = "/portfolio/orders"
        return [
            Route("/portfolio/balance", self.balance),
            Route("/portfolio/positions", self.positions),
            Route("/portfolio/fills", self.fills),
            Route("/portfolio/settlements", self.settlements),
            Route(orders, self.orders, methods=["GET"]),
            Route(f"{orders}/queue_positions", self.queue_positions, methods=["GET"]),
            Route(f"{orders}/{{order_id}}", self.order, methods=["GET"]),
            Route(f"{orders}/{{order_id}}/queue_position", self.queue_position, methods=["GET"]),
        ]

    @property
    def _state(self) -> ExchangeState:
        return self._host.account_view()

    @property
    def _archive(self) -> Archive:
        return self._host.exchange.catalog.archive

    @property
    def _now_us(self) -> int:
        return self._host.exchange.now_us

    async def balance(self, request: Request) -> Response:
        query = Query("GetBalance", request.query_params)
        account = Account() if query.elsewhere() else self._state.account
        return reply(balance_wire(self._host.exchange, account, query.number("exchange_index")))

    async def positions(self, request: Request) -> Response:
        query = Query("GetPositions", request.query_params)
        wanted = query.word("settlement_status", {"unsettled", "settled", "all"}) or "unsettled"
        fields = query.listed("count_filter")
        ticker, event = query.text("ticker"), query.text("event_ticker")
        shard = query.number("exchange_index")

        def keep(held: Position) -> bool:
            market = self._market(held.ticker)
            settled = market.status is MarketStatus.FINALIZED
            return (
                ticker in {"", held.ticker}
                and event in {"", market.event_ticker}
                and shard in {None, market.exchange_index}
                and wanted in {"all", "settled" if settled else "unsettled"}
                and not self._archive.has_position(market, self._now_us)
                and ("position" not in fields or not held.is_flat)
            )

        rows = [] if query.elsewhere() else list(self._state.account.positions.values())
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        markets = self._host.exchange.catalog.markets
        return reply({**positions_wire(self._state.account, markets, found), "cursor": cursor})

    async def fills(self, request: Request) -> Response:
        query = Query("GetFills", request.query_params)
        tickers = self._few(query, "ticker")
        order_id, shard = query.text("order_id"), query.number("exchange_index")
        return self._page(
            query,
            "fills",
            self._state.account.fills,
            lambda fill: (
                (not tickers or fill.ticker in tickers)
                and order_id in {"", fill.order_id}
                and shard in {None, fill.exchange_index}
                and query.between(fill.at_us)
                and not self._archive.has_fill(fill, self._now_us)
            ),
            fill_wire,
        )

    async def settlements(self, request: Request) -> Response:
        query = Query("GetSettlements", request.query_params)
        ticker, event = query.text("ticker"), query.text("event_ticker")
        return self._page(
            query,
            "settlements",
            self._state.account.settlements,
            lambda row: (
                ticker in {"", row.settlement.ticker}
                and event in {"", row.settlement.event_ticker}
                and query.between(row.settlement.settled_us)
                and row.settlement.settled_us >= self._archive.market_settled(self._now_us)
            ),
            settlement_wire,
        )

    async def orders(self, request: Request) -> Response:
        query = Query("GetOrders", request.query_params)
        status = query.word("status", _ORDER_STATUSES)
        ticker, events = query.text("ticker"), self._few(query, "event_ticker")
        shard = query.number("exchange_index")
        return self._page(
            query,
            "orders",
            list(self._state.orders.values()),
            lambda order: (
                ticker in {"", order.ticker}
                and status in {"", order.status}
                and (not events or self._market(order.ticker).event_ticker in events)
                and shard in {None, order.shard}
                and query.between(order.created_us)
                and not self._archive.has_order(order, self._now_us)
            ),
            lambda order: order_wire(order, self._user_id),
        )

    async def order(self, request: Request) -> Response:
        order = self._state.orders.get(request.path_params["order_id"])
        if order is None or self._archive.has_order(order, self._now_us):
            return rejection(NOT_FOUND)
        return reply({"order": order_wire(order, self._user_id)})

    async def queue_positions(self, request: Request) -> Response:
        query = Query("GetOrderQueuePositions", request.query_params)
        tickers, event = query.listed("market_tickers"), query.text("event_ticker")
        live = () if query.elsewhere() else self._host.exchange.resting
        rows = [
            {
                "order_id": order.order_id,
                "market_ticker": order.ticker,
                "queue_position_fp": self._ahead(order),
            }
            for order in live
            if order.ticker not in self._state.closing
            and (not tickers or order.ticker in tickers)
            and event in {"", self._market(order.ticker).event_ticker}
        ]
        return reply({"queue_positions": rows})

    async def queue_position(self, request: Request) -> Response:
        order_id = request.path_params["order_id"]
        state = self._host.exchange.state
        if state.resting.get(order_id) in {None, *state.closing}:
            return rejection(NOT_FOUND)
        return reply({"queue_position_fp": self._ahead(state.orders[order_id])})

    def _ahead(self, order: ExchangeOrder) -> str:
        return str(self._host.exchange.world.ahead(order.ticker, order.order_id))

    def _page(
        self,
        query: Query,
        name: str,
        rows: list[Row],
        keep: Callable[[Row], bool],
        wire: Callable[[Row], Wire],
    ) -> Response:
        there = [] if query.elsewhere() else rows
        found, cursor = page(there, query.limit(), query.text("cursor"), keep)
        return reply({name: [wire(row) for row in found], "cursor": cursor})

    def _few(self, query: Query, name: str) -> frozenset[str]:
        """A comma list of as many tickers as the exchange takes."""
        listed = query.listed(name)
        if len(listed) > _MOST_TICKERS:
            raise query.bad(name, f"must name at most {_MOST_TICKERS}")
        return listed

    def _market(self, ticker: str) -> Market:
        return self._host.exchange.catalog.markets[ticker]
