"""Private routes of order groups."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.orders import refused
from kalshi_cli.adapters.sim.wire.bodies import NO_SUBACCOUNT, GroupTerms, read_body
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.engine.commands import (
    NOT_FOUND,
    CreateGroup,
    DeleteGroup,
    Grouped,
    LimitGroup,
    Rejected,
    ResetGroup,
    TriggerGroup,
)
from kalshi_cli.engine.group_desk import orders_of
from kalshi_cli.engine.groups import OrderGroup


class GroupRoutes:
    """Makes, shows and changes the order groups of the account that `host` owns."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        groups = "/portfolio/order_groups"
        one = f"{groups}/{{group_id}}"
        return [
            Route(groups, self.listed, methods=["GET"]),
            Route(f"{groups}/create", self.create, methods=["POST"]),
            Route(one, self.shown, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/reset", self.reset, methods=["PUT"]),
            Route(f"{one}/trigger", self.trigger, methods=["PUT"]),
            Route(f"{one}/limit", self.limit, methods=["PUT"]),
        ]

    async def listed(self, request: Request) -> Response:
        query = Query("GetOrderGroups", request.query_params)
        groups = [] if query.elsewhere() else list(self._host.account_view().groups.values())
        rows = [{"id": group.group_id, **_group_wire(group)} for group in groups]
        return reply({"order_groups": rows})

    async def create(self, request: Request) -> Response:
        body = read_body(await request.body(), GroupTerms)
        limit = NO_SUBACCOUNT if body.subaccount else body.limit()
        if isinstance(limit, Rejected):
            return rejection(limit)
        answer = self._host.apply(CreateGroup(limit, body.exchange_index))
        if not isinstance(answer, Grouped):
            return refused(answer)
        wire = {"order_group_id": answer.group_id, "subaccount": 0}
        return reply({**wire, "exchange_index": body.exchange_index}, 201)

    async def shown(self, request: Request) -> Response:
        state = self._host.account_view()
        group = state.groups.get(request.path_params["group_id"])
        if group is None:
            return rejection(NOT_FOUND)
        return reply({**_group_wire(group), "orders": orders_of(state, group.group_id)})

    async def delete(self, request: Request) -> Response:
        return self._change(request, DeleteGroup(request.path_params["group_id"]))

    async def reset(self, request: Request) -> Response:
        return self._change(request, ResetGroup(request.path_params["group_id"]))

    async def trigger(self, request: Request) -> Response:
        return self._change(request, TriggerGroup(request.path_params["group_id"]))

    async def limit(self, request: Request) -> Response:
        limit = read_body(await request.body(), GroupTerms).limit()
        if isinstance(limit, Rejected):
            return rejection(limit)
        return self._change(request, LimitGroup(request.path_params["group_id"], limit))

    def _change(
        self, request: Request, command: DeleteGroup | ResetGroup | TriggerGroup | LimitGroup
    ) -> Response:
        query = Query("OrderGroup", request.query_params)
        if query.elsewhere():
            return rejection(NO_SUBACCOUNT)
        index = query.number("exchange_index")
        group = self._host.exchange.state.groups.get(command.group_id)
        if group is None or index not in {None, group.shard}:
            return rejection(NOT_FOUND)
        answer = self._host.apply(command)
        return reply({}) if isinstance(answer, Grouped) else refused(answer)


def _group_wire(group: OrderGroup) -> Wire:
    """Auto-cancel is on from a trigger to the reset: recorded groups that work say false."""
    return {
        "contracts_limit_fp": str(group.limit),
        "is_auto_cancel_enabled": group.triggered,
        "exchange_index": group.shard,
    }
