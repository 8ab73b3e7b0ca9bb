"""Private routes that write orders: place, cancel, amend, decrease, one by one and in batches."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.wire.bodies import (
    NO_SUBACCOUNT,
    AmendOrder,
    DecreaseOrder,
    NewOrder,
    NewOrders,
    OrdersToCancel,
    OrderToCancel,
    read_body,
)
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.adapters.sim.wire.orders import (
    amended_wire,
    canceled_wire,
    decreased_wire,
    failed_cancel_wire,
    failed_order_wire,
    placed_wire,
)
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.commands import (
    AUTO_ROUTE,
    NOT_FOUND,
    Amended,
    Answer,
    Cancel,
    CancelAll,
    Canceled,
    Decreased,
    Placed,
    Rejected,
)

_DEAD_V1 = Rejected(410, "deprecated_v1_order_endpoint", "use /portfolio/events/orders")


class OrderRoutes:
    """Trades the account that `host` owns. Callers are checked before they get here."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        orders, v1 = "/portfolio/events/orders", "/portfolio/orders"
        return [
            Route(orders, self.place, methods=["POST"]),
            Route(orders, self.cancel_all, methods=["DELETE"]),
            Route(f"{orders}/batched", self.place_batch, methods=["POST"]),
            Route(f"{orders}/batched", self.cancel_batch, methods=["DELETE"]),
            Route(f"{orders}/{{order_id}}", self.cancel, methods=["DELETE"]),
            Route(f"{orders}/{{order_id}}/amend", self.amend, methods=["POST"]),
            Route(f"{orders}/{{order_id}}/decrease", self.decrease, methods=["POST"]),
            Route(v1, self.dead_v1, methods=["POST", "DELETE"]),
            Route(f"{v1}/{{rest:path}}", self.dead_v1, methods=["POST", "DELETE", "PUT"]),
        ]

    async def place(self, request: Request) -> Response:
        answer = self._place(read_body(await request.body(), NewOrder))
        if isinstance(answer, Placed):
            return reply(placed_wire(answer), 201)
        return refused(answer)

    async def place_batch(self, request: Request) -> Response:
        """Each order on its own: the answer is 201, whatever became of them."""
        body = read_body(await request.body(), NewOrders)
        return reply({"orders": [self._place_one(order) for order in body.orders]}, 201)

    async def cancel(self, request: Request) -> Response:
        query = Query("CancelOrderV2", request.query_params)
        wanted = OrderToCancel(
            order_id=request.path_params["order_id"],
            subaccount=query.number("subaccount") or 0,
            exchange_index=query.number("exchange_index"),
            market_ticker=query.text("market_ticker"),
        )
        answer = self._cancel(wanted)
        return reply(canceled_wire(answer)) if isinstance(answer, Canceled) else refused(answer)

    async def cancel_batch(self, request: Request) -> Response:
        """Each order on its own; what was not canceled says so in its row."""
        body = read_body(await request.body(), OrdersToCancel)
        return reply({"orders": [self._cancel_one(order) for order in body.orders]})

    async def cancel_all(self, request: Request) -> Response:
        query = Query("CancelAllOrdersV2", request.query_params)
        if not query.elsewhere():
            self._host.apply(CancelAll())
        return Response(status_code=204)

    async def amend(self, request: Request) -> Response:
        if Query("AmendOrderV2", request.query_params).elsewhere():
            return rejection(NO_SUBACCOUNT)
        body = read_body(await request.body(), AmendOrder)
        command = body.command(request.path_params["order_id"])
        answer = command if isinstance(command, Rejected) else self._host.apply(command)
        return reply(amended_wire(answer)) if isinstance(answer, Amended) else refused(answer)

    async def decrease(self, request: Request) -> Response:
        if Query("DecreaseOrderV2", request.query_params).elsewhere():
            return rejection(NO_SUBACCOUNT)
        body = read_body(await request.body(), DecreaseOrder)
        shard = self._shard(body.exchange_index, body.market_ticker)
        if isinstance(shard, Rejected):
            return rejection(shard)
        command = body.command(request.path_params["order_id"], shard)
        answer = command if isinstance(command, Rejected) else self._host.apply(command)
        return reply(decreased_wire(answer)) if isinstance(answer, Decreased) else refused(answer)

    async def dead_v1(self, _request: Request) -> Response:
        return rejection(_DEAD_V1)

    def _place(self, order: NewOrder) -> Answer:
        command = order.command()
        return command if isinstance(command, Rejected) else self._host.apply(command)

    def _place_one(self, order: NewOrder) -> Wire:
        answer = self._place(order)
        if isinstance(answer, Placed):
            return placed_wire(answer)
        return failed_order_wire(order.client_order_id, _rejected(answer))

    def _cancel(self, wanted: OrderToCancel) -> Answer:
        if wanted.subaccount:
            return NO_SUBACCOUNT
        shard = self._shard(wanted.exchange_index, wanted.market_ticker)
        if isinstance(shard, Rejected):
            return shard
        return self._host.apply(Cancel(wanted.order_id, shard))

    def _cancel_one(self, wanted: OrderToCancel) -> Wire:
        answer = self._cancel(wanted)
        if isinstance(answer, Canceled):
            return canceled_wire(answer)
        return failed_cancel_wire(wanted.order_id, _rejected(answer))

    def _shard(self, index: int | None, ticker: str) -> int | Rejected:
        """The shard that a request goes to: by index, by market, else the first one."""
        if index is not None and index != AUTO_ROUTE:
            return index
        if not ticker:
            missing = Rejected(400, "bad_request", "exchange_index -1 needs a market_ticker")
            return missing if index == AUTO_ROUTE else 0
        market = self._host.exchange.catalog.markets.get(ticker)
        return NOT_FOUND if market is None else market.exchange_index


def refused(answer: Answer) -> Response:
    """The answer to a write that was not done."""
    return rejection(_rejected(answer))


def _rejected(answer: Answer) -> Rejected:
    if isinstance(answer, Rejected):
        return answer
    raise TypeError(f"a write was answered with {answer!r}")
