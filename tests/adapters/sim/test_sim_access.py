"""Who is let in, how often, and what everybody else is told."""

import pytest
from fakes.served import served
from fakes.signature import PREFIX
from fakes.signed_client import SignedClient
from starlette.datastructures import QueryParams

from kalshi_cli.adapters.sim.access.auth import ApiKey, KeyRing
from kalshi_cli.adapters.sim.access.budgets import Budgets, bill_of
from kalshi_cli.adapters.sim.http.application import build_app
from kalshi_cli.adapters.sim.http.loopback import listen
from kalshi_cli.adapters.sim.serving import ExchangeServer
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.adapters.sim.stream.hub import StreamHub
from kalshi_cli.adapters.sim.world.keys import public_key
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.engine.limits import Tier

ORDERS = "/portfolio/events/orders"
START_US = 1_800_000_000_000_000


@pytest.fixture
async def client(simulation: Simulation):
    async with SignedClient(simulation) as client:
        yield client


class StandingClock:
    """Real time that a test moves by hand."""

    def __init__(self, simulation: Simulation) -> None:
        self._clock, self.now_us = simulation.clock, START_US

    def __getattr__(self, name: str):
        return getattr(self._clock, name)

    def wall(self) -> int:
        return self.now_us


@pytest.fixture
def clock(simulation: Simulation) -> StandingClock:
    """Throttles the simulation as a basic account, on a clock that stands still."""
    clock = StandingClock(simulation)
    simulation.clock = clock
    rebuild(simulation)
    simulation.budgets.enforce(Tier.BASIC, clock.wall())
    return clock


def rebuild(simulation: Simulation, scopes: frozenset[str] | None = None) -> None:
    """The same exchange with the clock that the simulation has now, and a key so restricted."""
    public = public_key(simulation.private_key_pem)
    key = ApiKey(public) if scopes is None else ApiKey(public, scopes=scopes)
    simulation.budgets = Budgets(simulation.clock.wall())
    simulation.app = build_app(
        simulation.host,
        StreamHub(simulation.host, user_id="u", wall=simulation.clock.wall),
        KeyRing({simulation.key_id: key}),
        simulation.budgets,
        user_id="u",
        wall=simulation.clock.wall,
    )


async def admitted(client: SignedClient, method: str, path: str, body=None, most: int = 400) -> int:
    """How many such requests are let in before one is too many."""
    for number in range(most):
        answer = await client.send(method, path, body)
        if answer.status_code == 429:
            assert answer.json() == {"error": "too many requests"}
            assert "retry-after" not in answer.headers
            return number
    return most


async def test_reads_of_a_basic_account(clock, client):
    assert await admitted(client, "GET", "/portfolio/orders") == 60
    clock.now_us += SECOND
    assert await admitted(client, "GET", "/portfolio/fills") == 20
    clock.now_us += SECOND // 2
    assert await admitted(client, "GET", "/portfolio/orders/nothing") == 50


async def test_the_balance_has_a_bucket_of_its_own(clock, client):
    assert await admitted(client, "GET", "/portfolio/balance") == 1
    assert await admitted(client, "GET", "/portfolio/orders") == 60
    clock.now_us += SECOND
    assert await admitted(client, "GET", "/portfolio/balance") == 1


