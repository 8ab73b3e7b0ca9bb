"""The embedded exchange over its API: shapes, codes and refusals as the exchange documents them."""

import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.access.auth import ApiKey, KeyRing
from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.adapters.sim.world.keys import KeyType, new_private_key, public_key
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.money import Money

REMOVED = {
    # gone from the exchange's answers since the recordings, or deprecated and never sent here
    "action", "side", "service", "resting_orders_count", "fractional_trading_enabled",
    "response_price_units", "liquidity_dollars", "expiration_time", "custom_strike",
    "early_close_condition", "occurrence_datetime", "primary_participant_key", "floor_strike",
    "expected_expiration_time", "strike_type", "taker_side",
}  # fmt: skip


@pytest.fixture
async def client(simulation: Simulation):
    async with SignedClient(simulation) as client:
        yield client


@pytest.fixture
def recorded(shared_data):
    def read(name: str):
        return json.loads((shared_data / "demo_2026_06" / f"{name}.json").read_text())

    return read


def assert_covers(ours: dict, theirs: dict) -> None:
    """Every field that the exchange sent, ours has too, of the same JSON type."""
    for name, value in theirs.items():
        if name in REMOVED:
            continue
        assert name in ours, name
        assert type(ours[name]) is type(value), name


def assert_same_error(ours: dict, theirs: dict) -> None:
    """The same code and details; messages are for people."""
    for name in ("code", "details"):
        assert ours["error"].get(name) == theirs["error"].get(name)


async def test_an_open_event_carries_its_markets(client):
    body = await client.get("/events?status=open&with_nested_markets=true&limit=200")
    markets = [market for event in body["events"] for market in event["markets"]]
    assert len(markets) >= 40
    assert {m["status"] for m in markets} >= {"active"}
    bare = await client.get("/events?limit=1")
    assert "markets" not in bare["events"][0]
    assert bare["cursor"]


async def test_an_event_alone_has_its_markets_beside_or_inside(client):
    ticker = (await client.get("/events?limit=1"))["events"][0]["event_ticker"]
    beside = await client.get(f"/events/{ticker}")
    inside = await client.get(f"/events/{ticker}?with_nested_markets=true")
    assert beside["markets"] == inside["event"]["markets"]
    assert inside["markets"] == []
    assert "markets" not in beside["event"]


async def test_pages_cover_everything_once(client):
    whole = [m["ticker"] for m in (await client.get("/markets?limit=1000"))["markets"]]
    seen, cursor = [], ""
    while True:
        body = await client.get(f"/markets?limit=7&cursor={cursor}")
        seen += [market["ticker"] for market in body["markets"]]
        if not (cursor := body["cursor"]):
            break
    assert seen == whole
    assert len(set(seen)) == len(seen)


async def test_a_garbage_cursor_gives_the_first_page(client):
    first = await client.get("/markets?limit=3")
    assert await client.get("/markets?limit=3&cursor=garbage-cursor") == first


@pytest.mark.parametrize(
    "path",
    [
        "/markets?limit=1001",
        "/markets?limit=-1",
        "/events?limit=0",
        "/markets?limit=ten",
        "/markets?status=finalized",
        "/markets?min_updated_ts=1&mve_filter=only",
        "/markets?min_updated_ts=1&series_ticker=KXBTCD",
        "/markets?min_updated_ts=1&mve_filter=exclude&status=open",
        "/events?limit=201",
        "/events?status=active",
        "/markets/orderbooks",
        "/portfolio/fills?limit=1001",
        "/portfolio/orders?status=dead",
    ],
)
async def test_bad_parameters_have_a_body_of_their_own(client, path):
    answer = await client.send("GET", path)
    assert answer.status_code == 400
    assert set(answer.json()) == {"msg"}


async def test_status_filters_are_other_words_than_the_field(client, simulation):
    simulation.advance(simulation.now_us + 12 * HOUR)
    for word, statuses in {
        "open": {"active"},
        "settled": {"finalized"},
        "unopened": {"initialized"},
        "closed": {"closed", "determined", "disputed", "amended"},
    }.items():
        body = await client.get(f"/markets?status={word}&limit=1000")
        assert {market["status"] for market in body["markets"]} <= statuses
    settled = (await client.get("/markets?status=settled&limit=1"))["markets"][0]
    assert settled["result"] in {"yes", "no", "scalar"}
    assert settled["settlement_ts"]
    assert settled["settlement_value_dollars"]
    assert settled["yes_bid_size_fp"] == settled["yes_ask_size_fp"] == "0.00"


