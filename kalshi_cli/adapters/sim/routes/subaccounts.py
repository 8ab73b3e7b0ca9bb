"""Private routes about what this account does not have: subaccounts, automatic allocation.

Reading tells of the primary account alone; asking for more is refused, as for an account of the
lowest tier.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.wire.markets import cents
from kalshi_cli.adapters.sim.wire.portfolio import balance_rows
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import total
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.engine.commands import Rejected

_NO_SUBACCOUNTS = Rejected(400, "bad_request", "subaccounts need a higher usage tier")
_NO_ALLOCATION = Rejected(403, "forbidden", "automatic allocation is not offered here")


class SubaccountRoutes:
    """Answers for the primary account that `host` owns."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        subaccounts = "/portfolio/subaccounts"
        allocation = "/portfolio/target_balance_allocation"
        return [
            Route(subaccounts, self.refuse, methods=["POST"]),
            Route(f"{subaccounts}/transfer", self.refuse, methods=["POST"]),
            Route(f"{subaccounts}/netting", self.refuse, methods=["PUT"]),
            Route(f"{subaccounts}/netting", self.netting, methods=["GET"]),
            Route(f"{subaccounts}/balances", self.balances, methods=["GET"]),
            Route(f"{subaccounts}/transfers", self.transfers, methods=["GET"]),
            Route(allocation, self.allocation, methods=["GET"]),
            Route(allocation, self.refuse_allocation, methods=["POST"]),
            Route("/portfolio/summary/total_resting_order_value", self.resting_value),
        ]

    async def balances(self, _request: Request) -> Response:
        """What lies on each shard of the primary account."""
        updated = self._host.exchange.now_us // SECOND
        rows = balance_rows(self._host.account_view().account)
        primary = [{**row, "subaccount_number": 0, "updated_ts": updated} for row in rows]
        return reply({"subaccount_balances": primary})

    async def netting(self, _request: Request) -> Response:
        """Collateral is returned within a market, never across the markets of an event."""
        rows = balance_rows(self._host.account_view().account)
        off = [
            {"subaccount_number": 0, "enabled": False, "exchange_index": row["exchange_index"]}
            for row in rows
        ]
        return reply({"netting_configs": off})

    async def transfers(self, _request: Request) -> Response:
        return reply({"transfers": [], "cursor": ""})

    async def allocation(self, _request: Request) -> Response:
        return reply({"allocations": [], "resting_margin_reservation": "sum"})

    async def resting_value(self, _request: Request) -> Response:
        """What the resting orders would cost if all of them filled, without fees."""
        orders = self._host.account_view().live_orders()
        worth = {
            shard: total(
                [outcome_cost(o.side, o.price, o.remaining) for o in orders if o.shard == shard]
            )
            for shard in sorted({order.shard for order in orders})
        }
        rows = [{"exchange_index": shard, "balance": str(value)} for shard, value in worth.items()]
        whole = cents(total(list(worth.values())))
        return reply({"total_resting_order_value": whole, "resting_order_value_breakdown": rows})

    async def refuse(self, _request: Request) -> Response:
        return rejection(_NO_SUBACCOUNTS)

    async def refuse_allocation(self, _request: Request) -> Response:
        return rejection(_NO_ALLOCATION)
