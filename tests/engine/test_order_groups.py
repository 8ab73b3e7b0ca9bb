"""Order groups: fifteen seconds of matches, a limit, and what happens when it is reached."""

import pytest
from fakes.scripted_world import START_US, Hit, ScriptedWorld
from fakes.traffic import IOC, A, B, live, order, placed, rested

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import ExchangeOrderStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    CreateGroup,
    DeleteGroup,
    Grouped,
    LimitGroup,
    Rejected,
    ResetGroup,
    TriggerGroup,
)
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.happenings import GroupChanged, GroupEvent

TRIGGERED = Rejected(409, "order_group_triggered")


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld()


@pytest.fixture
def exchange(world: ScriptedWorld) -> Exchange:
    return Exchange.open(world, Money.parse("100.00"))


@pytest.fixture
def group(exchange: Exchange) -> str:
    """A group that allows ten contracts in fifteen seconds."""
    answer = exchange.apply(CreateGroup(Contracts.parse("10")))
    assert isinstance(answer, Grouped)
    return answer.group_id


def hit(world: ScriptedWorld, after_s: float, count: str, ticker: str = A) -> None:
    at_us = world.now_us + int(after_s * SECOND)
    world.script.append(Hit(at_us, ticker, Side.ASK, Contracts.parse(count)))


def status(exchange: Exchange, order_id: str) -> ExchangeOrderStatus:
    return exchange.orders[order_id].status


def test_the_limit_takes_all_orders_of_the_group_and_only_those(world, exchange, group):
    first = rested(exchange, count="10", group_id=group)
    second = rested(exchange, ticker=B, group_id=group)
    outside = rested(exchange, ticker=B, price="0.4000")
    hit(world, 1, "9.99")
    live(exchange, world, 2 * SECOND)
    assert status(exchange, second) is ExchangeOrderStatus.RESTING
    hit(world, 1, "0.01")
    live(exchange, world, 2 * SECOND)
    assert status(exchange, first) is ExchangeOrderStatus.EXECUTED
    assert status(exchange, second) is ExchangeOrderStatus.CANCELED
    assert status(exchange, outside) is ExchangeOrderStatus.RESTING
    assert exchange.apply(order(group_id=group)) == TRIGGERED
    exchange.apply(ResetGroup(group))
    rested(exchange, group_id=group)


def test_matches_older_than_fifteen_seconds_do_not_count(world, exchange, group):
    rested(exchange, count="30", group_id=group)
    hit(world, 1, "6")
    live(exchange, world, 16 * SECOND)
    hit(world, 1, "6")
    live(exchange, world, 2 * SECOND)
    assert len(exchange.resting) == 1
    hit(world, 1, "4")
    live(exchange, world, 2 * SECOND)
    assert not exchange.resting


def test_a_taker_counts_and_what_is_left_of_it_is_gone(world, exchange, group):
    world.quote(A, Side.ASK, "0.4000", "12")
    answer = placed(exchange, order(count="15", group_id=group))
    assert (str(answer.filled), str(answer.remaining)) == ("12.00", "0.00")
    assert status(exchange, answer.order_id) is ExchangeOrderStatus.CANCELED
    assert exchange.state.groups[group].triggered


def test_a_lower_limit_can_trigger_at_once(world, exchange, group):
    world.quote(A, Side.ASK, "0.4000", "5")
    placed(exchange, order(count="5", tif=IOC, group_id=group))
    resting = rested(exchange, group_id=group)
    assert exchange.apply(LimitGroup(group, Contracts.parse("6"))) == Grouped(group)
    assert exchange.apply(LimitGroup(group, Contracts.parse("5"))) == Grouped(group, 1)
    assert status(exchange, resting) is ExchangeOrderStatus.CANCELED


def test_a_trigger_by_hand_and_a_deletion_take_the_orders(exchange, group):
    first = rested(exchange, group_id=group)
    assert exchange.apply(TriggerGroup(group)) == Grouped(group, 1)
    assert status(exchange, first) is ExchangeOrderStatus.CANCELED
    assert exchange.apply(order(group_id=group)) == TRIGGERED
    exchange.apply(ResetGroup(group))
    second = rested(exchange, group_id=group)
    assert exchange.apply(DeleteGroup(group)) == Grouped(group, 1)
    assert status(exchange, second) is ExchangeOrderStatus.CANCELED
    assert exchange.apply(order(group_id=group)) == Rejected(
        404, "not_found", "order group not found"
    )
    assert exchange.apply(ResetGroup(group)) == Rejected(404, "not_found")


def test_a_group_belongs_to_one_shard(exchange):
    answer = exchange.apply(CreateGroup(Contracts.parse("10"), shard=2))
    assert isinstance(answer, Grouped)
    elsewhere = Rejected(400, "invalid_order", "order group is on another shard")
    assert exchange.apply(order(group_id=answer.group_id)) == elsewhere


@pytest.mark.parametrize("shard", [-1, 4, 77])
def test_a_group_needs_a_shard_that_there_is(exchange, shard):
    nowhere = Rejected(400, "bad_request", "there is no such exchange shard")
    assert exchange.apply(CreateGroup(Contracts.parse("10"), shard)) == nowhere


@pytest.mark.parametrize("limit", ["0.99", "0", "-5", "1000000.01"])
def test_limits_that_the_exchange_does_not_take(exchange, group, limit):
    bad = Rejected(400, "bad_request", "contracts_limit must be from 1 to 1,000,000")
    assert exchange.apply(CreateGroup(Contracts.parse(limit))) == bad
    assert exchange.apply(LimitGroup(group, Contracts.parse(limit))) == bad


def test_listeners_hear_of_every_change(exchange):
    exchange.drain()
    answer = exchange.apply(CreateGroup(Contracts.parse("10")))
    assert isinstance(answer, Grouped)
    group = answer.group_id
    for command in (
        LimitGroup(group, Contracts.parse("20")),
        TriggerGroup(group),
        ResetGroup(group),
        DeleteGroup(group),
    ):
        exchange.apply(command)
    heard = [told for told in exchange.drain() if isinstance(told, GroupChanged)]
    assert [(told.event, told.limit and str(told.limit)) for told in heard] == [
        (GroupEvent.CREATED, "10.00"),
        (GroupEvent.LIMIT_UPDATED, "20.00"),
        (GroupEvent.TRIGGERED, None),
        (GroupEvent.RESET, None),
        (GroupEvent.DELETED, None),
    ]
    assert {told.at_us for told in heard} == {START_US}