async def test_market_filters(client, simulation):
    market = (await client.markets())[0]
    ticker, event = market["ticker"], market["event_ticker"]
    by_ticker = await client.get(f"/markets?tickers={ticker},NOBODY")
    assert [m["ticker"] for m in by_ticker["markets"]] == [ticker]
    assert (await client.get(f"/markets/{ticker}"))["market"]["ticker"] == ticker
    by_event = (await client.get(f"/markets?event_ticker={event}"))["markets"]
    assert {m["event_ticker"] for m in by_event} == {event}
    assert not (await client.get("/markets?mve_filter=only"))["markets"]
    now_s = simulation.now_us // 1_000_000
    changed = f"/markets?mve_filter=exclude&limit=1000&min_updated_ts={now_s + 1}"
    assert not (await client.get(changed))["markets"]
    simulation.advance(simulation.now_us + 6 * HOUR)
    assert (await client.get(changed))["markets"]


async def test_books_are_ladders_of_bids_best_last(client):
    market = next(m for m in await client.markets() if float(m["yes_bid_size_fp"]) > 0)
    ticker = market["ticker"]
    book = (await client.get(f"/markets/{ticker}/orderbook"))["orderbook_fp"]
    for ladder in book.values():
        prices = [float(price) for price, _ in ladder]
        assert prices == sorted(prices)
    assert book["yes_dollars"][-1] == [market["yes_bid_dollars"], market["yes_bid_size_fp"]]
    assert book["no_dollars"][-1] == [market["no_bid_dollars"], market["yes_ask_size_fp"]]
    top = (await client.get(f"/markets/{ticker}/orderbook?depth=1"))["orderbook_fp"]
    assert top["yes_dollars"] == book["yes_dollars"][-1:]
    many = await client.get(f"/markets/orderbooks?tickers={ticker}&tickers=NOBODY")
    assert [b["ticker"] for b in many["orderbooks"]] == [ticker, "NOBODY"]
    assert many["orderbooks"][0]["orderbook_fp"] == book
    assert many["orderbooks"][1]["orderbook_fp"] == {"yes_dollars": [], "no_dollars": []}


async def test_prints_come_newest_first(client, simulation):
    simulation.advance(simulation.now_us + HOUR)
    trades = (await client.get("/markets/trades?limit=50"))["trades"]
    assert trades
    times = [trade["created_time"] for trade in trades]
    assert times == sorted(times, reverse=True)
    ticker = trades[0]["ticker"]
    own = (await client.get(f"/markets/trades?ticker={ticker}"))["trades"]
    assert {trade["ticker"] for trade in own} == {ticker}


