"""The client asks the exchange for what its own specification documents, and for nothing else."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fakes.judged import JudgedTransport
from fakes.openapi import Violation, openapi

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.access import Access
from kalshi_cli.ports.archive import Archive
from kalshi_cli.ports.exchange import MarketData, OrderAddress, OutcomeKind, Trading
from kalshi_cli.ports.groups import OrderGroups
from kalshi_cli.ports.notices import Notices
from kalshi_cli.ports.treasury import Treasury

ORDERS, GROUPS = "/portfolio/events/orders", "/portfolio/order_groups"
OPERATIONS = {
    "GET /account/endpoint_costs",
    "GET /account/limits",
    "GET /api_keys",
    "GET /events",
    "GET /events/fee_changes",
    "GET /events/{event_ticker}",
    "GET /exchange/status",
    "GET /exchange/user_data_timestamp",
    "GET /historical/cutoff",
    "GET /incentive_programs",
    "GET /historical/fills",
    "GET /historical/markets",
    "GET /historical/orders",
    "GET /historical/trades",
    "GET /markets",
    "GET /markets/orderbooks",
    "GET /markets/trades",
    "GET /portfolio/balance",
    "GET /portfolio/deposits",
    "GET /portfolio/fills",
    "GET /portfolio/intra_exchange_instance_transfers",
    "GET /portfolio/orders",
    "GET /portfolio/orders/queue_positions",
    "GET /portfolio/orders/{order_id}",
    "GET /portfolio/positions",
    "GET /portfolio/settlements",
    "GET /portfolio/withdrawals",
    "GET /series",
    "GET /series/fee_changes",
    f"GET {GROUPS}",
    f"DELETE {ORDERS}",
    f"DELETE {ORDERS}/batched",
    f"DELETE {ORDERS}/{{order_id}}",
    f"DELETE {GROUPS}/{{order_group_id}}",
    "POST /portfolio/intra_exchange_instance_transfer",
    f"POST {ORDERS}",
    f"POST {ORDERS}/batched",
    f"POST {ORDERS}/{{order_id}}/amend",
    f"POST {ORDERS}/{{order_id}}/decrease",
    f"POST {GROUPS}/create",
    f"PUT {GROUPS}/{{order_group_id}}/limit",
    f"PUT {GROUPS}/{{order_group_id}}/reset",
    f"PUT {GROUPS}/{{order_group_id}}/trigger",
}
"""Everything that this program ever asks."""


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with open_simulation(None, seed=7) as opened:
        yield opened


def judge(simulation: Simulation) -> JudgedTransport:
    return JudgedTransport(simulation.transport(), openapi())


def connected(simulation: Simulation, transport: httpx.AsyncBaseTransport) -> KalshiConnection:
    signer = Signer.from_pem(simulation.key_id, simulation.private_key_pem)
    return connect(
        base_url=simulation.origin,
        signer=signer,
        clock=simulation.clock,
        transport=transport,
        paced=False,
    )


def methods(port: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(port, inspect.isfunction) if name[0] != "_"}


async def test_every_request_is_documented(simulation: Simulation) -> None:
    """Each method of each port is called, with all that it can take, and is judged."""
    transport, now = judge(simulation), simulation.clock.now()
    async with connected(simulation, transport) as exchange:
        assert exchange.trading is not None
        event = (await exchange.market_data.open_events()).items[0]
        market = event.listings[0].market
        assert market.grid is not None
        intent = OrderIntent(
            "s", market.ticker, market.event_ticker, Side.BID, Price(100), Contracts(100),
            TimeInForce.GTC, Purpose.ENTRY, "r", post_only=True, expires_us=now + HOUR,
            exchange_index=market.exchange_index,
        )  # fmt: skip
        made = await exchange.groups.create(Contracts(500), market.exchange_index)
        group = (await exchange.groups.groups()).items[0]
        placed = await exchange.trading.place("k1a", intent, group_id=made.made_id)
        assert placed.order_id is not None
        at = OrderAddress(placed.order_id, market.ticker, market.exchange_index)
        uuid = "3f0c1d4e-8b2a-4f6d-9c7e-1a2b3c4d5e6f"
        since = now - HOUR
        calls: dict[tuple[type, Any], list[tuple[str, tuple[Any, ...], dict[str, Any]]]] = {
            (MarketData, exchange.market_data): [
                ("exchange_status", (), {}),
                ("series", (), {}),
                ("open_events", ("0",), {}),
                ("event", (event.event.event_ticker,), {}),
                ("events_named", ([event.event.event_ticker, "KXE"],), {}),
                ("updated_markets", (since, "0"), {}),
                ("listings", (["KXA", "KXB"],), {}),
                ("books", (["KXA", "KXB"],), {}),
                ("trades", ("KXA", since, "0"), {}),
            ],
            (Trading, exchange.trading): [
                ("amend", (at.order_id, intent), {}),
                ("decrease", (at, Contracts(50)), {}),
                ("queue_positions", (["KXA", "KXB"],), {}),
                ("order", (at.order_id,), {}),
                ("orders", (), {"resting_only": True, "min_us": since, "cursor": "0"}),
                ("fills", (), {"min_us": since, "cursor": "0"}),
                ("positions", ("0",), {}),
                ("settlements", (), {"min_us": since, "cursor": "0"}),
                ("cash_movements", (), {"cursor": "0"}),
                ("cash_movements", (), {"cursor": "withdrawals:0"}),
                ("balance", (), {}),
                ("data_as_of", (), {}),
                ("place", ("k1b", intent), {}),
                ("place_batch", ([("k1c", intent), ("k1d", intent)],), {"group_id": made.made_id}),
                ("cancel", (at.order_id, at.ticker, at.exchange_index), {}),
                ("cancel_batch", ([at, at],), {}),
                ("cancel_all", (), {}),
            ],
            (OrderGroups, exchange.groups): [
                ("create", (Contracts(50_000), 0), {}),
                ("groups", (), {}),
                ("set_limit", (group, Contracts(150)), {}),
                ("trigger", (group,), {}),
                ("reset", (group,), {}),
                ("delete", (group,), {}),
            ],
            (Treasury, exchange.treasury): [
                ("transfer", (uuid, 0, 1, Money.parse("0.0001")), {}),
                ("transfers", (), {"cursor": "0"}),
            ],
            (Archive, exchange.archive): [
                ("cutoffs", (), {}),
                ("listings", (["KXA", "KXB"],), {}),
                ("trades", ("KXA", since, "0"), {}),
                ("orders", (), {"min_us": since, "cursor": "0"}),
                ("fills", (), {"min_us": since, "cursor": "0"}),
            ],
            (Notices, exchange.notices): [
                ("series_fee_changes", (), {}),
                ("event_fee_changes", ("0",), {}),
                ("incentives", ("0",), {}),
            ],
            (Access, exchange.access): [("limits", (), {}), ("api_keys", (), {})],
        }
        for (port, desk), wanted in calls.items():
            assert {name for name, _, _ in wanted} == methods(port), port
            for name, arguments, options in wanted:
                await getattr(desk, name)(*arguments, **options)
        await exchange.access.endpoint_costs()
    assert transport.asked == OPERATIONS


async def test_nothing_of_the_account_is_asked_without_a_key(simulation: Simulation) -> None:
    transport = judge(simulation)
    async with connect(
        base_url=simulation.origin,
        signer=None,
        clock=simulation.clock,
        transport=transport,
        paced=False,
    ) as exchange:
        assert exchange.trading is None
        for read in (exchange.access.limits, exchange.archive.orders, exchange.groups.groups):
            with pytest.raises(ConfigError, match="without an API key"):
                await read()
        made = await exchange.groups.create(Contracts(500), 0)
        assert (made.kind, made.code) == (OutcomeKind.REFUSED, "config_error")
        assert (await exchange.archive.cutoffs()).markets_us % SECOND == 0
    assert transport.asked == {"GET /historical/cutoff"}


SIGNED = {"KALSHI-ACCESS-SIGNATURE": "x"}
ROOT = "http://kalshi.test/trade-api/v2"


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "why"),
    [
        ("GET", "/markets/", {}, None, "no path"),
        ("GET", "/market", {}, None, "no operation"),
        ("POST", "/portfolio/orders", SIGNED, {}, "no operation"),
        ("GET", "/portfolio/orders", {}, None, "is unsigned"),
        ("GET", "/markets", SIGNED, None, "is signed"),
        ("GET", "/markets?tickets=A", {}, None, "no query parameter"),
        ("GET", "/markets?limit=1001", {}, None, "1001"),
        ("GET", "/markets?min_close_ts=soon", {}, None, "soon"),
        ("DELETE", f"{ORDERS}/o?exchange_index=none", SIGNED, None, "none"),
        ("POST", ORDERS, SIGNED, {"ticker": "A"}, "required"),
        ("POST", ORDERS, SIGNED, None, "needs a body"),
        ("PUT", f"{GROUPS}/g/limit", SIGNED, {"contracts_limit_fp": 5}, "5"),
        ("GET", "/exchange/status", {}, {}, "takes no body"),
    ],
)
async def test_what_is_not_documented_does_not_pass(
    method: str, path: str, headers: dict[str, str], body: object, why: str
) -> None:
    spec = openapi()

    def answer(_: httpx.Request) -> httpx.Response:
        raise AssertionError("it went out")

    transport = JudgedTransport(httpx.MockTransport(answer), spec)
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(Violation, match=why):
            await http.request(method, f"{ROOT}{path}", headers=headers, json=body)
