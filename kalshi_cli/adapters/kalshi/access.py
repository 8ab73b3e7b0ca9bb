"""`Access` over REST, and the costs of requests, which anybody may ask for."""

from kalshi_cli.adapters.kalshi.access_wire import (
    BucketWire,
    CostsWire,
    GrantWire,
    KeysWire,
    KeyWire,
    LimitsWire,
)
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.costs import EndpointCosts, to_costs
from kalshi_cli.adapters.kalshi.public import seconds
from kalshi_cli.adapters.kalshi.rows import convert_rows, decode, identity
from kalshi_cli.ports.access import AccountLimits, ApiKey, ApiKeys, Budget, Grant


class KalshiAccess:
    """`ports.access.Access` for the account of the client's signer."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest

    async def limits(self) -> AccountLimits:
        body = await self._rest.get("/account/limits", signed=True)
        return to_limits(decode(body, LimitsWire))

    async def api_keys(self) -> ApiKeys:
        body = await self._rest.get("/api_keys", signed=True)
        return to_keys(decode(body, KeysWire))

    async def endpoint_costs(self) -> EndpointCosts:
        """Unsigned. A cost that cannot be read is named in `unusable`."""
        body = await self._rest.get("/account/endpoint_costs")
        return to_costs(decode(body, CostsWire))


def to_limits(wire: LimitsWire) -> AccountLimits:
    grants, unusable = convert_rows(wire.grants, GrantWire, _to_grant)
    return AccountLimits(
        wire.usage_tier, _to_budget(wire.read), _to_budget(wire.write), grants, unusable
    )


def to_keys(wire: KeysWire) -> ApiKeys:
    keys, unusable = convert_rows(wire.api_keys, KeyWire, _to_key)
    until_s = wire.api_key_region_expiration_ts
    return ApiKeys(keys, None if until_s is None else seconds(until_s), unusable)


def _to_budget(wire: BucketWire) -> Budget:
    return Budget(wire.refill_rate, wire.bucket_capacity)


def _to_grant(wire: GrantWire) -> Grant:
    expires_us = None if wire.expires_ts is None else seconds(wire.expires_ts)
    return Grant(wire.level, wire.source, expires_us)


def _to_key(wire: KeyWire) -> ApiKey:
    key_id = identity(wire.api_key_id, "key id")
    return ApiKey(key_id, wire.name, frozenset(wire.scopes), wire.subaccount)