async def test_unknown_things_are_404(client):
    for path in ("/markets/NOBODY", "/events/NOBODY", "/series/NOBODY", "/nowhere"):
        answer = await client.send("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert (await client.get("/series"))["series"]


async def test_public_reads_need_no_signature_and_private_ones_do(client, recorded):
    assert (await client.http.get("/markets?limit=1")).status_code == 200
    answer = await client.http.get("/portfolio/balance")
    assert answer.status_code == 401
    assert_same_error(answer.json(), recorded("auth__missing_signature_header"))


@pytest.mark.parametrize(
    ("skew_s", "status"), [(0, 200), (-5, 200), (5, 200), (-30, 401), (300, 401)]
)
async def test_clock_skew(client, skew_s, status):
    answer = await client.send("GET", "/portfolio/balance", skew_s=skew_s)
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["error"]["code"] == "header_timestamp_expired"


async def test_wrong_signatures(client, recorded):
    answer = await client.send("GET", "/portfolio/balance", pem=new_private_key(KeyType.ED25519))
    assert answer.status_code == 401
    assert_same_error(answer.json(), recorded("auth__bad_signature"))
    headers = client.headers("GET", "/portfolio/balance")
    headers["KALSHI-ACCESS-KEY"] = "00000000-0000-0000-0000-000000000000"
    answer = await client.http.get("/portfolio/balance", headers=headers)
    assert answer.status_code == 401
    assert_same_error(answer.json(), recorded("auth__unknown_key_id"))
    headers = client.headers("GET", "/portfolio/balance")
    for name, junk in (
        ("KALSHI-ACCESS-SIGNATURE", "not base64!"),
        ("KALSHI-ACCESS-TIMESTAMP", "soon"),
    ):
        answer = await client.http.get("/portfolio/balance", headers={**headers, name: junk})
        assert answer.status_code == 401


async def test_the_query_is_not_signed(client):
    assert await client.get("/portfolio/fills?limit=5") == {"fills": [], "cursor": ""}


def test_rsa_keys_are_welcome(simulation):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    ring = KeyRing({simulation.key_id: ApiKey(public_key(pem))})
    client = SignedClient(simulation)
    headers = {name.lower(): value for name, value in client.headers("GET", "/x", pem=pem).items()}
    wall = simulation.clock.wall()
    assert ring.objection(headers, "GET", "/trade-api/v2/x", wall) is None
    assert ring.objection(headers, "POST", "/trade-api/v2/x", wall) is not None


async def test_the_date_header_is_real_time(client, simulation):
    answer = await client.http.get("/exchange/status")
    assert answer.headers["Date"].endswith("GMT")
    assert "2027" not in answer.headers["Date"]
    assert answer.json()["trading_active"] is True


async def test_an_order_from_birth_to_cancel(client, recorded):
    ticker = (await client.markets())[0]["ticker"]
    answer = await client.place(ticker=ticker, client_order_id="k1a")
    assert answer.status_code == 201
    placed = answer.json()
    assert_covers(placed, recorded("orders__create_v2_maker"))
    assert (placed["fill_count"], placed["remaining_count"]) == ("0.00", "1.00")
    order = (await client.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
    assert_covers(order, recorded("orders__get_after_create")["order"])
    assert (order["status"], order["client_order_id"]) == ("resting", "k1a")
    resting = (await client.get("/portfolio/orders?status=resting"))["orders"]
    assert resting == [order]

    cancel = await client.send("DELETE", f"/portfolio/events/orders/{placed['order_id']}")
    assert cancel.status_code == 200
    assert_covers(cancel.json(), recorded("orders__cancel_v2"))
    assert cancel.json()["reduced_by"] == "1.00"
    again = await client.send("DELETE", f"/portfolio/events/orders/{placed['order_id']}")
    assert again.status_code == 404
    assert_same_error(again.json(), recorded("orders__cancel_already_canceled"))
    after = (await client.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
    assert (after["status"], after["remaining_count_fp"]) == ("canceled", "0.00")


async def test_a_taker_fills_and_the_account_agrees(client, recorded):
    market = (await client.markets())[0]
    answer = await client.place(
        ticker=market["ticker"], price="0.9900", time_in_force="immediate_or_cancel"
    )
    placed = answer.json()
    assert_covers(placed, recorded("orders__create_v2_taker_ioc"))
    assert placed["average_fill_price"] == market["yes_ask_dollars"]
    fill = (await client.get("/portfolio/fills"))["fills"][0]
    assert_covers(fill, recorded("fills__after_taker")["fills"][0])
    assert fill["order_id"] == placed["order_id"]
    positions = await client.get("/portfolio/positions?count_filter=position")
    theirs = recorded("portfolio__positions")
    assert_covers(positions["market_positions"][0], theirs["market_positions"][0])
    assert_covers(positions["event_positions"][0], theirs["event_positions"][0])
    assert positions["market_positions"][0]["position_fp"] == "1.00"
    balance = await client.get("/portfolio/balance")
    assert_covers(balance, recorded("auth__balance_ok"))
    deposit = (await client.get("/portfolio/deposits"))["deposits"][0]
    cost = Money.parse(fill["yes_price_dollars"]) + Money.parse(fill["fee_cost"])
    cash = Money(deposit["amount_cents"] * 10_000) - cost
    assert Money.parse(balance["balance_dollars"]) == cash
    assert balance["balance"] == cash.units // 10_000
    assert (await client.get("/portfolio/withdrawals"))["withdrawals"] == []


@pytest.mark.parametrize(
    ("order", "recording"),
    [
        ({"price": "0.9900", "post_only": True}, "orders__post_only_cross"),
        ({"price": "0.5155"}, "orders__invalid_price_structure"),
        ({"price": "0.9900", "count": "20000.00"}, "orders__insufficient_balance"),
        ({"client_order_id": "burnt"}, "orders__duplicate_client_order_id"),
    ],
)
async def test_refusals_are_worded_as_recorded(client, recorded, shared_data, order, recording):
    ticker = (await client.markets())[0]["ticker"]
    await client.place(ticker=ticker, client_order_id="burnt")
    answer = await client.place(ticker=ticker, **order)
    meta = json.loads((shared_data / "demo_2026_06" / f"{recording}.meta.json").read_text())
    assert answer.status_code == meta["status"]
    assert_same_error(answer.json(), recorded(recording))


async def test_amounts_must_be_strings(client, recorded):
    ticker = (await client.markets())[0]["ticker"]
    answer = await client.place(ticker=ticker, count=1, price=0.01)
    assert answer.status_code == 400
    assert_covers(answer.json(), recorded("orders__numeric_field_types"))
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"price": "0.01000001"}, 400, "invalid_price"),
        ({"price": "nan"}, 400, "invalid_price"),
        ({"count": "0.001"}, 400, "invalid_order_size"),
        ({"count": "1e3"}, 400, "invalid_order_size"),
        ({"ticker": "NOBODY"}, 404, "not_found"),
        ({"exchange_index": 2}, 404, "insufficient_shard_balance"),
        ({"subaccount": 3}, 403, "forbidden"),
        ({"order_group_id": "g"}, 404, "not_found"),
    ],
)
async def test_other_refusals(client, order, status, code):
    ticker = (await client.markets())[0]["ticker"]
    answer = await client.place(**{"ticker": ticker, **order})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"ticker":"A"}', b"\xff\xfe"])
