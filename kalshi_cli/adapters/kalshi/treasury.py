"""`Treasury` over REST: between the shards of the primary subaccount."""

from dataclasses import replace
from enum import StrEnum

import msgspec

from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.outcomes import outcome_of, write
from kalshi_cli.adapters.kalshi.params import TRANSFERS_PER_PAGE, at_cursor, go_past
from kalshi_cli.adapters.kalshi.public import seconds
from kalshi_cli.adapters.kalshi.rows import identity, money, read_page, word
from kalshi_cli.adapters.kalshi.wire import Seconds, Shard
from kalshi_cli.domain.money import NO_MONEY, Money
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.exchange import Outcome, Page
from kalshi_cli.ports.treasury import ShardTransfer

_CENTICENT = 100
"""Units of Money in the wire's $0.0001."""
_EVENTS, _MARGINED = "event_contract", "margined"


class _Status(StrEnum):
    PENDING = "pending"
    COMPLETE = "complete"


class ShardTransferWire(msgspec.Struct, frozen=True):
    transfer_id: str
    source: str
    destination: str
    source_exchange_shard: Shard
    destination_exchange_shard: Shard
    amount: str
    status: str
    created_ts: Seconds
    client_transfer_id: str | None = None


class KalshiTreasury:
    """`ports.treasury.Treasury` for the account of the client's signer."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def transfer(
        self, client_transfer_id: str, source: int, destination: int, amount: Money
    ) -> Outcome:
        if amount <= NO_MONEY or amount.units % _CENTICENT:
            raise InvalidValue(f"${amount} cannot be sent: more than 0, in whole $0.0001.")
        body = {
            "client_transfer_id": client_transfer_id,
            "source": _EVENTS,
            "destination": _EVENTS,
            "amount": amount.units // _CENTICENT,
            "source_exchange_shard": source,
            "destination_exchange_shard": destination,
        }
        path = "/portfolio/intra_exchange_instance_transfer"
        return outcome_of(await write(self._rest, "POST", path, body=body), made="transfer_id")

    async def transfers(self, *, min_us: int = 0, cursor: str = "") -> Page[ShardTransfer]:
        body = await self._rest.get(
            "/portfolio/intra_exchange_instance_transfers",
            [("limit", TRANSFERS_PER_PAGE), *at_cursor(cursor)],
            signed=True,
        )
        page = read_page(body, "transfers", ShardTransferWire, _to_transfer, cursor)
        is_past = go_past([row.created_us for row in page.items], min_us)
        return replace(page, cursor="") if is_past else page


def _to_transfer(wire: ShardTransferWire) -> ShardTransfer:
    if not {wire.source, wire.destination} <= {_EVENTS, _MARGINED}:
        raise InvalidValue(f"A transfer from {wire.source} to {wire.destination}.")
    return ShardTransfer(
        transfer_id=identity(wire.transfer_id, "transfer id"),
        client_transfer_id=wire.client_transfer_id or None,
        source=wire.source_exchange_shard if wire.source == _EVENTS else None,
        destination=wire.destination_exchange_shard if wire.destination == _EVENTS else None,
        amount=money(wire.amount),
        complete=word(_Status, wire.status, "status") is _Status.COMPLETE,
        created_us=seconds(wire.created_ts),
    )