async def test_whoever_does_not_sign_pays_for_himself(clock, client):
    statuses = [(await client.http.get("/exchange/status")).status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert await admitted(client, "GET", "/exchange/status") == 60, "signed, the account pays"


@pytest.mark.parametrize(
    ("method", "path", "body", "count"),
    [
        ("POST", ORDERS, {"exchange_index": 0}, 10),
        ("DELETE", f"{ORDERS}/nothing", None, 50),
        ("DELETE", f"{ORDERS}/batched", {"orders": [{"order_id": "a"}, {"order_id": "b"}]}, 25),
        ("POST", f"{ORDERS}/batched", {"orders": [{}, {}, {}]}, 3),
        ("POST", f"{ORDERS}/batched", {"orders": [{}] * 11}, 0),
        ("PUT", "/portfolio/order_groups/nothing/reset", None, 10),
    ],
)
async def test_writes_cost_what_is_published(clock, client, method, path, body, count):
    assert await admitted(client, method, path, body) == count


async def test_a_refused_write_did_nothing(clock, client, simulation):
    ticker = (await client.markets())[0]["ticker"]
    clock.now_us += 9 * SECOND
    answers = [(await client.place(ticker=ticker, exchange_index=0)).status_code for _ in range(12)]
    assert answers == [201] * 10 + [429] * 2
    assert len(simulation._exchange.orders) == 10


async def test_shards_have_budgets_of_their_own_and_routing_is_paid_by_all(clock, client):
    assert await admitted(client, "POST", ORDERS, {"exchange_index": 2}) == 10
    assert await admitted(client, "POST", ORDERS, {"exchange_index": 0}) == 10
    assert await admitted(client, "POST", ORDERS, {"exchange_index": 1}) == 10
    assert await admitted(client, "POST", ORDERS, {}) == 0
    clock.now_us += SECOND
    assert await admitted(client, "POST", ORDERS, {}) == 10
    assert await admitted(client, "POST", ORDERS, {"exchange_index": 3}) == 0


@pytest.mark.parametrize(
    ("operation", "query", "body", "shards"),
    [
        (("POST", ORDERS), "", b"{}", (0, 1, 2, 3)),
        (("POST", ORDERS), "", b'{"exchange_index":-1}', (0, 1, 2, 3)),
        (("POST", ORDERS), "", b"not json", (0, 1, 2, 3)),
        (("DELETE", f"{ORDERS}/{{order_id}}"), "", b"", (0,)),
        (("DELETE", f"{ORDERS}/{{order_id}}"), "market_ticker=A", b"", (0, 1, 2, 3)),
        (("DELETE", f"{ORDERS}/{{order_id}}"), "exchange_index=3&market_ticker=A", b"", (3,)),
        (("DELETE", ORDERS), "", b"", (0,)),
        (("POST", f"{ORDERS}/batched"), "", b'{"orders":[{"exchange_index":3}]}', (0,)),
        (("POST", "/portfolio/order_groups/create"), "", b"{}", (0,)),
        (("POST", "/portfolio/order_groups/create"), "", b'{"exchange_index":9}', (0,)),
    ],
)
def test_who_pays(operation, query, body, shards):
    assert bill_of(operation, QueryParams(query), body).shards == shards


async def test_costs_are_told_as_they_are_charged(clock, client):
    told = await client.get("/account/endpoint_costs")
    assert told["default_cost"] == 10
    limits = await client.get("/account/limits")
    assert limits["usage_tier"] == "basic"
    for row in told["endpoint_costs"]:
        clock.now_us += 60 * SECOND
        path = row["path"].removeprefix(PREFIX).replace(":order_id", "nothing")
        bucket = limits["read" if row["method"] == "GET" else "write"]
        body = {"orders": [{"order_id": "a"}]} if path.endswith("batched") else None
        most = bucket["bucket_capacity"] // row["cost"]
        assert await admitted(client, row["method"], path, body) == most


async def test_in_process_nothing_is_throttled(client):
    assert await admitted(client, "GET", "/portfolio/balance", most=30) == 30


async def test_a_served_exchange_throttles_where_it_has_a_tier(simulation):
    with listen(0) as listener:
        ExchangeServer(simulation, listener, tier=Tier.PREMIER)
    async with SignedClient(simulation) as client:
        limits = await client.get("/account/limits")
        assert (limits["usage_tier"], limits["read"]["refill_rate"]) == ("premier", 1_200)
        assert await admitted(client, "GET", "/portfolio/balance", most=30) < 30
    async with served(simulation) as server:
        assert server.address.base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ({"read"}, {"balance", "orders"}),
        ({"read::portfolio_balance"}, {"balance"}),
        ({"read", "write::trade"}, {"balance", "orders", "place", "group"}),
        ({"read", "write::transfer"}, {"balance", "orders", "transfer"}),
        ({"read", "write"}, {"balance", "orders", "place", "group", "transfer"}),
    ],
)
async def test_a_key_does_what_its_scopes_allow(simulation, scopes, allowed):
    rebuild(simulation, frozenset(scopes))
    requests = {
        "balance": ("GET", "/portfolio/balance"),
        "orders": ("GET", "/portfolio/orders"),
        "place": ("POST", ORDERS),
        "group": ("POST", "/portfolio/order_groups/create"),
        "transfer": ("POST", "/portfolio/intra_exchange_instance_transfer"),
    }
    async with SignedClient(simulation) as client:
        for name, (method, path) in requests.items():
            body = None if method == "GET" else {}
            answer = await client.send(method, path, body)
            assert (answer.status_code != 403) is (name in allowed), name
            if answer.status_code == 403:
                assert answer.json()["error"]["code"] == "forbidden"


async def test_keys_are_listed_with_their_scopes(client, simulation):
    body = await client.get("/api_keys")
    assert body["api_keys"] == [
        {"api_key_id": simulation.key_id, "name": "sim", "scopes": ["read", "write"]}
    ]
    assert body["api_key_region_expiration_ts"] > simulation.clock.wall() // SECOND
    assert (await client.get("/api_keys?fcm_subtrader_id=a"))["api_keys"] == []
    assert (await client.http.get("/api_keys")).status_code == 401


async def test_a_signature_on_a_public_read_must_hold(client, simulation):
    assert (await client.send("GET", "/markets?limit=1")).status_code == 200
    answer = await client.send("GET", "/markets?limit=1", skew_s=60)
    assert answer.json()["error"]["code"] == "header_timestamp_expired"
    answer = await client.http.get("/markets", headers={"KALSHI-ACCESS-KEY": simulation.key_id})
    assert answer.json()["error"]["code"] == "signature_is_missing_from_headers"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/markets/", "/markets"),
        ("/markets/?limit=5", "/markets?limit=5"),
        ("/portfolio/balance/", "/portfolio/balance"),
        ("/nowhere/", None),
        ("/", None),
    ],
)
async def test_a_slash_too_many_is_redirected(client, path, location):
    answer = await client.http.get(path)
    if location is None:
        assert answer.status_code == 404
    else:
        assert answer.status_code == 301
        assert answer.headers["location"] == f"{PREFIX}{location}"


async def test_methods_that_a_path_does_not_have(client):
    for method in ("POST", "DELETE", "OPTIONS", "PATCH", "BREW"):
        answer = await client.http.request(method, "/markets")
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
        assert "GET" in answer.headers["allow"]
    head = await client.http.head("/markets?limit=1")
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.http.head("/portfolio/balance")).status_code == 401
    assert (await client.http.get("/markets/%ff%00")).status_code == 404
