"""Answers that somebody broke, to every request that the client can make.

A broken answer ends in a result, or in an error that says so: never in a traceback. Whatever amount
a result has was in the answer, or follows from it by one step that is listed here. MUTATIONS says
how many answers each request gets.
"""

import json
import os
import random
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
import wire_samples as sample
from answering import measured
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import FakeClock
from fakes.mutations import mutated

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.public import UNPAIRED
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.domain.account import CashMovement, Settlement, settlement_revenue
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import KalshiError
from kalshi_cli.ports.access import Budget
from kalshi_cli.ports.exchange import (
    Amendment,
    AmendmentKind,
    Cancellation,
    CancellationKind,
    OrderAddress,
    Outcome,
    OutcomeKind,
    Placement,
    PlacementKind,
)
from kalshi_cli.ports.groups import OrderGroup

MUTATIONS = int(os.environ.get("MUTATIONS", "200"))
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)

INTENT = OrderIntent(
    "s", "KXRAIN-27JAN05-NYC", "KXRAIN-27JAN05", Side.BID, Price(4100), Contracts(1000),
    TimeInForce.GTC, Purpose.ENTRY, "r",
)  # fmt: skip
AT = OrderAddress("o-1", "KXRAIN-27JAN05-NYC")
GROUP = OrderGroup("g-1", 0, Contracts(500), triggered=False)
PLACED = {
    "order_id": "o-1",
    "client_order_id": "k1a",
    "fill_count": "1.50",
    "remaining_count": "2.50",
    "average_fill_price": "0.4100",
    "average_fee_paid": "0.0123",
    "ts_ms": 1_798_900_000_123,
}
CANCELED = {"order_id": "o-1", "client_order_id": "k1a", "reduced_by": "2.50", "ts_ms": 1}
ERROR = {"error": {"code": "invalid_price", "message": "off the grid", "details": "0.4101"}}
BUCKET = {"refill_rate": 200, "bucket_capacity": 600}
SHARD = {
    "exchange_index": 0,
    "description": "Default",
    "exchange_active": True,
    "trading_active": True,
    "intra_exchange_transfers_active": True,
}
POSITION = {"ticker": "KXA", "position_fp": "-3.25", "exchange_index": 1}
BALANCE = {
    "balance": 9801,
    "balance_dollars": "98.018600",
    "balance_breakdown": [
        {"exchange_index": 0, "balance": "90.000000"},
        {"exchange_index": 2, "balance": "8.018600"},
    ],
}
EVENT_CHANGE = {
    "id": "c-1",
    "event_ticker": "KXRAIN-27JAN05",
    "series_ticker": "KXRAIN",
    "fee_type_override": "quadratic",
    "fee_multiplier_override": 0.75,
    "scheduled_ts": "2027-01-07T10:00:00Z",
}
NO_OVERRIDE = {"fee_type_override": None, "fee_multiplier_override": None}
UUID = "3f0c1d4e-8b2a-4f6d-9c7e-1a2b3c4d5e6f"

