"""Private routes of cash: deposits, withdrawals, and transfers between shards."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.orders import refused
from kalshi_cli.adapters.sim.wire.bodies import NewTransfer, read_body
from kalshi_cli.adapters.sim.wire.markets import Wire, cents
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import page, rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.engine.account import ShardTransfer
from kalshi_cli.engine.commands import Moneyed, Rejected

_MOST = 500


class TransferRoutes:
    """Shows what moved the account's cash, and moves it between shards."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        transfers = "/portfolio/intra_exchange_instance_transfers"
        return [
            Route("/portfolio/deposits", self.deposits),
            Route("/portfolio/withdrawals", self.withdrawals),
            Route(transfers, self.transfers),
            Route(f"{transfers}/{{transfer_id}}", self.transfer),
            Route("/portfolio/intra_exchange_instance_transfer", self.create, methods=["POST"]),
        ]

    async def deposits(self, request: Request) -> Response:
        return self._movements(request, "deposits", CashKind.DEPOSIT)

    async def withdrawals(self, request: Request) -> Response:
        return self._movements(request, "withdrawals", CashKind.WITHDRAWAL)

    async def transfers(self, request: Request) -> Response:
        query = Query("GetIntraExchangeInstanceTransfers", request.query_params)
        rows = self._host.account_view().account.transfers
        limit = query.limit(most=_MOST)
        found, cursor = page(rows, limit, query.text("cursor"), lambda _: True)
        return reply({"transfers": [_transfer_wire(row) for row in found], "cursor": cursor})

    async def transfer(self, request: Request) -> Response:
        wanted = request.path_params["transfer_id"]
        transfers = self._host.account_view().account.transfers
        found = next((row for row in transfers if row.transfer_id == wanted), None)
        if found is None:
            return rejection(Rejected(404, "not_found"))
        return reply({"transfer": _transfer_wire(found)})

    async def create(self, request: Request) -> Response:
        command = read_body(await request.body(), NewTransfer).command()
        answer = command if isinstance(command, Rejected) else self._host.apply(command)
        if isinstance(answer, Moneyed):
            return reply({"transfer_id": answer.movement_id})
        return refused(answer)

    def _movements(self, request: Request, name: str, kind: CashKind) -> Response:
        query = Query(f"Get{name.title()}", request.query_params)
        rows = self._host.account_view().account.movements
        found, cursor = page(
            rows, query.limit(most=_MOST), query.text("cursor"), lambda row: row.kind is kind
        )
        return reply({name: [_movement_wire(row) for row in found], "cursor": cursor})


def _movement_wire(movement: CashMovement) -> Wire:
    return {
        "id": movement.movement_id,
        "status": "applied",
        "type": "wire",
        "amount_cents": cents(abs(movement.amount)),
        "fee_cents": 0,
        "created_ts": movement.at_us // SECOND,
        "finalized_ts": movement.at_us // SECOND,
    }


def _transfer_wire(transfer: ShardTransfer) -> Wire:
    wire: Wire = {
        "transfer_id": transfer.transfer_id,
        "source": "event_contract",
        "destination": "event_contract",
        "source_exchange_shard": transfer.source,
        "destination_exchange_shard": transfer.destination,
        "amount": str(transfer.amount),
        "status": "complete" if transfer.arrived else "pending",
        "created_ts": transfer.created_us // SECOND,
    }
    if transfer.client_transfer_id:
        wire["client_transfer_id"] = transfer.client_transfer_id
    return wire
