"""Private routes: the account's balance, orders, fills, positions, settlements and cash."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.host import Host
from kalshi_cli.adapters.sim.market_wire import Wire
from kalshi_cli.adapters.sim.portfolio_wire import (
    balance_wire,
    canceled_wire,
    deposit_wire,
    event_position_wire,
    fill_wire,
    order_wire,
    placed_wire,
    position_wire,
    settlement_wire,
    traded_dollars,
)
from kalshi_cli.adapters.sim.query import Query
from kalshi_cli.adapters.sim.replies import page, rejection, reply
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, TimeInForce
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Cancel, Canceled, Place, Placed, Rejected, SelfTrade
from kalshi_cli.errors import InvalidValue

Row = TypeVar("Row")

_ORDER_STATUSES = frozenset(ExchangeOrderStatus)
_DEAD_V1 = Rejected(410, "deprecated_v1_order_endpoint", "use /portfolio/events/orders")


class NewOrder(msgspec.Struct):
    """The body of a new order: amounts are strings, and nothing else will do."""

    ticker: str
    side: Side
    count: str
    price: str
    time_in_force: TimeInForce
    self_trade_prevention_type: SelfTrade
    client_order_id: str = ""
    expiration_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    subaccount: int = 0
    exchange_index: int = 0
    order_group_id: str = ""


class PortfolioRoutes:
    """Reads and trades the account that `host` owns. Callers are checked before they get here."""

    def __init__(self, host: Host, user_id: str) -> None:
        self._host = host
        self._exchange = host.exchange
        self._user_id = user_id

    def routes(self) -> list[Route]:
        orders = "/portfolio/events/orders"
        v1 = "/portfolio/orders"
        return [
            Route("/portfolio/balance", self.balance),
            Route("/portfolio/positions", self.positions),
            Route("/portfolio/fills", self.fills),
            Route("/portfolio/settlements", self.settlements),
            Route("/portfolio/deposits", self.deposits),
            Route("/portfolio/withdrawals", self.withdrawals),
            Route(v1, self.orders, methods=["GET"]),
            Route(f"{v1}/{{order_id}}", self.order, methods=["GET"]),
            Route(v1, self.dead_v1, methods=["POST", "DELETE"]),
            Route(f"{v1}/{{rest:path}}", self.dead_v1, methods=["POST", "DELETE", "PUT"]),
            Route(orders, self.place, methods=["POST"]),
            Route(f"{orders}/{{order_id}}", self.cancel, methods=["DELETE"]),
            Route("/account/limits", self.limits),
        ]

    async def balance(self, _request: Request) -> Response:
        return reply(balance_wire(self._exchange))

    async def positions(self, request: Request) -> Response:
        query = Query("GetPositions", request.query_params)
        wanted = query.word("settlement_status", {"unsettled", "settled", "all"}) or "unsettled"
        fields = query.listed("count_filter")
        ticker, event = query.text("ticker"), query.text("event_ticker")

        def keep(held: Position) -> bool:
            return (
                ticker in {"", held.ticker}
                and event in {"", self._event_of(held)}
                and wanted in {"all", "settled" if self._is_settled(held) else "unsettled"}
                and ("position" not in fields or not held.is_flat)
            )

        rows = list(self._exchange.account.positions.values())
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        body = {
            "market_positions": [self._position(held) for held in found],
            "event_positions": self._events(found),
            "cursor": cursor,
        }
        return reply(body)

    async def fills(self, request: Request) -> Response:
        query = Query("GetFills", request.query_params)
        tickers, order_id = query.listed("ticker"), query.text("order_id")
        return self._page(
            query,
            "fills",
            self._exchange.account.fills,
            lambda fill: (
                (not tickers or fill.ticker in tickers)
                and order_id in {"", fill.order_id}
                and query.between(fill.at_us)
            ),
            fill_wire,
        )

    async def settlements(self, request: Request) -> Response:
        query = Query("GetSettlements", request.query_params)
        ticker, event = query.text("ticker"), query.text("event_ticker")
        return self._page(
            query,
            "settlements",
            self._exchange.account.settlements,
            lambda row: (
                ticker in {"", row.settlement.ticker}
                and event in {"", row.settlement.event_ticker}
                and query.between(row.settlement.settled_us)
            ),
            settlement_wire,
        )

    async def deposits(self, request: Request) -> Response:
        query = Query("GetDeposits", request.query_params)
        world_id = self._exchange.world.world_id
        return self._page(
            query,
            "deposits",
            [self._exchange.account],
            lambda _: True,
            lambda account: deposit_wire(account, world_id),
        )

    async def withdrawals(self, _request: Request) -> Response:
        return reply({"withdrawals": [], "cursor": ""})

    async def orders(self, request: Request) -> Response:
        query = Query("GetOrders", request.query_params)
        status = query.word("status", _ORDER_STATUSES)
        ticker, events = query.text("ticker"), query.listed("event_ticker")
        markets = self._exchange.catalog.markets
        return self._page(
            query,
            "orders",
            list(self._exchange.orders.values()),
            lambda order: (
                ticker in {"", order.ticker}
                and status in {"", order.status}
                and (not events or markets[order.ticker].event_ticker in events)
                and query.between(order.created_us)
            ),
            lambda order: order_wire(order, self._user_id),
        )

    async def order(self, request: Request) -> Response:
        order = self._exchange.orders.get(request.path_params["order_id"])
        if order is None:
            return rejection(Rejected(404, "not_found"))
        return reply({"order": order_wire(order, self._user_id)})

    async def place(self, request: Request) -> Response:
        try:
            body = msgspec.json.decode(await request.body(), type=NewOrder)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            flat = {"code": "bad_request", "message": "bad request", "details": str(error)}
            return reply(flat, 400)
        command = _command(body)
        answer = command if isinstance(command, Rejected) else self._host.apply(command)
        if isinstance(answer, Placed):
            return reply(placed_wire(answer), 201)
        return _refused(answer)

    async def cancel(self, request: Request) -> Response:
        if request.query_params.get("exchange_index", "0") not in {"0", "-1"}:
            return rejection(Rejected(404, "not_found"))
        answer = self._host.apply(Cancel(request.path_params["order_id"]))
        return reply(canceled_wire(answer)) if isinstance(answer, Canceled) else _refused(answer)

    async def dead_v1(self, _request: Request) -> Response:
        return rejection(_DEAD_V1)

    async def limits(self, _request: Request) -> Response:
        """The budgets of the lowest tier, as text books would have it: nothing is throttled."""
        return reply(
            {
                "usage_tier": "basic",
                "read": {"refill_rate": 200, "bucket_capacity": 600},
                "write": {"refill_rate": 100, "bucket_capacity": 100},
                "grants": [],
            }
        )

    def _page(
        self,
        query: Query,
        name: str,
        rows: list[Row],
        keep: Callable[[Row], bool],
        wire: Callable[[Row], Wire],
    ) -> Response:
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        return reply({name: [wire(row) for row in found], "cursor": cursor})

    def _event_of(self, held: Position) -> str:
        return self._exchange.catalog.markets[held.ticker].event_ticker

    def _is_settled(self, held: Position) -> bool:
        return self._exchange.catalog.markets[held.ticker].status is MarketStatus.FINALIZED

    def _position(self, held: Position) -> Wire:
        fills = [fill for fill in self._exchange.account.fills if fill.ticker == held.ticker]
        return position_wire(held, traded_dollars(fills))

    def _events(self, found: list[Position]) -> list[Wire]:
        by_event: dict[str, list[Position]] = {}
        for held in found:
            by_event.setdefault(self._event_of(held), []).append(held)
        return [self._event_position(event, held) for event, held in by_event.items()]

    def _event_position(self, event_ticker: str, held: list[Position]) -> Wire:
        tickers = {position.ticker for position in held}
        fills = [fill for fill in self._exchange.account.fills if fill.ticker in tickers]
        return event_position_wire(event_ticker, held, fills)


def _command(body: NewOrder) -> Place | Rejected:
    """The order that a body asks for, or why it cannot be one."""
    if body.subaccount or body.order_group_id:
        return Rejected(400, "invalid_order", "there are no subaccounts or order groups here")
    if body.exchange_index not in {0, -1}:
        return Rejected(404, "insufficient_shard_balance")
    try:
        price = Price.parse(body.price)
    except InvalidValue:
        return Rejected(400, "invalid_price")
    try:
        count = Contracts.parse(body.count)
    except InvalidValue:
        return Rejected(400, "invalid_order_size")
    return Place(
        client_order_id=body.client_order_id,
        ticker=body.ticker,
        side=body.side,
        price=price,
        count=count,
        time_in_force=body.time_in_force,
        post_only=body.post_only,
        reduce_only=body.reduce_only,
        expiration_us=None if body.expiration_time is None else body.expiration_time * SECOND,
        self_trade_prevention=body.self_trade_prevention_type,
    )


def _refused(answer: object) -> Response:
    if isinstance(answer, Rejected):
        return rejection(answer)
    raise TypeError(f"an order was answered with {answer!r}")