Call = Callable[[KalshiConnection], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint:
    """A request, an answer to it that is right, and the only methods it may be asked with."""

    call: Call
    answer: Any
    status: int = 200
    method: str = "GET"
    others: Mapping[str, Any] = field(default_factory=dict)


def page(key: str, *rows: Any) -> dict[str, Any]:
    return {key: list(rows), "cursor": "next"}


def _two(make: Callable[..., dict[str, Any]], **second: Any) -> list[dict[str, Any]]:
    return [make(), make(**second)]


MARKETS = _two(sample.market, ticker="KXRAIN-27JAN05-BOS", yes_bid_dollars="0.3300")
SCALAR = sample.settlement(ticker="KXS", market_result="scalar", value=45, revenue=342)
SETTLED = sample.market(
    ticker="KXS", status="finalized", result="scalar", settlement_value_dollars="0.4567"
)

READS: dict[str, Endpoint] = {
    "exchange_status": Endpoint(
        lambda c: c.market_data.exchange_status(),
        {
            "exchange_active": True,
            "trading_active": True,
            "exchange_estimated_resume_time": "2027-01-07T10:00:00Z",
            "exchange_index_statuses": [SHARD, SHARD | {"exchange_index": 2}],
        },
    ),
    "series": Endpoint(
        lambda c: c.market_data.series(), {"series": _two(sample.series, fee_multiplier=0.25)}
    ),
    "open_events": Endpoint(
        lambda c: c.market_data.open_events(),
        page("events", sample.event(markets=MARKETS), sample.event(event_ticker="KXOTHER")),
    ),
    "event": Endpoint(
        lambda c: c.market_data.event("KXRAIN-27JAN05"), {"event": sample.event(markets=MARKETS)}
    ),
    "events_named": Endpoint(
        lambda c: c.market_data.events_named(["KXRAIN-27JAN05", "KXOTHER"]),
        {"events": [sample.event(markets=MARKETS), sample.event(event_ticker="KXOTHER")]},
    ),
    "updated_markets": Endpoint(
        lambda c: c.market_data.updated_markets(0), page("markets", *MARKETS)
    ),
    "listings": Endpoint(
        lambda c: c.market_data.listings([m["ticker"] for m in MARKETS]),
        {"markets": MARKETS, "cursor": ""},
    ),
    "books": Endpoint(
        lambda c: c.market_data.books(["KXRAIN-27JAN05-NYC", "KXB"]),
        {"orderbooks": _two(sample.book, ticker="KXB")},
    ),
    "trades": Endpoint(
        lambda c: c.market_data.trades("KXRAIN-27JAN05-NYC"),
        page("trades", *_two(sample.trade, trade_id="t-2", count_fp="3.00")),
    ),
    "order": Endpoint(lambda c: c.trading.order("o-1"), {"order": sample.order()}),  # type: ignore[union-attr]
    "orders": Endpoint(
        lambda c: c.trading.orders(),  # type: ignore[union-attr]
        page("orders", *_two(sample.order, order_id="o-2", status="canceled")),
    ),
    "fills": Endpoint(
        lambda c: c.trading.fills(),  # type: ignore[union-attr]
        page("fills", *_two(sample.fill, fill_id="f-2", count_fp="2.00")),
    ),
    "positions": Endpoint(
        lambda c: c.trading.positions(),  # type: ignore[union-attr]
        {**page("market_positions", POSITION, POSITION | {"ticker": "KXB"}), "event_positions": []},
    ),
    "settlements": Endpoint(
        lambda c: c.trading.settlements(),  # type: ignore[union-attr]
        page("settlements", sample.settlement(), SCALAR),
        others={"/markets": {"markets": [SETTLED], "cursor": ""}},
    ),
    "the_market_of_a_settlement": Endpoint(
        lambda c: c.trading.settlements(),  # type: ignore[union-attr]
        {"markets": [SETTLED], "cursor": ""},
        others={"/portfolio/settlements": page("settlements", sample.settlement(), SCALAR)},
    ),
    "deposits": Endpoint(
        lambda c: c.trading.cash_movements(),  # type: ignore[union-attr]
        page("deposits", *_two(sample.transfer, id="d-2", amount_cents=99)),
    ),
    "withdrawals": Endpoint(
        lambda c: c.trading.cash_movements(cursor="withdrawals:"),  # type: ignore[union-attr]
        page("withdrawals", *_two(sample.transfer, id="d-2", status="pending")),
    ),
    "balance": Endpoint(lambda c: c.trading.balance(), BALANCE),  # type: ignore[union-attr]
    "queue_positions": Endpoint(
        lambda c: c.trading.queue_positions(["KXA"]),  # type: ignore[union-attr]
        {
            "queue_positions": [
                {"order_id": "o-1", "market_ticker": "KXA", "queue_position_fp": "12.50"},
                {"order_id": "o-2", "market_ticker": "KXA", "queue_position_fp": "0.00"},
            ]
        },
    ),
    "data_as_of": Endpoint(
        lambda c: c.trading.data_as_of(),  # type: ignore[union-attr]
        {"as_of_time": "2027-01-04T10:00:00.123456Z"},
    ),
    "cutoffs": Endpoint(
        lambda c: c.archive.cutoffs(),
        {
            "market_settled_ts": "2026-11-04T00:00:00Z",
            "trades_created_ts": "2026-11-04T00:00:00Z",
            "orders_updated_ts": "2026-12-20T00:00:00Z",
        },
    ),
    "archived_listings": Endpoint(
        lambda c: c.archive.listings([m["ticker"] for m in MARKETS]), page("markets", *MARKETS)
    ),
    "archived_trades": Endpoint(
        lambda c: c.archive.trades("KXRAIN-27JAN05-NYC"), page("trades", sample.trade())
    ),
    "archived_orders": Endpoint(lambda c: c.archive.orders(), page("orders", sample.order())),
    "archived_fills": Endpoint(lambda c: c.archive.fills(), page("fills", sample.fill())),
    "groups": Endpoint(
        lambda c: c.groups.groups(),
        {
            "order_groups": [
                {
                    "id": "g-1",
                    "is_auto_cancel_enabled": False,
                    "contracts_limit_fp": "50.00",
                    "exchange_index": 2,
                },
                {"id": "g-2", "is_auto_cancel_enabled": True},
            ]
        },
    ),
    "transfers": Endpoint(
        lambda c: c.treasury.transfers(),
        page("transfers", *_two(sample.shard_transfer, transfer_id="t-2")),
    ),
    "series_fee_changes": Endpoint(
        lambda c: c.notices.series_fee_changes(),
        {
            "series_fee_change_arr": [
                {
                    "id": "c-1",
                    "series_ticker": "KXRAIN",
                    "fee_type": "quadratic",
                    "fee_multiplier": 0.5,
                    "scheduled_ts": "2027-01-07T10:00:00Z",
                }
            ]
        },
    ),
    "event_fee_changes": Endpoint(
        lambda c: c.notices.event_fee_changes(),
        page("event_fee_changes", EVENT_CHANGE, EVENT_CHANGE | NO_OVERRIDE),
    ),
    "incentives": Endpoint(
        lambda c: c.notices.incentives(),
        {
            "incentive_programs": [sample.PROGRAM, sample.PROGRAM | {"id": "p-2"}],
            "next_cursor": "next",
        },
    ),
    "limits": Endpoint(
        lambda c: c.access.limits(),
        {
            "usage_tier": "basic",
            "read": BUCKET,
            "write": {"refill_rate": 100, "bucket_capacity": 101},
            "grants": [{"level": "expert", "source": "volume", "expires_ts": 1_798_900_000}],
        },
    ),
    "api_keys": Endpoint(
        lambda c: c.access.api_keys(),
        {
            "api_keys": [{"api_key_id": "k", "name": "bot", "scopes": ["read"], "subaccount": 0}],
            "api_key_region_expiration_ts": 1_798_900_000,
        },
    ),
    "endpoint_costs": Endpoint(
        lambda c: c.access.endpoint_costs(),
        {
            "default_cost": 10,
            "endpoint_costs": [
                {"method": "GET", "path": "/trade-api/v2/portfolio/orders/:id", "cost": 2}
            ],
        },
    ),
}

WRITES: dict[str, Endpoint] = {
    "place": Endpoint(lambda c: c.trading.place("k1a", INTENT), PLACED, 201, "POST"),  # type: ignore[union-attr]
    "place_batch": Endpoint(
        lambda c: c.trading.place_batch([("k1a", INTENT), ("k1b", INTENT)]),  # type: ignore[union-attr]
        {"orders": [PLACED, {"client_order_id": "k1b"} | ERROR]},
        201,
        "POST",
    ),
    "cancel": Endpoint(
        lambda c: c.trading.cancel("o-1", "KXA", 0),  # type: ignore[union-attr]
        CANCELED,
        method="DELETE",
    ),
    "cancel_batch": Endpoint(
        lambda c: c.trading.cancel_batch([AT, OrderAddress("o-2", "KXB", 1)]),  # type: ignore[union-attr]
        {"orders": [CANCELED, {"order_id": "o-2", "reduced_by": "0.00"} | ERROR]},
        method="DELETE",
    ),
    "cancel_all": Endpoint(lambda c: c.trading.cancel_all(), {}, 204, "DELETE"),  # type: ignore[union-attr]
    "amend": Endpoint(
        lambda c: c.trading.amend("o-1", INTENT),  # type: ignore[union-attr]
        {"order_id": "o-1", "fill_count": "1.00", "remaining_count": "3.00", "ts_ms": 1},
        method="POST",
    ),
    "decrease": Endpoint(
        lambda c: c.trading.decrease(AT, Contracts(100)),  # type: ignore[union-attr]
        {"order_id": "o-1", "remaining_count": "1.00", "ts_ms": 1},
        method="POST",
    ),
    "create_group": Endpoint(
        lambda c: c.groups.create(Contracts(500), 0),
        {"order_group_id": "g-9", "subaccount": 0},
        201,
        "POST",
    ),
    "set_limit": Endpoint(lambda c: c.groups.set_limit(GROUP, Contracts(1)), {}, method="PUT"),
    "trigger": Endpoint(lambda c: c.groups.trigger(GROUP), {}, method="PUT"),
    "reset": Endpoint(lambda c: c.groups.reset(GROUP), {}, method="PUT"),
    "delete": Endpoint(lambda c: c.groups.delete(GROUP), {}, method="DELETE"),
    "transfer": Endpoint(
        lambda c: c.treasury.transfer(UUID, 0, 1, Money(100)), {"transfer_id": "t-9"}, method="POST"
    ),
}
ENDPOINTS = READS | WRITES
STATUSES = (200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 410, 418, 429, 500, 503)


ODD_HEADERS = [
    ("date", "Thu, 26 Nov 2026 09:59:99999999999999999999 GMT"),
    ("date", "Thu, 26 Nov 99999999999999999999 09:59:22 GMT"),
    ("date", "Thu, 26 Nov 9999 23:59:59 -2359"),
    ("date", "Thu, 26 Nov 2026 09:59:22 +99999999999"),
    ("date", "Fri, 04 Oct 2024 00:00:00 GMT"),
    ("date", ""),
    ("age", "0"),
    ("age", "yesterday"),
    ("retry-after", "9" * 400),
    ("retry-after", "soon"),
    ("content-type", "text/html; charset=utf-7"),
    ("content-type", "application/json; charset="),
    ("content-type", ";;;"),
    ("content-encoding", "gzip"),
    ("content-encoding", "br, deflate, zstd"),
    ("content-encoding", "word"),
    ("content-length", "-1"),
    ("location", "https://[oops"),
    ("set-cookie", "=;;=\x1f; expires=9"),
]


class Broken:
    """An exchange that gives one request a broken answer, and others what they should get."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.status, self.body = endpoint.status, b""
        self.headers: list[tuple[str, str]] = []
        self.asked: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.add(request.method)
        other = self.endpoint.others.get(request.url.path.removeprefix("/trade-api/v2"))
        if other is not None:
            return httpx.Response(200, json=other)
        unread = httpx.ByteStream(self.body)
        return httpx.Response(self.status, stream=unread, headers=self.headers)


async def no_sleep(_: float) -> None:
    """Backing off takes no time here."""


def connected(exchange: Broken) -> KalshiConnection:
    connection = connect(
        base_url="http://exchange.test",
        signer=Signer("key", KEY),
        clock=FakeClock(),
        transport=httpx.MockTransport(exchange),
        paced=False,
    )
    connection._rest.sleep = no_sleep
    connection._rest.skew = measured()
    return connection


KEY = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
async def test_a_broken_answer_is_told_and_no_amount_is_made_up(name: str) -> None:
    endpoint = ENDPOINTS[name]
    exchange = Broken(endpoint)
    right = json.dumps(endpoint.answer).encode()
    rng = random.Random(name)
    refused = usable = 0
    async with connected(exchange) as connection:
        exchange.body = right
        assert has_meaning(await endpoint.call(connection)), "the answer unbroken is understood"
        for _ in range(MUTATIONS):
            exchange.body = mutated(right, rng)
            seldom = rng.random() < 0.1
            exchange.status = rng.choice(STATUSES) if seldom else endpoint.status
            exchange.headers = rng.sample(ODD_HEADERS, rng.choice((0, 0, 1, 3)))
            result = await outcome(endpoint, connection)
            if isinstance(result, KalshiError):
                refused += 1
                assert re.fullmatch(r"[^\n]+", str(result))
            else:
                usable += 1
                check(result, exchange, endpoint)
    assert exchange.asked == {endpoint.method}
    assert refused + usable == MUTATIONS
    if endpoint.method == "GET":
        assert refused


async def outcome(endpoint: Endpoint, connection: KalshiConnection) -> Any:
    """What a call came to; any other error than ours ends the test."""
    try:
        return await endpoint.call(connection)
    except KalshiError as error:
        return error


def has_meaning(result: Any) -> bool:
    """Whether a right answer gave rows, amounts, or a write that was done."""
    if isinstance(result, tuple):
        return bool(result)
    return getattr(result, "kind", "done") in {"done", "accepted", "canceled", "amended"} and (
        getattr(result, "unusable", ()) == ()
    )


def check(result: Any, exchange: Broken, endpoint: Endpoint) -> None:
    told = literals(exchange.body, *map(json.dumps, endpoint.others.values()))
    for value in amounts(result):
        assert value in told, (value, result, exchange.body[:2_000])
    for write in result if isinstance(result, tuple) else (result,):
        check_write(write, exchange)


def check_write(result: Any, exchange: Broken) -> None:
    """Only an answer with the right status, which names what it is about, says that it was done."""
    text = exchange.body.decode(errors="replace")
    match result:
        case Placement(kind=PlacementKind.ACCEPTED):
            assert exchange.status in {200, 201}
            assert result.order_id
            assert "order_id" in text
        case Cancellation(kind=CancellationKind.CANCELED):
            assert exchange.status == 200
            assert '"o-' in text
        case Amendment(kind=AmendmentKind.AMENDED):
            assert exchange.status == 200
            assert '"o-1"' in text
        case Outcome(kind=OutcomeKind.DONE):
            assert exchange.status in {200, 201, 204}
        case Placement() | Cancellation() | Amendment() | Outcome():
            assert not getattr(result, "filled", None)
            assert not getattr(result, "remaining", None)
            assert not getattr(result, "reduced_by", None)
            assert result.code or result.message


def literals(*texts: str | bytes) -> set[Decimal]:
    """Every number in the texts, wherever it stands, and $1 minus each of them: NO prices."""
    found: set[Decimal] = set()
    for text in texts:
        plain = text.decode(errors="replace") if isinstance(text, bytes) else text
        found |= {Decimal(each) for each in _NUMBER.findall(plain)}
    return found | {1 - each for each in found}


def amounts(value: Any) -> Iterator[Decimal]:
    """Every amount of a result, in the unit in which the exchange writes it."""
    match value:
        case Settlement():
            assert value.revenue == settlement_revenue(value.net, value.value)
            yield value.fee.decimal
        case CashMovement():
            yield abs(value.amount.decimal * 100)
        case IncentiveProgram():
            yield value.reward.decimal * 10_000
            if value.most_per_account is not None:
                yield value.most_per_account.decimal * 10_000
            yield from amounts(value.target)
        case FeeTerms() if value != UNPAIRED:
            yield Decimal(value.multiplier) / 1_000_000
        case Budget():
            yield from (Decimal(value.rate), Decimal(value.capacity))
        case Price() | Contracts() | Money():
            yield value.decimal
        case _:
            for inner in parts(value):
                yield from amounts(inner)


def parts(value: Any) -> Iterator[Any]:
    match value:
        case Placement() | Cancellation() if value.kind not in {"accepted", "canceled"}:
            pass
        case Mapping():
            yield from value.values()
        case tuple():
            yield from value
        case _ if is_dataclass(value):
            yield from (getattr(value, each.name) for each in fields(value))


def test_a_mutation_is_repeated_by_its_seed_and_breaks_something() -> None:
    right = json.dumps(READS["open_events"].answer).encode()
    first, again = ([mutated(right, random.Random(seed)) for seed in range(300)] for _ in "ab")
    assert first == again
    parsed = json.loads(right)
    assert sum(not _is(text, parsed) for text in first) > 270
    assert len(set(first)) > 250


@pytest.mark.parametrize("header", ODD_HEADERS, ids=str)
async def test_an_odd_header_hides_no_order(header: tuple[str, str]) -> None:
    exchange = Broken(WRITES["place"])
    exchange.headers = [header]
    exchange.body = json.dumps(PLACED).encode()
    async with connected(exchange) as connection:
        placed = await WRITES["place"].call(connection)
    coded = header[0] == "content-encoding" and header[1] != "word"
    assert placed.kind is (PlacementKind.UNKNOWN if coded else PlacementKind.ACCEPTED)


def _is(text: bytes, value: Any) -> bool:
    try:
        return bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False
