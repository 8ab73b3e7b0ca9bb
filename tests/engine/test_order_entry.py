"""Changing, decreasing, killing and sweeping orders, with numbers worked out by hand."""

import pytest
from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.traffic import FOK, IOC, A, B, live, order, placed, rested

from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.admission import reserved
from kalshi_cli.engine.commands import (
    Amend,
    Amended,
    Cancel,
    CancelAll,
    CanceledAll,
    Decrease,
    Decreased,
    Rejected,
)
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.world import Moved


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld()


@pytest.fixture
def exchange(world: ScriptedWorld) -> Exchange:
    return Exchange.open(world, Money.parse("100.00"))


def amend(order_id: str, price="0.5000", count="10.00", *, side=Side.BID, ticker=A, **more):
    return Amend(order_id, ticker, side, Price.parse(price), Contracts.parse(count), **more)


def ahead(world: ScriptedWorld, order_id: str) -> str:
    return str(world.ahead(A, order_id))


def queued(world: ScriptedWorld, exchange: Exchange) -> str:
    """Ours for ten at $0.50, three of others before it and four behind."""
    world.quote(A, Side.BID, "0.5000", "3")
    order_id = rested(exchange)
    world.quote(A, Side.BID, "0.5000", "4")
    return order_id


def test_a_fill_or_kill_order_trades_in_whole(world, exchange):
    world.quote(A, Side.ASK, "0.4000", "3")
    world.quote(A, Side.ASK, "0.4500", "7")
    answer = placed(exchange, order(price="0.4500", tif=FOK))
    assert (str(answer.filled), str(answer.cost)) == ("10.00", "4.350000")


def test_a_killed_order_trades_nothing_and_burns_its_id(world, exchange):
    world.quote(A, Side.ASK, "0.4000", "9.99")
    kill = order(price="0.4500", tif=FOK, client="k1")
    killed = Rejected(409, "fill_or_kill_insufficient_resting_volume", burns_id=True)
    assert exchange.apply(kill) == killed
    assert not exchange.account.fills
    assert not exchange.orders
    assert exchange.apply(order(client="k1")) == Rejected(409, "order_already_exists")


def test_a_fill_or_kill_order_that_meets_its_own_keeps_what_it_got(world, exchange):
    world.quote(A, Side.ASK, "0.4000", "2")
    rested(exchange, side=Side.ASK, price="0.4500", count="5")
    answer = placed(exchange, order(price="0.4500", tif=FOK))
    assert (str(answer.filled), str(answer.remaining)) == ("2.00", "0.00")
    assert exchange.orders[answer.order_id].reason is UpdateReason.SELF_TRADE


def test_a_decrease_keeps_the_place_and_the_initial_count(world, exchange):
    order_id = queued(world, exchange)
    answer = exchange.apply(Decrease(order_id, reduce_by=Contracts.parse("4")))
    assert answer == Decreased(order_id, "", Contracts.parse("6"), START_US)
    kept = exchange.orders[order_id]
    assert (str(kept.initial), str(kept.remaining), kept.reason) == (
        "10.00",
        "6.00",
        UpdateReason.DECREASE,
    )
    assert ahead(world, order_id) == "3.00"
    assert str(reserved(exchange.state, START_US)) == "3.000000"
    gone = exchange.apply(Decrease(order_id, reduce_to=Contracts(0)))
    assert gone == Decreased(order_id, "", Contracts(0), START_US)
    assert exchange.orders[order_id].status is ExchangeOrderStatus.CANCELED
    assert ahead(world, order_id) == "0.00"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, Rejected(400, "invalid_order", "give reduce_by or reduce_to, and one of them")),
        (
            {"reduce_by": Contracts(1), "reduce_to": Contracts(1)},
            Rejected(400, "invalid_order", "give reduce_by or reduce_to, and one of them"),
        ),
        ({"reduce_by": Contracts(0)}, Rejected(400, "invalid_order_size")),
        ({"reduce_by": Contracts.parse("10.01")}, Rejected(400, "invalid_order_size")),
        ({"reduce_to": Contracts.parse("10")}, Rejected(400, "invalid_order_size")),
        ({"reduce_to": Contracts(-1)}, Rejected(400, "invalid_order_size")),
        ({"reduce_by": Contracts(1), "shard": 2}, Rejected(404, "not_found")),
    ],
)
def test_a_decrease_that_is_none(exchange, change, refusal):
    order_id = rested(exchange)
    assert exchange.apply(Decrease(order_id, **change)) == refusal
    assert str(exchange.orders[order_id].remaining) == "10.00"


