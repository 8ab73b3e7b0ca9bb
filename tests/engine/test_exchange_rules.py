"""The exchange's rules, one at a time, with numbers worked out by hand."""

import pytest
from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.traffic import FOK, IOC, A, B, order, placed

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.admission import reserved
from kalshi_cli.engine.commands import (
    Advance,
    Advanced,
    Cancel,
    Canceled,
    Rejected,
    SelfTrade,
)
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.world import Moved
from kalshi_cli.errors import InvalidValue


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld()


@pytest.fixture
def exchange(world: ScriptedWorld) -> Exchange:
    return Exchange.open(world, Money.parse("1000.00"))


def test_a_taker_pays_the_book_and_the_fee(world, exchange):
    world.quote(A, Side.ASK, "0.5200", "1.00")
    answer = placed(exchange, order(price="0.9900", count="1.00", tif=IOC))
    # 0.07 * 0.52 * 0.48 = 0.017472, rounded up to $0.0001
    assert (str(answer.filled), str(answer.cost), str(answer.fees)) == (
        "1.00",
        "0.520000",
        "0.017500",
    )
    assert str(exchange.account.cash) == "999.462500"
    assert exchange.orders[answer.order_id].status is ExchangeOrderStatus.EXECUTED


def test_an_ask_while_flat_buys_no(world, exchange):
    world.quote(A, Side.BID, "0.6000", "100")
    placed(exchange, order(Side.ASK, "0.6000", "10", IOC))
    # 10 NO at 0.40 = $4; fee 0.07 * 10 * 0.6 * 0.4 = 0.168
    assert str(exchange.account.net(A)) == "-10.00"
    assert str(exchange.account.cash) == "995.832000"


def test_what_the_book_does_not_give_is_canceled_or_rests(world, exchange):
    world.quote(A, Side.ASK, "0.4000", "3.00")
    gone = placed(exchange, order(price="0.4000", count="5.00", tif=IOC))
    assert (str(gone.filled), str(gone.remaining)) == ("3.00", "0.00")
    assert exchange.orders[gone.order_id].reason is UpdateReason.NONE
    world.quote(A, Side.ASK, "0.4000", "3.00")
    rests = placed(exchange, order(price="0.4000", count="5.00"))
    assert (str(rests.filled), str(rests.remaining)) == ("3.00", "2.00")
    assert world.ladders(A)[0][0].count == Contracts.parse("2.00")


def test_a_resting_order_fills_as_maker_when_it_is_hit(world, exchange):
    resting = placed(exchange, order(price="0.5000", count="10"))
    world.script.append(Hit(START_US + MINUTE, A, Side.ASK, Contracts.parse("4")))
    answer = exchange.apply(Advance(START_US + HOUR))
    assert answer == Advanced(START_US + HOUR, fills=1, settlements=0)
    fill = exchange.account.fills[0]
    assert (fill.at_us, fill.is_taker, str(fill.fee)) == (START_US + MINUTE, False, "0.000000")
    assert exchange.orders[resting.order_id].remaining == Contracts.parse("6")
    assert str(exchange.account.cash) == "998.000000"
    assert next(exchange.catalog.prints.newest_first(A)).trade.count == Contracts.parse("4")


def test_maker_fees_where_the_series_has_them():
    world = ScriptedWorld(fees=FeeTerms("quadratic_with_maker_fees"))
    exchange = Exchange.open(world, Money.parse("1000.00"))
    placed(exchange, order(price="0.5000", count="10"))
    world.script.append(Hit(START_US + MINUTE, A, Side.ASK, Contracts.parse("10")))
    exchange.apply(Advance(START_US + HOUR))
    # 0.0175 * 10 * 0.25 = 0.04375 -> 0.0438
    assert str(exchange.account.fills[0].fee) == "0.043800"


