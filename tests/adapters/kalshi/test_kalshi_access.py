"""Budgets, costs and keys: what the exchange says of the account."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import FakeClock

from kalshi_cli.adapters.kalshi.access import KalshiAccess
from kalshi_cli.adapters.kalshi.client import RestClient
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import MalformedAnswer
from kalshi_cli.ports.access import AccountLimits, ApiKey, Budget, Grant

BUCKET = {"refill_rate": 100, "bucket_capacity": 300}


def access(answer: Any) -> KalshiAccess:
    def answered(request: httpx.Request) -> httpx.Response:
        signed = "KALSHI-ACCESS-SIGNATURE" in request.headers
        assert signed == (not request.url.path.endswith("endpoint_costs"))
        content = answer if isinstance(answer, bytes) else None
        return httpx.Response(200, content=content, json=None if content else answer)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answered))
    signer = Signer("key", ed25519.Ed25519PrivateKey.generate())
    return KalshiAccess(RestClient(http, httpx.URL("http://x.test/v2"), FakeClock(), signer))


async def test_limits_are_two_budgets_and_why_the_tier_was_given() -> None:
    wire = {
        "usage_tier": "a tier of next year",
        "read": BUCKET,
        "write": {"refill_rate": 60, "bucket_capacity": 60},
        "grants": [
            {
                "exchange_instance": "event_contract",
                "level": "expert",
                "source": "volume",
                "expires_ts": 9,
            },
            {"exchange_instance": "event_contract", "level": 7, "source": "manual"},
        ],
    }
    told = await access(wire).limits()
    assert (told.tier, told.read, told.write) == (
        "a tier of next year",
        Budget(100, 300),
        Budget(60, 60),
    )
    assert told.grants == (Grant("expert", "volume", 9 * SECOND),)
    assert "level" in told.unusable[0].reason


@pytest.mark.parametrize("bad", [0, -1, 2**31, 1.5, "100", None, True])
async def test_a_budget_of_no_sense_is_no_answer(bad: object) -> None:
    wire = {"usage_tier": "basic", "read": BUCKET, "write": BUCKET | {"refill_rate": bad}}
    with pytest.raises(MalformedAnswer, match="refill_rate"):
        await access(wire).limits()


async def test_costs_are_found_by_the_path_of_a_request() -> None:
    def row(method: str, path: str, cost: object) -> dict[str, object]:
        return {"method": method, "path": f"/trade-api/v2{path}", "cost": cost}

    orders = "/portfolio/events/orders"
    wire = {
        "default_cost": 10,
        "endpoint_costs": [
            row("DELETE", f"{orders}/:order_id", 2),
            row("DELETE", f"{orders}/batched", 3),
            row("delete", orders, 4),
            row("GET", "/cfbenchmarks/*endpoint", 50),
            row("GET", "/portfolio/orders/:order_id", "2"),
        ],
    }
    costs = await access(wire).endpoint_costs()
    asked = {
        ("DELETE", f"{orders}/0af1"): 2,
        ("DELETE", f"{orders}/batched"): 3,
        ("DELETE", orders): 4,
        ("POST", orders): 10,
        ("POST", f"{orders}/0af1/amend"): 10,
        ("GET", "/cfbenchmarks/a/b"): 50,
        ("GET", "/cfbenchmarks"): 10,
        ("GET", "/portfolio/orders/0af1"): 10,
    }
    assert {request: costs.of(*request) for request in asked} == asked
    assert len(costs.unusable) == 1


@pytest.mark.parametrize("path", ["*", "/trade-api/v2/*path"])
async def test_a_cost_may_be_of_any_path(path: str) -> None:
    row = {"method": "DELETE", "path": path, "cost": 2}
    costs = await access({"default_cost": 10, "endpoint_costs": [row]}).endpoint_costs()
    assert costs.of("DELETE", "/portfolio/events/orders/0af1") == 2
    assert costs.of("POST", "/portfolio/events/orders") == 10


async def test_keys_have_scopes_and_the_account_an_attestation() -> None:
    wire = {
        "api_keys": [
            {"api_key_id": "k", "name": "bot", "scopes": ["read", "write::trade", "new::scope"]},
            {"api_key_id": "b", "name": "", "scopes": [], "subaccount": 3},
            {"api_key_id": "", "name": "?", "scopes": []},
            {"api_key_id": "c", "name": "?", "scopes": None},
        ],
        "api_key_region_expiration_ts": 1_798_900_000,
    }
    told = await access(wire).api_keys()
    assert told.keys == (
        ApiKey("k", "bot", frozenset({"read", "write::trade", "new::scope"})),
        ApiKey("b", "", frozenset(), 3),
    )
    assert len(told.unusable) == 2
    assert told.attested_until_us == 1_798_900_000 * SECOND
    assert (await access({"api_keys": None}).api_keys()).attested_until_us is None
    with pytest.raises(MalformedAnswer, match="api_keys"):
        await access({}).api_keys()


async def test_recorded_limits_and_costs(shared_data: Path) -> None:
    """Read in the recordings: 200 and 100 tokens a second; cancels 2; new orders the default."""
    demo = shared_data / "demo_2026_06"
    told = await access((demo / "account__limits.json").read_bytes()).limits()
    assert told == AccountLimits("basic", Budget(200, 200), Budget(100, 100))
    costs = await access((demo / "account__endpoint_costs.json").read_bytes()).endpoint_costs()
    assert (costs.default, len(costs.listed), costs.unusable) == (10, 16, ())
    orders = "/portfolio/events/orders"
    assert costs.of("DELETE", f"{orders}/0af1") == costs.of("DELETE", f"{orders}/batched") == 2
    assert costs.of("POST", orders) == costs.of("POST", f"{orders}/batched") == 10
    assert costs.of("GET", "/portfolio/orders/0af1") == 2
    assert costs.of("GET", "/cfbenchmarks/a/b") == costs.of("GET", "/cfbenchmarks") == 150
