"""Shards with cash of their own, transfers between them, deposits and withdrawals."""

import pytest
from fakes.scripted_world import START_US, ScriptedWorld
from fakes.traffic import A, B, live, order, rested

from kalshi_cli.domain.account import CashKind
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Deposit, Moneyed, Rejected, Transfer
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.errors import InvalidValue


@pytest.fixture
def world() -> ScriptedWorld:
    """The second market trades on shard 2."""
    return ScriptedWorld(shards={B: 2})


@pytest.fixture
def exchange(world: ScriptedWorld) -> Exchange:
    return Exchange.open(world, Money.parse("100.00"))


def dollars(text: str) -> Money:
    return Money.parse(text)


def cash(exchange: Exchange) -> dict[int, str]:
    return {shard: str(amount) for shard, amount in exchange.account.cash_on.items()}


def test_cash_of_one_shard_does_not_pay_on_another(world, exchange):
    assert exchange.apply(order(ticker=B)) == Rejected(404, "insufficient_shard_balance")
    exchange.apply(Transfer(dollars("5"), 0, 2))
    assert cash(exchange) == {0: "95.000000"}
    assert [str(t.amount) for t in exchange.account.transfers if not t.arrived] == ["5.000000"]
    assert exchange.apply(order(ticker=B)) == Rejected(404, "insufficient_shard_balance")
    live(exchange, world, 2 * SECOND)
    assert cash(exchange) == {0: "95.000000", 2: "5.000000"}
    assert exchange.apply(order(ticker=B, count="10.01")) == Rejected(400, "insufficient_balance")
    rested(exchange, ticker=B, count="10")
    rested(exchange, ticker=A, count="190")


def test_an_order_sent_to_a_funded_shard_where_its_market_is_not_finds_none(world):
    exchange = Exchange.open(world, {0: dollars("1"), 2: dollars("9")})
    assert exchange.apply(order(shard=2)) == Rejected(404, "not_found", "market not found")


def test_fills_and_settlements_pay_on_the_market_s_shard(world):
    exchange = Exchange.open(world, {0: dollars("1"), 2: dollars("9")})
    world.quote(B, Side.ASK, "0.5000", "10")
    exchange.apply(order(ticker=B))
    # 10 at 0.50 = 5; fee 0.07 * 10 * 0.25 = 0.175
    assert cash(exchange) == {0: "1.000000", 2: "3.825000"}
    world.settle(B, START_US + SECOND, Result.YES)
    live(exchange, world)
    assert cash(exchange) == {0: "1.000000", 2: "13.825000"}
    assert exchange.account.settlements[0].shard == 2


def test_what_orders_may_need_is_not_sent_away(world, exchange):
    rested(exchange, count="190")  # $95
    assert exchange.apply(Transfer(dollars("5.01"), 0, 2)) == Rejected(400, "insufficient_balance")
    assert exchange.apply(Deposit(dollars("-5.01"))) == Rejected(400, "insufficient_balance")
    assert isinstance(exchange.apply(Deposit(dollars("-5.00"))), Moneyed)
    assert cash(exchange) == {0: "95.000000"}


@pytest.mark.parametrize(
    ("command", "details"),
    [
        (Transfer(dollars("1"), 0, 4), "there is no such exchange shard"),
        (Transfer(dollars("1"), -1, 0), "there is no such exchange shard"),
        (Transfer(dollars("1"), 0, 0), "nothing to transfer"),
        (Transfer(dollars("0"), 0, 2), "nothing to transfer"),
        (Transfer(dollars("-1"), 0, 2), "nothing to transfer"),
        (Deposit(dollars("0")), "amount must be whole cents, not zero, below $1e9"),
        (Deposit(dollars("1.005")), "amount must be whole cents, not zero, below $1e9"),
        (Deposit(dollars("1000000000.01")), "amount must be whole cents, not zero, below $1e9"),
    ],
)
def test_movements_that_are_none(exchange, command, details):
    assert exchange.apply(command) == Rejected(400, "bad_request", details)


def test_a_transfer_s_client_id_is_burnt_on_its_source(world):
    exchange = Exchange.open(world, {0: dollars("10"), 2: dollars("10")})
    assert isinstance(exchange.apply(Transfer(dollars("1"), 0, 2, "t1")), Moneyed)
    again = exchange.apply(Transfer(dollars("2"), 0, 2, "t1"))
    assert again == Rejected(409, "transfer_already_exists")
    assert isinstance(exchange.apply(Transfer(dollars("1"), 2, 0, "t1")), Moneyed)


def test_deposits_and_withdrawals_are_on_record(exchange):
    exchange.apply(Deposit(dollars("25.50")))
    exchange.apply(Deposit(dollars("-10")))
    kept = [(row.kind, str(row.amount)) for row in exchange.account.movements]
    assert kept == [
        (CashKind.DEPOSIT, "100.000000"),
        (CashKind.DEPOSIT, "25.500000"),
        (CashKind.WITHDRAWAL, "-10.000000"),
    ]
    assert len({row.movement_id for row in exchange.account.movements}) == 3


@pytest.mark.parametrize("by_shard", [{}, {0: "0"}, {0: "5", 2: "-1"}, {2: "1.001"}])
def test_an_account_opens_with_whole_cents_on_some_shard(world, by_shard):
    with pytest.raises(InvalidValue):
        Exchange.open(world, {shard: dollars(text) for shard, text in by_shard.items()})
