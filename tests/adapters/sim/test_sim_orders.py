"""Orders, groups, transfers over the API: each answer is judged by the exchange's own file."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes.signed_client import SignedClient

from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import SECOND, parse_rfc3339
from kalshi_cli.domain.money import Money
from kalshi_cli.engine.commands import Deposit, SetTrading

ORDERS = "/portfolio/events/orders"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "simulated-exchange.md"


@pytest.fixture
async def client(simulation: Simulation):
    async with SignedClient(simulation) as client:
        yield client


@pytest.fixture
async def market(client: SignedClient) -> dict[str, Any]:
    """A market with both sides and room for a bid at one cent."""
    markets = await client.markets()
    return next(m for m in markets if "0.3" < m["yes_bid_dollars"] < m["yes_ask_dollars"] < "0.7")


async def rest(client: SignedClient, market: dict[str, Any], **terms: Any) -> str:
    answer = await client.place(ticker=market["ticker"], **terms)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["order_id"])


def code(answer: Any) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, body.get("error", body)["code"]


async def test_the_documented_order_is_taken_and_its_v1_form_is_not(client, market):
    told = re.findall(r"^ +POST (/portfolio/\S+)\n((?: +.*\n)+)", PAGE.read_text(), re.MULTILINE)
    (old_path, old), (path, new) = [(path, json.loads(body)) for path, body in told]
    for body in (old, new):
        body["ticker"] = market["ticker"]
    assert code(await client.send("POST", old_path, old)) == (410, "deprecated_v1_order_endpoint")
    assert float(new["price"]) == pytest.approx(1 - old["no_price"] / 100)
    placed = await client.send("POST", path, new)
    assert placed.status_code == 201
    order = (await client.get(f"/portfolio/orders/{placed.json()['order_id']}"))["order"]
    assert (order["outcome_side"], order["no_price_dollars"]) == (old["side"], "0.6200")
    assert float(order["initial_count_fp"]) == old["count"]


async def test_amend_and_decrease(client, market):
    order_id = await rest(client, market, count="10.00", client_order_id="first")
    terms = {"ticker": market["ticker"], "side": "bid", "price": "0.0100", "count": "8.00"}
    amended = await client.send("POST", f"{ORDERS}/{order_id}/amend", terms)
    assert (amended.status_code, amended.json()["remaining_count"]) == (200, "8.00")
    dearer = {**terms, "price": "0.0200", "updated_client_order_id": "second"}
    answer = (await client.send("POST", f"{ORDERS}/{order_id}/amend", dearer)).json()
    assert (answer["client_order_id"], answer["fill_count"]) == ("second", None)
    shrunk = await client.send("POST", f"{ORDERS}/{order_id}/decrease", {"reduce_by": "3"})
    assert (shrunk.status_code, shrunk.json()["remaining_count"]) == (200, "5.00")
    order = (await client.get(f"/portfolio/orders/{order_id}"))["order"]
    assert (order["initial_count_fp"], order["remaining_count_fp"], order["yes_price_dollars"]) == (
        "8.00",
        "5.00",
        "0.0200",
    )
    wrong = await client.send("POST", f"{ORDERS}/{order_id}/amend", {**terms, "side": "ask"})
    assert code(wrong) == (400, "order_side_mismatch")
    neither = await client.send("POST", f"{ORDERS}/{order_id}/decrease", {})
    assert code(neither) == (400, "invalid_order")


async def test_an_amend_that_trades_says_at_what_price(client, market):
    order_id = await rest(client, market)
    terms = {
        "ticker": market["ticker"],
        "side": "bid",
        "price": market["yes_ask_dollars"],
        "count": "1.00",
    }
    answer = (await client.send("POST", f"{ORDERS}/{order_id}/amend", terms)).json()
    assert (answer["fill_count"], answer["remaining_count"], answer["average_fill_price"]) == (
        "1.00",
        "0.00",
        market["yes_ask_dollars"],
    )


async def test_a_batch_tells_of_each_order_apart(client, market):
    good = {
        "ticker": market["ticker"],
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "one",
    }
    rows = [good, good, {**good, "client_order_id": "two", "price": "0.0150"}]
    answer = await client.send("POST", f"{ORDERS}/batched", {"orders": rows})
    placed, twice, off_grid = answer.json()["orders"]
    assert answer.status_code == 201
    assert placed["remaining_count"] == "1.00"
    assert twice["error"]["code"] == "order_already_exists"
    assert off_grid["error"]["code"] == "invalid_price"
    assert off_grid["client_order_id"] == "two"
    gone = {"orders": [{"order_id": placed["order_id"]}, {"order_id": "nobody"}]}
    answer = await client.send("DELETE", f"{ORDERS}/batched", gone)
    canceled, unknown = answer.json()["orders"]
    assert (canceled["reduced_by"], unknown["reduced_by"]) == ("1.00", "0.00")
    assert unknown["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "terms",
    [
        {"expiration_time": 1_799_020_800_000},
        {"expiration_time": 10**30},
        {"exchange_index": 10**30},
        {"subaccount": -(10**30)},
    ],
)
async def test_numbers_beyond_reason_are_refused_before_they_are_kept(client, market, terms):
    """Milliseconds for seconds is the likeliest slip of a client."""
    refused = await client.place(ticker=market["ticker"], **terms)
    assert code(refused) == (400, "bad_request")
    assert (await client.get("/portfolio/orders"))["orders"] == []


async def test_a_body_nested_without_end_is_refused(client):
    deep = b'{"orders":' + b"[" * 100_000
    headers = client.headers("POST", f"{ORDERS}/batched")
    answer = await client.http.post(f"{ORDERS}/batched", content=deep, headers=headers)
    assert code(answer) == (400, "bad_request")


async def test_an_expiry_amended_alone_tells_of_no_size(client, market, simulation):
    order_id = await rest(client, market, count="5.00")
    terms = {"ticker": market["ticker"], "side": "bid", "price": "0.0100", "count": "5.00"}
    later = simulation.now_us // SECOND + 3_600
    path = f"{ORDERS}/{order_id}/amend"
    answer = (await client.send("POST", path, {**terms, "expiration_time": later})).json()
    assert (answer["remaining_count"], answer["fill_count"]) == (None, None)
    elsewhere = await client.send("POST", f"{path}?subaccount=7", terms)
    assert code(elsewhere) == (403, "forbidden")


async def test_cancel_all_answers_nothing_and_strikes_for_a_minute(client, market, simulation):
    await rest(client, market)
    answer = await client.send("DELETE", ORDERS)
    assert (answer.status_code, answer.content) == (204, b"")
    later = await rest(client, market)
    simulation.advance(simulation.now_us + 10 * SECOND)
    order = (await client.get(f"/portfolio/orders/{later}"))["order"]
    assert order["status"] == "canceled"


async def test_cancel_finds_an_order_by_market_or_on_the_first_shard(client, market):
    for query in ("", f"?market_ticker={market['ticker']}", "?exchange_index=0"):
        order_id = await rest(client, market)
        answer = await client.send("DELETE", f"{ORDERS}/{order_id}{query}")
        assert answer.status_code == 200, query
    order_id = await rest(client, market)
    for query, refusal in (
        ("?exchange_index=2", (404, "not_found")),
        ("?market_ticker=KXNO", (404, "not_found")),
    ):
        assert code(await client.send("DELETE", f"{ORDERS}/{order_id}{query}")) == refusal


async def test_queue_positions_count_what_comes_first(client, market):
    best = market["yes_bid_dollars"]
    there = (await client.get(f"/markets/{market['ticker']}"))["market"]["yes_bid_size_fp"]
    first = await rest(client, market, price=best, count="5.00")
    second = await rest(client, market, price=best)
    one = await client.get(f"/portfolio/orders/{first}/queue_position")
    assert one == {"queue_position_fp": there}
    rows = (await client.get("/portfolio/orders/queue_positions"))["queue_positions"]
    assert [row["order_id"] for row in rows] == [first, second]
    assert float(rows[1]["queue_position_fp"]) == float(there) + 5
    other = await client.get("/portfolio/orders/queue_positions?market_tickers=KXNO")
    assert other["queue_positions"] == []
    await client.send("DELETE", f"{ORDERS}/{first}")
    gone = await client.send("GET", f"/portfolio/orders/{first}/queue_position")
    assert code(gone) == (404, "not_found")


async def test_an_order_of_a_market_that_just_closed_is_in_no_queue(client, simulation):
    markets = await client.markets()
    first = min(markets, key=lambda market: market["close_time"])
    dying, other = await rest(client, first), await rest(client, markets[-1])
    simulation.advance(parse_rfc3339(first["close_time"]))
    rows = (await client.get("/portfolio/orders/queue_positions"))["queue_positions"]
    assert [row["order_id"] for row in rows] == [other]
    one = await client.send("GET", f"/portfolio/orders/{dying}/queue_position")
    assert code(one) == (404, "not_found")


async def test_order_groups(client, market):
    groups = "/portfolio/order_groups"
    made = await client.send("POST", f"{groups}/create", {"contracts_limit": 5})
    assert made.status_code == 201
    group_id = made.json()["order_group_id"]
    order_id = await rest(client, market, order_group_id=group_id)
    order = (await client.get(f"/portfolio/orders/{order_id}"))["order"]
    assert order["order_group_id"] == group_id
    shown = await client.get(f"{groups}/{group_id}")
    assert shown == {
        "is_auto_cancel_enabled": False,
        "contracts_limit_fp": "5.00",
        "orders": [order_id],
        "exchange_index": 0,
    }
    limit = await client.send("PUT", f"{groups}/{group_id}/limit", {"contracts_limit_fp": "7.50"})
    assert (limit.status_code, limit.json()) == (200, {})
    assert (await client.send("PUT", f"{groups}/{group_id}/trigger", {})).status_code == 200
    (row,) = (await client.get(groups))["order_groups"]
    assert (row["is_auto_cancel_enabled"], row["contracts_limit_fp"]) == (True, "7.50")
    refused = await client.place(ticker=market["ticker"], order_group_id=group_id)
    assert code(refused) == (409, "order_group_triggered")
    assert (await client.send("PUT", f"{groups}/{group_id}/reset")).status_code == 200
    assert (await client.send("DELETE", f"{groups}/{group_id}")).status_code == 200
    assert code(await client.send("DELETE", f"{groups}/{group_id}")) == (404, "not_found")
    both = {"contracts_limit": 5, "contracts_limit_fp": "6.00"}
    assert code(await client.send("POST", f"{groups}/create", both)) == (400, "bad_request")
    assert code(await client.send("POST", f"{groups}/create", {})) == (400, "bad_request")


async def test_cash_travels_between_shards(client, simulation):
    wanted = {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 12_345,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 2,
        "client_transfer_id": "8d1f8c04-0f8a-4d3e-9a57-0a4d7b1f2c11",
    }
    path = "/portfolio/intra_exchange_instance_transfer"
    sent = await client.send("POST", path, wanted)
    assert sent.status_code == 200
    transfer_id = sent.json()["transfer_id"]
    assert code(await client.send("POST", path, wanted)) == (409, "transfer_already_exists")
    shown = (await client.get(f"{path}s/{transfer_id}"))["transfer"]
    assert (shown["status"], shown["amount"]) == ("pending", "1.234500")
    before = (await client.get("/portfolio/balance"))["balance_breakdown"]
    simulation.advance(simulation.now_us + 2 * SECOND)
    after = await client.get("/portfolio/balance")
    assert before == [{"exchange_index": 0, "balance": "9998.765500"}]
    assert after["balance_breakdown"][1] == {"exchange_index": 2, "balance": "1.234500"}
    assert after["balance_dollars"] == "10000.000000"
    on_two = await client.get("/portfolio/balance?exchange_index=2")
    assert (on_two["balance"], on_two["balance_dollars"]) == (123, "1.234500")
    (row,) = (await client.get(f"{path}s"))["transfers"]
    assert row["status"] == "complete"
    unfunded = {**wanted, "source_exchange_shard": 3, "client_transfer_id": ""}
    assert code(await client.send("POST", path, unfunded)) == (400, "insufficient_balance")


async def test_deposits_and_withdrawals(client, simulation):
    simulation._host.apply(Deposit(Money.parse("50.25")))
    simulation._host.apply(Deposit(Money.parse("-20.00")))
    deposits = (await client.get("/portfolio/deposits"))["deposits"]
    (withdrawal,) = (await client.get("/portfolio/withdrawals"))["withdrawals"]
    assert [row["amount_cents"] for row in deposits] == [5_025, 1_000_000]
    assert (withdrawal["amount_cents"], withdrawal["status"]) == (2_000, "applied")


async def test_a_pause_refuses_orders_and_lets_cancels_through(client, market, simulation):
    order_id = await rest(client, market, cancel_order_on_pause=False)
    simulation._host.apply(SetTrading(active=False))
    assert code(await client.place(ticker=market["ticker"])) == (409, "trading_is_paused")
    assert (await client.send("DELETE", f"{ORDERS}/{order_id}")).status_code == 200


async def test_there_is_the_primary_account_alone(client):
    balances = await client.get("/portfolio/subaccounts/balances")
    assert balances["subaccount_balances"][0]["balance"] == "10000.000000"
    assert (await client.get("/portfolio/balance?subaccount=1"))["balance"] == 0
    assert (await client.get("/portfolio/subaccounts/transfers"))["transfers"] == []
    netting = await client.get("/portfolio/subaccounts/netting")
    assert [row["enabled"] for row in netting["netting_configs"]] == [False]
    assert (await client.get("/portfolio/target_balance_allocation"))["allocations"] == []
    assert code(await client.send("POST", "/portfolio/subaccounts", {})) == (400, "bad_request")
    wanted = {"allocations": [{"exchange_index": 0, "percent": 100}]}
    refused = await client.send("POST", "/portfolio/target_balance_allocation", wanted)
    assert code(refused) == (403, "forbidden")


async def test_the_value_of_resting_orders(client, market):
    await rest(client, market, count="10.00")
    path = "/portfolio/summary/total_resting_order_value"
    assert (await client.get(path))["total_resting_order_value"] == 10
