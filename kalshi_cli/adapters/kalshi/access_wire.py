"""Budgets, costs and keys as they come over the wire. Source: the OpenAPI file, 3.34.0."""

from typing import Annotated

import msgspec

from kalshi_cli.adapters.kalshi.wire import Seconds

Tokens = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Cost = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class BucketWire(msgspec.Struct, frozen=True):
    refill_rate: Tokens
    bucket_capacity: Tokens


class GrantWire(msgspec.Struct, frozen=True):
    level: str
    source: str
    expires_ts: Seconds | None = None


class LimitsWire(msgspec.Struct, frozen=True):
    usage_tier: str
    read: BucketWire
    write: BucketWire
    grants: list[msgspec.Raw] | None = None


class CostWire(msgspec.Struct, frozen=True):
    method: str
    path: str
    cost: Cost


class CostsWire(msgspec.Struct, frozen=True):
    default_cost: Cost
    endpoint_costs: list[msgspec.Raw] | None


class KeyWire(msgspec.Struct, frozen=True):
    api_key_id: str
    name: str
    scopes: list[str]
    subaccount: int | None = None


class KeysWire(msgspec.Struct, frozen=True):
    api_keys: list[msgspec.Raw] | None
    api_key_region_expiration_ts: Seconds | None = None
