"""Pauses of a market, of a shard, of the whole exchange every Thursday; and what rests through."""

from datetime import UTC, datetime

import pytest
from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.traffic import A, B, live, order, rested
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, from_datetime
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    Advance,
    Amend,
    Cancel,
    Canceled,
    Decrease,
    Rejected,
    SetTrading,
    TradingSet,
)
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import UpdateReason
from kalshi_cli.engine.schedule import in_weekly_pause, next_change, weekly_pause
from kalshi_cli.engine.world import Moved

PAUSED = Rejected(409, "trading_is_paused")


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld(shards={B: 2})


@pytest.fixture
def exchange(world: ScriptedWorld) -> Exchange:
    return Exchange.open(world, {0: Money.parse("100.00"), 2: Money.parse("100.00")})


def reason(exchange: Exchange, order_id: str) -> UpdateReason:
    return exchange.orders[order_id].reason


def utc(*parts: int) -> int:
    return from_datetime(datetime(*parts, tzinfo=UTC))


def hit(world: ScriptedWorld) -> None:
    world.script.append(Hit(world.now_us + SECOND, A, Side.ASK, Contracts.parse("1")))


def test_a_market_paused_by_hand_takes_nothing_and_loses_its_orders_on_resuming(world, exchange):
    stays = rested(exchange)
    goes = rested(exchange, cancel_on_pause=True)
    elsewhere = rested(exchange, ticker=B, cancel_on_pause=True)
    assert exchange.apply(SetTrading(active=False, ticker=A)) == TradingSet(1)
    assert exchange.catalog.markets[A].status is MarketStatus.INACTIVE
    assert reason(exchange, goes) is UpdateReason.HALT
    refused = Rejected(409, "MARKET_INACTIVE", "market is paused")
    assert exchange.apply(order()) == refused
    hit(world)
    live(exchange, world)
    assert not exchange.account.fills
    assert exchange.orders[stays].status is ExchangeOrderStatus.RESTING
    assert exchange.apply(SetTrading(active=True, ticker=A)) == TradingSet(1)
    assert exchange.catalog.markets[A].status is MarketStatus.ACTIVE
    assert reason(exchange, stays) is UpdateReason.HALT
    assert [o.order_id for o in exchange.resting] == [elsewhere]
    rested(exchange)


def test_a_paused_market_takes_no_change_of_an_order_either(world, exchange):
    world.quote(A, Side.ASK, "0.6000", "10")
    order_id = rested(exchange)
    exchange.apply(SetTrading(active=False, ticker=A))
    refused = Rejected(409, "MARKET_INACTIVE", "market is paused")
    dearer = Amend(order_id, A, Side.BID, Price.parse("0.6000"), Contracts.parse("10"))
    assert exchange.apply(dearer) == exchange.apply(Decrease(order_id, Contracts(1))) == refused
    assert not exchange.account.fills


def test_orders_can_be_canceled_while_a_market_is_paused(exchange):
    order_id = rested(exchange)
    exchange.apply(SetTrading(active=False, ticker=A))
    assert isinstance(exchange.apply(Cancel(order_id)), Canceled)


def test_a_pause_of_the_world_s_own_does_the_same(world, exchange):
    stays, goes = rested(exchange), rested(exchange, cancel_on_pause=True)
    world.script += [
        Moved(START_US + MINUTE, A, MarketStatus.INACTIVE),
        Moved(START_US + HOUR, A, MarketStatus.ACTIVE),
    ]
    live(exchange, world, 2 * HOUR)
    first, second = exchange.orders[goes], exchange.orders[stays]
    assert (first.reason, first.updated_us) == (UpdateReason.HALT, START_US + MINUTE)
    assert (second.reason, second.updated_us) == (UpdateReason.HALT, START_US + HOUR)