def test_an_amend_to_less_or_to_another_expiry_keeps_the_place(world, exchange):
    order_id = queued(world, exchange)
    answer = exchange.apply(amend(order_id, count="6"))
    assert isinstance(answer, Amended)
    assert (str(answer.filled), str(answer.remaining)) == ("0.00", "6.00")
    exchange.apply(amend(order_id, count="6", expiration_us=START_US + HOUR))
    assert ahead(world, order_id) == "3.00"
    kept = exchange.orders[order_id]
    assert (str(kept.initial), kept.expires_us) == ("6.00", START_US + HOUR)
    exchange.apply(amend(order_id, count="6"))
    assert exchange.orders[order_id].expires_us == START_US + HOUR
    exchange.apply(amend(order_id, count="6", expiration_us=0))
    assert exchange.orders[order_id].expires_us is None


@pytest.mark.parametrize(("price", "count"), [("0.5000", "11"), ("0.4900", "10")])
def test_an_amend_to_more_or_to_another_price_goes_to_the_back(world, exchange, price, count):
    order_id = queued(world, exchange)
    exchange.apply(amend(order_id, price, count))
    assert ahead(world, order_id) == "7.00"
    assert str(exchange.orders[order_id].remaining) == f"{count}.00"


def test_an_amended_count_includes_what_has_filled(world, exchange):
    order_id = rested(exchange)
    world.script.append(Hit(START_US + SECOND, A, Side.ASK, Contracts.parse("4")))
    live(exchange, world)
    answer = exchange.apply(amend(order_id, count="5"))
    assert isinstance(answer, Amended)
    assert str(answer.remaining) == "1.00"
    too_low = exchange.apply(amend(order_id, count="4"))
    assert too_low == Rejected(400, "invalid_order_size")


def test_an_amend_across_the_spread_trades(world, exchange):
    order_id = rested(exchange)
    world.quote(A, Side.ASK, "0.5200", "6")
    answer = exchange.apply(amend(order_id, "0.5200"))
    assert isinstance(answer, Amended)
    # 6 at 0.52 = 3.12; fee 0.07 * 6 * 0.52 * 0.48 = 0.104832 -> 0.1049
    assert (str(answer.filled), str(answer.remaining), str(answer.cost), str(answer.fees)) == (
        "6.00",
        "4.00",
        "3.120000",
        "0.104900",
    )
    assert str(exchange.account.fills[0].price) == "0.5200"


def test_an_amend_meets_its_own_order_and_ends(world, exchange):
    rested(exchange, side=Side.ASK, price="0.6000", count="1")
    order_id = rested(exchange)
    answer = exchange.apply(amend(order_id, "0.6000"))
    assert isinstance(answer, Amended)
    assert (str(answer.filled), str(answer.remaining)) == ("0.00", "0.00")
    assert exchange.orders[order_id].reason is UpdateReason.SELF_TRADE