@pytest.mark.parametrize(
    ("command", "status", "code", "details"),
    [
        (order(ticker="KXNONE"), 404, "not_found", "market not found"),
        (order(price="0.5050"), 400, "invalid_price", ""),
        (order(price="0.0000"), 400, "invalid_price", ""),
        (order(price="1.0000"), 400, "invalid_price", ""),
        (order(count="0.00"), 400, "invalid_order_size", ""),
        (order(count="-1.00"), 400, "invalid_order_size", ""),
        (order(price="0.6000", post_only=True), 400, "invalid_order", "post only cross"),
        (order(reduce_only=True), 400, "invalid_order", "reduce only needs immediate_or_cancel"),
        (
            order(tif=IOC, post_only=True),
            400,
            "invalid_order",
            "post only needs good_till_canceled",
        ),
        (
            order(tif=IOC, expiration_us=START_US + HOUR),
            400,
            "invalid_order",
            "expiration needs good_till_canceled",
        ),
        (order(expiration_us=START_US), 400, "invalid_order", "expiration in the past"),
        (
            order(tif=FOK, reduce_only=True),
            400,
            "invalid_order",
            "reduce only needs immediate_or_cancel",
        ),
        (order(count="2000.01"), 400, "insufficient_balance", ""),
    ],
)
def test_refusals_change_nothing(world, exchange, command, status, code, details):
    world.quote(A, Side.ASK, "0.5500", "5")
    assert exchange.apply(command) == Rejected(status, code, details)
    assert not exchange.orders
    assert exchange.account.cash == Money.parse("1000.00")


def test_a_client_order_id_is_burnt_for_ever(exchange):
    first = placed(exchange, order(client="k1abc"))
    duplicate = Rejected(409, "order_already_exists")
    assert exchange.apply(order(client="k1abc")) == duplicate
    assert isinstance(exchange.apply(Cancel(first.order_id)), Canceled)
    assert exchange.apply(order(client="k1abc", price="0.1000")) == duplicate


def test_a_refused_order_does_not_burn_its_id(exchange):
    assert isinstance(exchange.apply(order(client="k1abc", price="0.5050")), Rejected)
    placed(exchange, order(client="k1abc"))


def test_cancel_is_404_for_the_dead_and_the_unknown(exchange):
    resting = placed(exchange, order())
    answer = exchange.apply(Cancel(resting.order_id))
    assert answer == Canceled(resting.order_id, "", Contracts.parse("10"), START_US)
    assert exchange.apply(Cancel(resting.order_id)) == Rejected(404, "not_found")
    assert exchange.apply(Cancel("nobody")) == Rejected(404, "not_found")
    assert exchange.orders[resting.order_id].remaining == Contracts(0)


def test_a_taker_stops_at_its_own_order(world, exchange):
    world.quote(A, Side.BID, "0.5500", "2")
    own = placed(exchange, order(price="0.5000", count="5"))
    answer = placed(exchange, order(Side.ASK, "0.4000", "10"))
    assert (str(answer.filled), str(answer.remaining)) == ("2.00", "0.00")
    assert exchange.orders[answer.order_id].reason is UpdateReason.SELF_TRADE
    assert exchange.orders[own.order_id].remaining == Contracts.parse("5")


def test_a_maker_order_makes_way_for_its_own_taker(world, exchange):
    world.quote(A, Side.BID, "0.4500", "4")
    own = placed(exchange, order(price="0.5000", count="5"))
    answer = placed(
        exchange, order(Side.ASK, "0.4000", "4", IOC, self_trade_prevention=SelfTrade.MAKER)
    )
    assert str(answer.filled) == "4.00"
    assert exchange.orders[own.order_id].reason is UpdateReason.SELF_TRADE


def test_reduce_only_is_capped_to_the_position(world, exchange):
    world.quote(A, Side.ASK, "0.5000", "3")
    world.quote(A, Side.BID, "0.4000", "100")
    nothing = placed(exchange, order(Side.ASK, "0.4000", "9", IOC, reduce_only=True))
    assert str(nothing.filled) == "0.00"
    placed(exchange, order(count="3", tif=IOC))
    some = placed(exchange, order(Side.ASK, "0.4000", "9", IOC, reduce_only=True))
    assert (str(some.filled), str(some.remaining)) == ("3.00", "0.00")
    assert str(exchange.account.net(A)) == "0.00"


def test_resting_orders_reserve_and_closing_needs_nothing(world, exchange):
    placed(exchange, order(price="0.5000", count="1990"))
    assert str(reserved(exchange.state, START_US)) == "995.000000"
    refused = exchange.apply(order(price="0.5000", count="20", ticker=B))
    assert refused == Rejected(400, "insufficient_balance")
    world.script.append(Hit(START_US + SECOND, A, Side.ASK, Contracts.parse("1990")))
    exchange.apply(Advance(START_US + MINUTE))
    assert str(exchange.account.cash) == "5.000000"
    placed(exchange, order(Side.ASK, "0.5000", "1990"))
    assert str(reserved(exchange.state, START_US)) == "0.000000"