def test_a_shard_s_pause_leaves_its_orders_and_other_shards_alone(world, exchange):
    stays, goes = rested(exchange), rested(exchange, cancel_on_pause=True)
    assert exchange.apply(SetTrading(active=False, shard=0)) == TradingSet(1)
    assert (exchange.is_paused(0), exchange.is_paused(2)) == (True, False)
    assert exchange.catalog.markets[A].status is MarketStatus.ACTIVE
    assert exchange.apply(order()) == PAUSED
    same = Amend(stays, A, Side.BID, Price.parse("0.5000"), Contracts.parse("10"))
    assert exchange.apply(same) == PAUSED
    assert exchange.apply(Decrease(stays, Contracts(1))) == PAUSED
    rested(exchange, ticker=B)
    hit(world)
    live(exchange, world)
    assert not exchange.account.fills
    assert reason(exchange, goes) is UpdateReason.HALT
    exchange.apply(SetTrading(active=True, shard=0))
    hit(world)
    live(exchange, world)
    assert str(exchange.orders[stays].filled) == "1.00"


def test_without_a_shard_the_whole_exchange_pauses(exchange):
    exchange.apply(SetTrading(active=False))
    assert exchange.apply(order()) == exchange.apply(order(ticker=B)) == PAUSED
    exchange.apply(SetTrading(active=True))
    rested(exchange, ticker=B)


def test_a_market_that_opens_while_its_shard_is_paused_does_not_trade_yet(world, exchange):
    world.script += [
        Moved(START_US + MINUTE, A, MarketStatus.INACTIVE),
        Moved(START_US + 2 * MINUTE, A, MarketStatus.ACTIVE),
    ]
    exchange.apply(SetTrading(active=False, shard=0))
    live(exchange, world, HOUR)
    assert A in world.paused
    exchange.apply(SetTrading(active=True, shard=0))
    assert A not in world.paused


def test_a_market_that_opens_on_a_paused_shard_trades_not_even_until_the_next_hop(world, exchange):
    """A day passes in one command, and others would trade a moment after the opening."""
    world.script += [
        Moved(START_US + MINUTE, A, MarketStatus.INACTIVE),
        Moved(START_US + 2 * MINUTE, A, MarketStatus.ACTIVE),
        Hit(START_US + 4 * MINUTE, A, Side.ASK, Contracts.parse("1")),
    ]
    world.quote(A, Side.BID, "0.4000", "10")
    exchange.apply(SetTrading(active=False, shard=0))
    live(exchange, world, 12 * HOUR)
    assert world.printed == 0


def test_a_market_that_was_announced_opens_on_a_paused_shard_without_a_trade():
    """It was listed before; when it opens is known, so it is stopped at that very instant."""
    world = ScriptedWorld(opens={A: START_US + 90 * SECOND})
    exchange = Exchange.open(world, Money.parse("100.00"))
    world.script += [
        Moved(START_US + 90 * SECOND, A, MarketStatus.ACTIVE),
        Hit(START_US + 90 * SECOND + 1, A, Side.ASK, Contracts.parse("1")),
    ]
    world.quote(A, Side.BID, "0.4000", "10")
    exchange.apply(SetTrading(active=False, shard=0))
    live(exchange, world, 12 * HOUR)
    assert exchange.catalog.markets[A].status is MarketStatus.ACTIVE
    assert world.printed == 0


