"""What the two ports ask of the exchange, request by request."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
import wire_samples as sample
from answering import measured
from cryptography.hazmat.primitives.asymmetric import ed25519
from fakes.clock import START_US, FakeClock

from kalshi_cli.adapters.kalshi.connection import KalshiConnection, connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.domain.instant import SECOND, parse_rfc3339
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderIntent, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ConfigError, ExchangeRefusal, MalformedAnswer, NotFound, Unavailable
from kalshi_cli.ports.exchange import CancellationKind, OrderAddress, PlacementKind
from kalshi_cli.steps.paging import collect

ROOT = "/trade-api/v2"
NOT_FOUND = {"error": {"code": "not_found", "message": "not found"}}


class Exchange:
    """Answers by path, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.get(request.url.path.removeprefix(ROOT), (404, NOT_FOUND))
        if callable(answer):
            answer = answer(request)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=body)

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [pair for request in self.requests for pair in request.url.params.multi_items()]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
async def connection(exchange: Exchange):
    async with connect(
        base_url="http://exchange.test",
        signer=Signer("key", ed25519.Ed25519PrivateKey.generate()),
        clock=FakeClock(),
        transport=httpx.MockTransport(exchange),
        paced=False,
    ) as opened:
        opened._rest.skew = measured()
        yield opened


@pytest.mark.parametrize("status", [200, 500, 503, 504])
async def test_status_comes_with_errors_too(
    exchange: Exchange, connection: KalshiConnection, status: int
) -> None:
    body = {"exchange_active": True, "trading_active": False}
    resumes = "2027-01-07T10:00:00Z"
    exchange.answers["/exchange/status"] = (
        status,
        body | {"exchange_estimated_resume_time": resumes},
    )
    told = await connection.market_data.exchange_status()
    assert (told.exchange_active, told.trading_active) == (True, False)
    assert told.resumes_us == parse_rfc3339(resumes)


async def test_open_events(exchange: Exchange, connection: KalshiConnection) -> None:
    broken = sample.market(ticker="KXBROKEN", close_time="?")
    exchange.answers["/events"] = {
        "events": [sample.event(markets=[sample.market(), broken]), {"event_ticker": "KXBAD"}],
        "cursor": "next",
    }
    page = await connection.market_data.open_events()
    assert exchange.asked == [("status", "open"), ("with_nested_markets", "true"), ("limit", "200")]
    assert {row.what for row in page.unusable} == {"KXBROKEN", "KXBAD"}
    (event,) = page.items
    assert event.listings[0].quote.at_us == START_US
    assert page.cursor == "next"
    with pytest.raises(MalformedAnswer, match="circle"):
        await connection.market_data.open_events("next")


async def test_one_event(exchange: Exchange, connection: KalshiConnection) -> None:
    exchange.answers["/events/KXRAIN-27JAN05"] = {"event": sample.event(), "markets": []}
    listing = await connection.market_data.event("KXRAIN-27JAN05")
    assert listing.event.series_ticker == "KXRAIN"
    assert len(listing.listings) == 1
    for unknown in ("KXNONE", "../portfolio", "a,b", ""):
        with pytest.raises(NotFound, match="no event"):
            await connection.market_data.event(unknown)
    assert len(exchange.requests) == 2