def test_an_order_expires_at_its_own_instant(world, exchange):
    resting = placed(exchange, order(expiration_us=START_US + MINUTE))
    world.script.append(Hit(START_US + MINUTE + 1, A, Side.ASK, Contracts.parse("4")))
    exchange.apply(Advance(START_US + HOUR))
    dead = exchange.orders[resting.order_id]
    assert (dead.reason, dead.updated_us) == (UpdateReason.EXPIRY, START_US + MINUTE)
    assert not exchange.account.fills


@pytest.mark.parametrize(
    ("side", "result", "value", "revenue"),
    [
        (Side.BID, Result.YES, None, "10.000000"),
        (Side.BID, Result.NO, None, "0.000000"),
        (Side.ASK, Result.NO, None, "10.000000"),
        (Side.BID, Result.SCALAR, Price.parse("0.3333"), "3.333000"),
        (Side.ASK, Result.SCALAR, Price.parse("0.3333"), "6.667000"),
    ],
)
def test_settlement_pays_the_net_position(world, exchange, side, result, value, revenue):
    world.quote(A, side.opposite, "0.5000", "10")
    placed(exchange, order(side, count="10", tif=IOC))
    resting = placed(exchange, order(side, count="1"))
    before = exchange.account.cash
    world.settle(A, START_US + HOUR, result, value)
    exchange.apply(Advance(START_US + HOUR))
    dying = Rejected(409, "MARKET_INACTIVE", "orders of a closed market cannot be canceled")
    assert exchange.apply(Cancel(resting.order_id)) == dying
    assert exchange.catalog.markets[A].close_us == START_US + HOUR
    assert exchange.apply(order()) == Rejected(409, "MARKET_NOT_ACTIVE", "market is closed")
    exchange.apply(Advance(START_US + HOUR + SECOND))
    dead = exchange.orders[resting.order_id]
    assert (dead.reason, dead.updated_us) == (UpdateReason.CLOSE, START_US + HOUR + SECOND)
    assert exchange.catalog.markets[A].result is result
    assert not exchange.account.settlements
    answer = exchange.apply(Advance(START_US + 2 * HOUR))
    assert answer == Advanced(START_US + 2 * HOUR, fills=0, settlements=1)
    settled = exchange.account.settlements[0]
    assert str(settled.settlement.revenue) == revenue
    assert str(settled.cost) == "5.000000"
    assert exchange.account.cash == before + Money.parse(revenue)
    assert exchange.account.net(A) == Contracts(0)
    assert exchange.catalog.markets[A].status is MarketStatus.FINALIZED


def test_a_disputed_result_pays_once_and_as_it_was_amended(world, exchange):
    world.quote(A, Side.ASK, "0.5000", "10")
    placed(exchange, order(count="10", tif=IOC))
    world.script += [
        Moved(START_US + 1 * MINUTE, A, MarketStatus.CLOSED),
        Moved(START_US + 2 * MINUTE, A, MarketStatus.DETERMINED, Result.YES),
        Moved(START_US + 3 * MINUTE, A, MarketStatus.DISPUTED),
        Moved(START_US + 4 * MINUTE, A, MarketStatus.AMENDED, Result.NO),
        Moved(START_US + 5 * MINUTE, A, MarketStatus.FINALIZED),
    ]
    for minutes, result in ((2, Result.YES), (3, Result.YES), (4, Result.NO)):
        exchange.apply(Advance(START_US + minutes * MINUTE))
        assert exchange.catalog.markets[A].result is result
        assert not exchange.account.settlements
    before = exchange.account.cash
    exchange.apply(Advance(START_US + HOUR))
    (settled,) = exchange.account.settlements
    assert (settled.settlement.result, str(settled.settlement.revenue)) == (Result.NO, "0.000000")
    assert exchange.account.cash == before


def test_time_does_not_run_backwards(exchange):
    assert isinstance(exchange.apply(Advance(START_US - 1)), Rejected)


@pytest.mark.parametrize("cash", ["0.00", "-5.00", "10.001"])
def test_opening_cash_is_whole_cents(world, cash):
    with pytest.raises(InvalidValue):
        Exchange.open(world, Money.parse(cash))
