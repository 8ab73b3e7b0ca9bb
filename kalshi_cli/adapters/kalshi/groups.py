"""`OrderGroups` over REST, of the primary subaccount."""

from urllib.parse import quote

import msgspec

from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.outcomes import outcome_of, write
from kalshi_cli.adapters.kalshi.params import PRIMARY
from kalshi_cli.adapters.kalshi.rows import identity, quantity, read_page
from kalshi_cli.adapters.kalshi.wire import Shard
from kalshi_cli.domain.money import Contracts
from kalshi_cli.ports.exchange import Outcome, Page
from kalshi_cli.ports.groups import OrderGroup

_GROUPS = "/portfolio/order_groups"


class GroupWire(msgspec.Struct, frozen=True):
    """Auto-cancel is on from a trigger to the reset: recorded groups that work say false."""

    id: str
    is_auto_cancel_enabled: bool
    contracts_limit_fp: str | None = None
    exchange_index: Shard | None = None


class KalshiOrderGroups:
    """`ports.groups.OrderGroups` for the account of the client's signer."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def create(self, limit: Contracts, exchange_index: int) -> Outcome:
        body = {
            "contracts_limit_fp": str(limit),
            "exchange_index": exchange_index,
            "subaccount": 0,
        }
        sent = await write(self._rest, "POST", f"{_GROUPS}/create", body=body)
        return outcome_of(sent, made="order_group_id")

    async def groups(self) -> Page[OrderGroup]:
        body = await self._rest.get(_GROUPS, [PRIMARY], signed=True)
        return read_page(body, "order_groups", GroupWire, _to_group)

    async def set_limit(self, group: OrderGroup, limit: Contracts) -> Outcome:
        return await self._change("PUT", group, "/limit", {"contracts_limit_fp": str(limit)})

    async def trigger(self, group: OrderGroup) -> Outcome:
        return await self._change("PUT", group, "/trigger", {})

    async def reset(self, group: OrderGroup) -> Outcome:
        return await self._change("PUT", group, "/reset", {})

    async def delete(self, group: OrderGroup) -> Outcome:
        return await self._change("DELETE", group, "", None)

    async def _change(
        self, method: str, group: OrderGroup, change: str, body: dict[str, str] | None
    ) -> Outcome:
        path = f"{_GROUPS}/{quote(group.group_id, safe='')}{change}"
        params = [PRIMARY, ("exchange_index", group.exchange_index)]
        return outcome_of(await write(self._rest, method, path, params, body=body))


def _to_group(wire: GroupWire) -> OrderGroup:
    limit = wire.contracts_limit_fp
    return OrderGroup(
        group_id=identity(wire.id, "group id"),
        exchange_index=wire.exchange_index or 0,
        limit=None if limit is None else quantity(limit),
        triggered=wire.is_auto_cancel_enabled,
    )