async def test_listings_are_asked_for_in_commas_and_chunks(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    def answer(request: httpx.Request) -> Any:
        named = request.url.params["tickers"].split(",")
        return {"markets": [sample.market(ticker=name) for name in named if name != "KXGONE"]}

    exchange.answers["/markets"] = answer
    names = [f"KX{number:03}" for number in range(250)]
    page = await connection.market_data.listings([*names, "KXGONE", "KX000", "a,b", ""])
    assert [row.market.ticker for row in page.items] == names
    assert [len(r.url.params["tickers"].split(",")) for r in exchange.requests] == [100, 100, 51]
    assert (await connection.market_data.listings([])).items == ()
    assert len(exchange.requests) == 3


@pytest.mark.parametrize("cursor", ["", "more"])
async def test_listings_nobody_asked_for_are_an_error(
    exchange: Exchange, connection: KalshiConnection, cursor: str
) -> None:
    rows = [sample.market(ticker="KXOTHER" if not cursor else "KXA")]
    exchange.answers["/markets"] = {"markets": rows, "cursor": cursor}
    with pytest.raises(MalformedAnswer, match="not asked for"):
        await connection.market_data.listings(["KXA"])


async def test_updated_markets(exchange: Exchange, connection: KalshiConnection) -> None:
    exchange.answers["/markets"] = {"markets": [sample.market()], "cursor": ""}
    await connection.market_data.updated_markets(5 * SECOND + 999_999, "abc")
    assert exchange.asked == [
        ("mve_filter", "exclude"),
        ("min_updated_ts", "5"),
        ("limit", "1000"),
        ("cursor", "abc"),
    ]


async def test_books_repeat_their_tickers(exchange: Exchange, connection: KalshiConnection) -> None:
    crossed = {"yes_dollars": [["0.60", "1.00"]], "no_dollars": [["0.60", "1.00"]]}
    exchange.answers["/markets/orderbooks"] = {
        "orderbooks": [
            sample.book(ticker="KXA"),
            sample.book(ticker="KXB", orderbook_fp=crossed),
            sample.book(ticker="KXOTHER"),
        ]
    }
    books = await connection.market_data.books(["KXB", "KXA", "KXC"])
    assert exchange.asked == [("tickers", "KXA"), ("tickers", "KXB"), ("tickers", "KXC")]
    assert list(books) == ["KXA"]
    assert books["KXA"].at_us == START_US


async def test_instants_ask_a_second_early_and_keep_what_was_meant(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    at = parse_rfc3339("2027-01-04T10:00:00.164956Z")
    exchange.answers["/portfolio/fills"] = {"fills": [sample.fill()], "cursor": ""}
    trading = connection.trading
    assert trading is not None
    assert len((await trading.fills(min_us=at)).items) == 1
    assert exchange.asked[0] == ("min_ts", str(at // SECOND - 1))
    assert (await trading.fills(min_us=at + 1)).items == ()
    exchange.answers["/markets/trades"] = {"trades": [sample.trade()]}
    assert len((await connection.market_data.trades("KXA", at - SECOND)).items) == 1
    assert (await connection.market_data.trades("KXA", at + SECOND)).items == ()
    printed = at // SECOND * SECOND
    assert len((await connection.market_data.trades("KXA", 0, "", printed)).items) == 1
    assert exchange.asked[-1] == ("max_ts", str(at // SECOND + 1))
    assert (await connection.market_data.trades("KXA", 0, "", printed - 1)).items == ()


async def test_account_reads_name_the_primary_subaccount(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    trading = connection.trading
    assert trading is not None
    exchange.answers |= {
        "/portfolio/orders": {"orders": [sample.order()]},
        "/portfolio/fills": {"fills": None},
        "/portfolio/positions": {
            "market_positions": [
                {"ticker": "KXA", "position_fp": "-3.00"},
                {"ticker": "KXB", "position_fp": "0.00"},
                {"ticker": "KXC", "position_fp": "0.005"},
            ],
            "event_positions": [],
        },
        "/portfolio/settlements": {"settlements": []},
        "/portfolio/balance": {"balance_dollars": "98.0186", "balance": 9801},
    }
    assert len((await trading.orders(resting_only=True, cursor="c")).items) == 1
    assert ("status", "resting") in exchange.asked
    assert ("cursor", "c") in exchange.asked
    assert (await trading.fills()).items == ()
    positions = await trading.positions()
    assert [(row.ticker, row.net) for row in positions.items] == [("KXA", Contracts(-300))]
    assert [row.what for row in positions.unusable] == ["KXC"]
    assert (await trading.settlements()).items == ()
    assert (await trading.balance()).cash == Money.parse("98.0186")
    for request in exchange.requests:
        assert request.url.params["subaccount"] == "0"
        assert "KALSHI-ACCESS-SIGNATURE" in request.headers


async def test_scalar_settlements_are_paid_by_the_markets_own_value(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    rows = [
        sample.settlement(ticker="KXA", market_result="scalar", value=45, revenue=342),
        sample.settlement(ticker="KXGONE", market_result="scalar", value=45, revenue=342),
        sample.settlement(ticker="KXB"),
    ]
    exchange.answers["/portfolio/settlements"] = {"settlements": rows, "cursor": ""}
    settled = sample.market(
        ticker="KXA", status="finalized", result="scalar", settlement_value_dollars="0.4567"
    )
    exchange.answers["/markets"] = {"markets": [settled]}
    trading = connection.trading
    assert trading is not None
    page = await trading.settlements()
    assert [(row.ticker, row.revenue) for row in page.items] == [
        ("KXA", Money.parse("3.42525")),
        ("KXB", Money.parse("7.5")),
    ]
    assert [row.what for row in page.unusable] == ["KXGONE"]


async def test_cash_movements_go_through_deposits_and_then_withdrawals(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    def pages(key: str) -> Any:
        def answer(request: httpx.Request) -> Any:
            cursor = request.url.params.get("cursor", "")
            row = sample.transfer(id=f"{key}{cursor}")
            return {key: [row], "cursor": "" if cursor else "2"}

        return answer

    exchange.answers["/portfolio/deposits"] = pages("deposits")
    exchange.answers["/portfolio/withdrawals"] = pages("withdrawals")
    trading = connection.trading
    assert trading is not None
    seen, cursor = [], ""
    for _ in range(4):
        page = await trading.cash_movements(cursor=cursor)
        seen += [(row.movement_id, str(row.amount)) for row in page.items]
        cursor = page.cursor
    assert cursor == ""
    assert seen == [
        ("deposit:deposits", "123.450000"),
        ("deposit:deposits2", "123.450000"),
        ("withdrawal:withdrawals", "-123.450000"),
        ("withdrawal:withdrawals2", "-123.450000"),
    ]


@pytest.mark.parametrize(
    ("made", "min_us", "requests"),
    [
        ([[9, 8], [7, 6], [5, 4]], 7 * SECOND, 2),  # the second page ends before it
        ([[9, 8], [7, 6], [5, 4]], 6 * SECOND, 3),  # the third page is asked for, for 6 may go on
        ([[9, 8], [7, 6], [5, 4]], 0, 3),
        ([[4, 5], [6, 7], [8, 9]], 9 * SECOND, 3),  # oldest first: an old row proves nothing
        ([[5, 5], [5, 5], [9, 9]], 9 * SECOND, 3),  # neither does a page that goes nowhere
    ],
)
async def test_history_of_cash_is_paged_back_to_what_is_known(
    exchange: Exchange, connection: KalshiConnection, made: Any, min_us: int, requests: int
) -> None:
    def pages(key: str, row: Any) -> Any:
        def answer(request: httpx.Request) -> Any:
            at = int(request.url.params.get("cursor", "0"))
            rows = [row(ts, f"{key}-{at}-{index}") for index, ts in enumerate(made[at])]
            return {key: rows, "cursor": str(at + 1) if at + 1 < len(made) else ""}

        return answer

    def transfer(ts: int, name: str) -> Any:
        return sample.transfer(id=name, created_ts=ts, finalized_ts=ts + 9)

    def sent(ts: int, name: str) -> Any:
        return sample.shard_transfer(transfer_id=name, created_ts=ts)

    for key, row in (("deposits", transfer), ("withdrawals", transfer)):
        exchange.answers[f"/portfolio/{key}"] = pages(key, row)
    exchange.answers["/portfolio/intra_exchange_instance_transfers"] = pages("transfers", sent)
    trading, treasury = connection.trading, connection.treasury
    assert trading is not None
    assert treasury is not None
    moved = await collect(lambda c: trading.cash_movements(min_us=min_us, cursor=c))
    assert (len(moved.items), len(exchange.requests)) == (2 * 2 * requests, 2 * requests)
    exchange.requests.clear()
    told = await collect(lambda c: treasury.transfers(min_us=min_us, cursor=c))
    assert (len(told.items), len(exchange.requests)) == (2 * requests, requests)


async def test_of_a_transfer_that_leaves_the_shards_one_end_is_known(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    """`margined` is the other kind of account in the exchange's own specification."""
    rows = [
        sample.shard_transfer(transfer_id="out", destination="margined"),
        sample.shard_transfer(transfer_id="in", source="margined"),
        sample.shard_transfer(transfer_id="odd", source="a new kind"),
    ]
    exchange.answers["/portfolio/intra_exchange_instance_transfers"] = {"transfers": rows}
    treasury = connection.treasury
    assert treasury is not None
    page = await treasury.transfers()
    ends = [(sent.transfer_id, sent.source, sent.destination) for sent in page.items]
    assert ends == [("out", 0, None), ("in", None, 2)]
    assert [row.reason for row in page.unusable] == [
        "A transfer from a new kind to event_contract."
    ]


INTENT = OrderIntent(
    strategy="directional",
    ticker="KXRAIN-27JAN05-NYC",
    event_ticker="KXRAIN-27JAN05",
    side=Side.ASK,
    limit=Price.parse("0.5600"),
    count=Contracts.parse("10"),
    time_in_force=TimeInForce.IOC,
    purpose=Purpose.EXIT,
    reason="test",
    exchange_index=2,
)
BODY = {
    "ticker": "KXRAIN-27JAN05-NYC",
    "client_order_id": "k1a",
    "side": "ask",
    "count": "10.00",
    "price": "0.5600",
    "time_in_force": "immediate_or_cancel",
    "self_trade_prevention_type": "taker_at_cross",
    "exchange_index": 2,
    "subaccount": 0,
}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, {}),
        ({"reduce_only": True}, {"reduce_only": True}),
        (
            {
                "time_in_force": TimeInForce.GTC,
                "post_only": True,
                "expires_us": 1_800_000_000_999_999,
            },
            {
                "time_in_force": "good_till_canceled",
                "post_only": True,
                "expiration_time": 1_800_000_000,
            },
        ),
    ],
)
async def test_orders_are_v2(
    exchange: Exchange, connection: KalshiConnection, changes: Any, more: Any
) -> None:
    placed = {"order_id": "o-1", "fill_count": "4.00", "remaining_count": "0.00", "ts_ms": 1}
    exchange.answers["/portfolio/events/orders"] = (201, placed)
    trading = connection.trading
    assert trading is not None
    placement = await trading.place("k1a", replace(INTENT, **changes))
    assert placement.kind is PlacementKind.ACCEPTED
    assert (placement.order_id, placement.filled) == ("o-1", Contracts(400))
    (request,) = exchange.requests
    assert request.method == "POST"
    assert json.loads(request.content) == BODY | more
    assert request.headers["content-type"] == "application/json"


async def test_a_cancel_says_where_the_order_is(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    trading = connection.trading
    assert trading is not None
    exchange.answers["/portfolio/events/orders/o-1"] = {"order_id": "o-1", "reduced_by": "6.00"}
    told = await trading.cancel("o-1", "KXA", 3)
    assert (told.kind, told.reduced_by) == (CancellationKind.CANCELED, Contracts(600))
    assert exchange.requests[0].method == "DELETE"
    asked = dict(exchange.asked)
    assert asked == {"market_ticker": "KXA", "exchange_index": "3", "subaccount": "0"}
    assert (await trading.cancel("o-2", "KXA", 3)).kind is CancellationKind.GONE


async def test_after_a_batch_that_was_lost_nothing_more_goes(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    """250 orders are three requests, of which the second is not answered."""

    def answer(request: httpx.Request) -> Any:
        if len(exchange.requests) == 2:
            raise httpx.ReadTimeout("silence")
        return 201, {
            "orders": [
                {
                    "order_id": f"o-{body['client_order_id']}",
                    "client_order_id": body["client_order_id"],
                    "fill_count": "0.00",
                    "remaining_count": body["count"],
                }
                for body in json.loads(request.content)["orders"]
            ]
        }

    exchange.answers["/portfolio/events/orders/batched"] = answer
    trading = connection.trading
    assert trading is not None
    placed = await trading.place_batch([(f"k{number}", INTENT) for number in range(250)])
    assert [each.order_id for each in placed[:100]] == [f"o-k{number}" for number in range(100)]
    assert {each.kind for each in placed[100:200]} == {PlacementKind.UNKNOWN}
    assert {each.kind for each in placed[200:]} == {PlacementKind.NOT_SENT}
    assert (len(placed), len(exchange.requests)) == (250, 2)


async def test_a_batch_of_cancels_that_is_lost_does_not_spare_the_rest(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    def answer(request: httpx.Request) -> Any:
        if len(exchange.requests) == 1:
            raise httpx.ReadTimeout("silence")
        rows = json.loads(request.content)["orders"]
        assert rows[0] == {
            "order_id": "o100",
            "market_ticker": "KXA",
            "exchange_index": 3,
            "subaccount": 0,
        }
        return {"orders": [{"order_id": r["order_id"], "reduced_by": "1.00"} for r in rows]}

    exchange.answers["/portfolio/events/orders/batched"] = answer
    trading = connection.trading
    assert trading is not None
    told = await trading.cancel_batch([OrderAddress(f"o{n}", "KXA", 3) for n in range(150)])
    assert [each.kind for each in told] == [CancellationKind.UNKNOWN] * 100 + [
        CancellationKind.CANCELED
    ] * 50


@pytest.mark.parametrize(
    "body", [{"error": {"code": "insufficient_shard_balance"}}, {"code": "no_route"}, {"a": 1}]
)
async def test_a_404_of_the_way_there_says_nothing_of_an_order(exchange, connection, body) -> None:
    exchange.answers["/portfolio/orders/o1"] = (404, body)
    with pytest.raises((ExchangeRefusal, Unavailable)):
        await connection.trading.order("o1")


async def test_an_unknown_order_is_none_and_an_unreadable_one_an_error(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    trading = connection.trading
    assert trading is not None
    assert await trading.order("nope") is None
    exchange.answers["/portfolio/orders/o-1"] = {"order": sample.order()}
    report = await trading.order("o-1")
    assert report is not None
    assert report.client_order_id == "k1a"
    exchange.answers["/portfolio/orders/o-1"] = {"order": sample.order(status="asleep")}
    with pytest.raises(MalformedAnswer, match="asleep"):
        await trading.order("o-1")
    exchange.answers["/portfolio/orders/o-1"] = {"orders": []}
    with pytest.raises(MalformedAnswer, match="lacks `order`"):
        await trading.order("o-1")


async def test_a_rejected_key_is_a_configuration_error(
    exchange: Exchange, connection: KalshiConnection
) -> None:
    body = {"error": {"code": "authentication_error", "message": "no", "details": "NOT_FOUND"}}
    exchange.answers["/portfolio/balance"] = (401, body)
    trading = connection.trading
    assert trading is not None
    with pytest.raises(ConfigError, match="NOT_FOUND"):
        await trading.balance()
    exchange.answers["/portfolio/balance"] = (302, {})
    with pytest.raises(Unavailable, match="302"):
        await trading.balance()