PLACES = [{"ticker": A}, {"shard": 0}, {}]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("hops", [1, 3])
def test_a_pause_with_an_end_ends_by_itself(world, exchange, where, hops):
    end_us = world.now_us + HOUR
    exchange.apply(SetTrading(active=False, until_us=end_us, **where))
    for hop in range(hops):
        exchange.apply(Advance(end_us - hops + 1 + hop - 1))
        assert isinstance(exchange.apply(order()), Rejected)
    assert exchange.apply(Advance(end_us + DAY // 4))
    rested(exchange)
    assert not exchange.state.paused_shards
    assert not exchange.state.paused_markets
    if "ticker" in where:
        told = [each for each in exchange.drain() if isinstance(each, Moved)]
        assert [(each.status, each.at_us) for each in told][-1] == (MarketStatus.ACTIVE, end_us)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(
    ("first", "second", "lasts"),
    [(None, MINUTE, None), (HOUR, MINUTE, HOUR), (MINUTE, HOUR, HOUR), (MINUTE, None, None)],
)
def test_of_two_pauses_the_later_end_counts(world, exchange, where, first, second, lasts):
    began = world.now_us
    for span in (first, second):
        until_us = None if span is None else began + span
        exchange.apply(SetTrading(active=False, until_us=until_us, **where))
    if lasts is not None:
        exchange.apply(Advance(began + lasts - 1))
        assert isinstance(exchange.apply(order()), Rejected)
        exchange.apply(Advance(began + lasts))
    else:
        exchange.apply(Advance(began + 12 * HOUR))
        assert isinstance(exchange.apply(order()), Rejected)
        exchange.apply(SetTrading(active=True, **where))
    rested(exchange)


def test_a_pause_with_an_end_can_be_lifted_before(world, exchange):
    exchange.apply(SetTrading(active=False, until_us=world.now_us + HOUR))
    exchange.apply(SetTrading(active=True, shard=0))
    rested(exchange)
    assert exchange.apply(order(ticker=B)) == PAUSED
    live(exchange, world, HOUR)
    rested(exchange, ticker=B)


def test_a_market_that_closes_in_its_pause_stays_closed(world, exchange):
    world.settle(A, START_US + MINUTE, Result.YES)
    exchange.apply(SetTrading(active=False, ticker=A, until_us=START_US + HOUR))
    live(exchange, world, 2 * HOUR)
    assert exchange.catalog.markets[A].status is MarketStatus.FINALIZED
    assert not exchange.state.paused_markets


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        *(
            (command, Rejected(400, "bad_request", "a pause ends after it began"))
            for command in (
                SetTrading(active=False, until_us=START_US),
                SetTrading(active=True, until_us=START_US + HOUR),
            )
        ),
        (SetTrading(active=True, ticker=A), Rejected(400, "bad_request", "market is active")),
        (SetTrading(active=False, ticker="KXNO"), Rejected(404, "not_found", "market not found")),
        (
            SetTrading(active=False, shard=9),
            Rejected(400, "bad_request", "there is no such exchange shard"),
        ),
    ],
)
def test_pauses_that_are_none(exchange, command, refusal):
    assert exchange.apply(command) == refusal


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2027, 1, 7, 8), utc(2027, 1, 7, 10)),  # winter: New York is five hours behind
        (utc(2026, 7, 2, 7), utc(2026, 7, 2, 9)),  # summer: four
    ],
)
def test_thursday_morning_in_new_york(start, end):
    assert weekly_pause(start - DAY) == weekly_pause(start) == weekly_pause(end - 1) == (start, end)
    assert [in_weekly_pause(at) for at in (start - 1, start, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]
    assert (next_change(start - 1), next_change(start), next_change(end)) == (
        start,
        end,
        weekly_pause(end)[0],
    )


@given(st.integers(utc(2024, 1, 1), utc(2035, 1, 1)))
def test_every_week_has_two_hours_of_it(at_us):
    start, end = weekly_pause(at_us)
    assert at_us < end
    assert end - start == 2 * HOUR
    following, _ = weekly_pause(end)
    assert following - start in {7 * DAY, 7 * DAY - HOUR, 7 * DAY + HOUR}


def test_orders_rest_through_thursday_unless_they_ask_not_to(world, exchange):
    stays, goes = rested(exchange), rested(exchange, cancel_on_pause=True)
    start, end = weekly_pause(world.now_us)
    exchange.apply(Advance(start + MINUTE))
    assert exchange.apply(order()) == PAUSED
    gone = exchange.orders[goes]
    assert (gone.reason, gone.updated_us) == (UpdateReason.HALT, start)
    assert exchange.orders[stays].status is ExchangeOrderStatus.RESTING
    assert isinstance(exchange.apply(Cancel(stays)), Canceled)
    exchange.apply(Advance(end))
    rested(exchange)