def test_an_amend_can_give_another_client_id_which_burns_it(exchange):
    order_id = rested(exchange, client="k1")
    answer = exchange.apply(amend(order_id, client_order_id="k1", new_client_order_id="k2"))
    assert isinstance(answer, Amended)
    assert answer.client_order_id == "k2"
    kept = exchange.apply(amend(order_id, client_order_id="k2", new_client_order_id="k2"))
    assert isinstance(kept, Amended)
    for used in ("k1", "k2"):
        assert exchange.apply(order(client=used)) == Rejected(409, "order_already_exists")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"ticker": B}, Rejected(400, "order_ticker_mismatch")),
        ({"side": Side.ASK}, Rejected(400, "order_side_mismatch")),
        (
            {"client_order_id": "other"},
            Rejected(400, "order_id_and_client_order_id_mismatch"),
        ),
        ({"new_client_order_id": "taken"}, Rejected(409, "order_already_exists")),
        ({"price": "0.5050"}, Rejected(400, "invalid_price")),
        ({"count": "0"}, Rejected(400, "invalid_order_size")),
        ({"expiration_us": START_US}, Rejected(400, "invalid_order", "expiration in the past")),
        ({"count": "200.01"}, Rejected(400, "insufficient_balance")),
        ({"shard": 1}, Rejected(404, "not_found")),
    ],
)
def test_an_amend_that_is_refused_changes_nothing(exchange, change, refusal):
    exchange.apply(Cancel(rested(exchange, client="taken")))
    order_id = rested(exchange, client="k1")
    before = exchange.orders[order_id]
    assert exchange.apply(amend(order_id, **change)) == refusal
    assert exchange.orders[order_id] == before


def test_an_amend_may_use_what_the_order_itself_reserves(exchange):
    order_id = rested(exchange, count="200")  # all of the $100
    assert isinstance(exchange.apply(amend(order_id, "0.2500", "400")), Amended)
    assert str(reserved(exchange.state, START_US)) == "100.000000"


def test_a_post_only_order_does_not_amend_into_a_taker(world, exchange):
    world.quote(A, Side.ASK, "0.5200", "6")
    order_id = rested(exchange, post_only=True)
    crossing = exchange.apply(amend(order_id, "0.5200"))
    assert crossing == Rejected(400, "invalid_order", "post only cross")


def test_the_dead_and_the_unknown_are_not_amended(exchange):
    order_id = rested(exchange)
    exchange.apply(Cancel(order_id))
    for gone in (order_id, "nobody"):
        assert exchange.apply(amend(gone)) == Rejected(404, "not_found")
        assert exchange.apply(Decrease(gone, Contracts(1))) == Rejected(404, "not_found")


def test_cancel_all_takes_what_rests_and_strikes_again_for_a_minute(world, exchange):
    first = rested(exchange)
    rested(exchange, ticker=B)
    assert exchange.apply(CancelAll()) == CanceledAll(2)
    assert exchange.orders[first].status is ExchangeOrderStatus.CANCELED
    live(exchange, world, 15 * SECOND)
    second = rested(exchange)
    assert str(exchange.orders[second].remaining) == "10.00"
    live(exchange, world, 5 * SECOND)
    struck = exchange.orders[second]
    assert (struck.status, struck.updated_us) == (
        ExchangeOrderStatus.CANCELED,
        START_US + 20 * SECOND,
    )
    live(exchange, world, 41 * SECOND)
    third = rested(exchange)
    live(exchange, world, HOUR)
    assert exchange.orders[third].status is ExchangeOrderStatus.RESTING


def test_orders_of_a_closed_market_linger_for_a_second(world, exchange):
    order_id = rested(exchange, cancel_on_pause=True)
    world.script.append(Moved(START_US + MINUTE, A, MarketStatus.CLOSED))
    live(exchange, world)
    closing = Rejected(409, "MARKET_INACTIVE", "orders of a closed market cannot be canceled")
    assert exchange.apply(Cancel(order_id)) == closing
    assert exchange.apply(amend(order_id)) == closing
    assert exchange.apply(CancelAll()) == CanceledAll(0)
    live(exchange, world, SECOND)
    assert exchange.orders[order_id].reason is UpdateReason.CLOSE
    assert exchange.apply(Cancel(order_id)) == Rejected(404, "not_found")


def test_an_order_is_found_on_its_own_shard_alone(exchange):
    order_id = rested(exchange)
    assert exchange.apply(Cancel(order_id, shard=2)) == Rejected(404, "not_found")
    assert exchange.apply(order(tif=IOC, shard=2)) == Rejected(404, "insufficient_shard_balance")
    assert not isinstance(exchange.apply(Cancel(order_id, shard=0)), Rejected)