async def test_a_malformed_body_is_400(client, body):
    path = "/portfolio/events/orders"
    answer = await client.http.post(path, content=body, headers=client.headers("POST", path))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/portfolio/orders"),
        ("DELETE", "/portfolio/orders/abc"),
        ("POST", "/portfolio/orders/abc/amend"),
        ("POST", "/portfolio/orders/batched"),
    ],
)
async def test_the_first_version_of_order_writes_is_gone(client, method, path):
    answer = await client.send(method, path, {})
    assert answer.status_code == 410
    assert answer.json()["error"]["code"] == "deprecated_v1_order_endpoint"


async def test_settlements_in_their_mixed_units(client, simulation):
    """Buy every market that closes soon, and see each pay what its result says."""
    soon = [m for m in await client.markets() if m["close_time"] < "2027-01-04T06:00:00Z"]
    for market in soon:
        await client.place(
            ticker=market["ticker"], price="0.9900", count="2.00",
            time_in_force="immediate_or_cancel",
        )  # fmt: skip
    simulation.advance(simulation.now_us + 12 * HOUR)
    rows = (await client.get("/portfolio/settlements"))["settlements"]
    assert rows
    paid = 0
    for row in rows:
        market = (await client.get(f"/markets/{row['ticker']}"))["market"]
        assert row["market_result"] == market["result"]
        assert row["value"] == int(float(market["settlement_value_dollars"]) * 100)
        assert row["revenue"] == row["value"] * float(row["yes_count_fp"])
        assert isinstance(row["revenue"], int)
        paid += row["revenue"]
    fills = (await client.get("/portfolio/fills?limit=1000"))["fills"]
    spent = sum(
        float(f["count_fp"]) * float(f["yes_price_dollars"]) + float(f["fee_cost"]) for f in fills
    )
    balance = await client.get("/portfolio/balance")
    assert float(balance["balance_dollars"]) == pytest.approx(10_000 - spent + paid / 100)
    unsettled = await client.get("/portfolio/positions?count_filter=position")
    settled = {row["ticker"] for row in rows}
    assert not settled & {p["ticker"] for p in unsettled["market_positions"]}


async def test_a_crash_of_the_exchange_is_a_transport_error(simulation):
    async def crash(scope, receive, send):
        raise RuntimeError("boom")

    transport = type(simulation.transport())(lambda line: crash, simulation.clock)
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="boom"):
            await http.get(simulation.origin)


async def test_sleeping_lets_the_world_live(simulation):
    clock = simulation.clock
    start = clock.now()
    assert clock.is_virtual
    await clock.sleep_until(start + 15 * MINUTE)
    await clock.sleep_until(start)
    assert clock.now() == start + 15 * MINUTE
    assert simulation.status().commands == 2  # the snapshot of the template was the first
