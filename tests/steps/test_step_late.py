"""Late, changed and unexplained facts: nothing is lost, and nothing unexplained is traded on."""

from dataclasses import replace

import pytest
from fakes.exchange_desks import FakeTreasury
from fakes.floor import STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import NO_CONTRACTS, Money, Price
from kalshi_cli.domain.order import OrderState
from kalshi_cli.risk._exposure import live_claims, reserved, worst
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.session import Account
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases


async def test_a_fill_shown_an_hour_after_newer_ones_is_booked_in_one_pass(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    late = replace(floor.exchange.all_fills.pop(), fill_id="late")
    floor.clock.now_us += HOUR
    await send(floor.desk, taking(ticker=B))
    await floor.reconcile()
    assert await floor.nets() == {(B, STRATEGY): "10.00"}
    floor.exchange.all_fills.insert(0, late)
    found = await floor.reconcile()
    assert [fill.fill_id for fill in found.new_fills] == [late.fill_id]
    assert (found.complete, found.differences, found.doubt) == (True, (), "")
    assert await floor.nets() == {(A, STRATEGY): "10.00", (B, STRATEGY): "10.00"}


async def test_a_market_that_ends_takes_what_rests_in_it_and_pays_once(floor):
    """4 of 10 filled at 0.41 when it ends YES: 1,000 - 1.64 + 4.00, and nothing is reserved."""
    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    floor.exchange.settle(A, Result.YES)
    found = await floor.reconcile()
    assert (len(found.settlements), str(found.cash), found.differences) == (1, "1002.360000", ())
    ended = await floor.order()
    assert (ended.state, str(ended.filled), ended.remaining) == (
        OrderState.CANCELED,
        "4.00",
        NO_CONTRACTS,
    )
    assert await floor.nets() == {}
    again = await floor.reconcile()
    assert (again.settlements, str(again.cash), again.changed) == ((), "1002.360000", ())
    (row,) = await floor.store.reports.round_trips()
    assert str(row.pnl) == "2.360000"


async def test_what_filled_before_a_cancel_is_held_and_the_rest_is_released(floor):
    """4 of 10 at 0.41: $1.64 is at risk and spent, and nothing of the other $2.46 is reserved."""
    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    await floor.reconcile()
    ended, _ = await cancel(floor.desk, await floor.order(), "a test")
    assert (ended.state, str(ended.filled), ended.remaining) == (
        OrderState.CANCELED,
        "4.00",
        NO_CONTRACTS,
    )
    found = await floor.reconcile()
    assert (str(found.cash), found.differences) == ("998.360000", ())
    assert await floor.nets() == {(A, STRATEGY): "4.00"}
    policies = the_policies("oracle").trading
    view = await look(floor.store, now_us=floor.clock.now(), filters=policies.filters)
    state = risk_state(
        view,
        env=policies.env,
        limits=policies.limits,
        cash=found.cash,
        books={},
        frozen={},
        paused=frozenset(),
    )
    assert (str(worst(live_claims(state), state)), str(reserved(state))) == ("1.640000", "0.000000")


async def test_a_settlement_changed_long_after_is_booked_in_one_pass(floor):
    """The first market is reversed after another one settled a day later."""
    await floor.reconcile()
    for ticker in (A, B):
        await send(floor.desk, taking(ticker=ticker))
        floor.exchange.settle(ticker, Result.YES)
        floor.clock.now_us += DAY // 4
        await floor.reconcile()
    paid, other = floor.exchange.all_settlements
    floor.exchange.all_settlements = [
        replace(paid, result=Result.NO, value=Price(0), revenue=Money(0)),
        other,
    ]
    floor.exchange.cash -= Money.parse("10.00")
    found = await floor.reconcile()
    assert [(s.ticker, s.revision) for s in found.settlements] == [(A, 1)]
    assert (str(found.cash), found.differences) == ("1001.200000", ())  # 1,000 - 8.80 + 10


async def test_a_disputed_result_books_nothing_until_it_is_paid(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    for status, result in (
        (MarketStatus.DETERMINED, Result.YES),
        (MarketStatus.DISPUTED, Result.YES),
        (MarketStatus.AMENDED, Result.NO),
    ):
        market = floor.exchange.markets[A]
        floor.exchange.markets[A] = replace(market, status=status, result=result)
        found = await floor.reconcile()
        assert (found.settlements, found.differences) == ((), ())
        assert await floor.nets() == {(A, STRATEGY): "10.00"}
    floor.exchange.settle(A, Result.NO)
    found = await floor.reconcile()
    assert (len(found.settlements), str(found.cash)) == (1, "995.600000")


async def test_cash_that_nothing_explains_stops_new_risk_and_is_no_loss(floor):
    await floor.reconcile()
    floor.exchange.cash -= Money.parse("300.00")
    found = await floor.reconcile()
    doubt = "cash: the ledger has $1,000.00, the exchange $700.00"
    assert (found.complete, found.doubt) == (True, doubt)
    assert Account.of(found, frozenset(), found.cash).missing == doubt
    policies = the_policies("oracle")
    await floor.forecast()
    traded = await trade(floor.exchange, floor.desk, policy=policies.trading)
    assert (traded.orders, {d.denial.code for d in traded.denied}) == ((), {"BOOKS_INCOMPLETE"})
    result = await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)
    assert str(result.equity) == "1000.000000"


async def test_a_deposit_that_is_returned_takes_back_what_it_brought(floor):
    await floor.reconcile()
    now, amount = floor.clock.now(), Money.parse("50.00")
    floor.exchange.movements = [
        CashMovement("deposit:1:returned", CashKind.DEPOSIT, -amount, now, reverses="deposit:1")
    ]
    assert (await floor.reconcile()).differences == ()  # it never counted
    floor.exchange.movements = [CashMovement("deposit:2", CashKind.DEPOSIT, amount, now)]
    floor.exchange.cash += amount
    assert str((await floor.reconcile()).cash) == "1050.000000"
    floor.exchange.movements = [
        CashMovement("deposit:2:returned", CashKind.DEPOSIT, -amount, now, reverses="deposit:2")
    ]
    floor.exchange.cash -= amount
    found = await floor.reconcile()
    assert (str(found.cash), found.differences) == ("1000.000000", ())


async def test_a_transfer_between_shards_is_on_neither_until_it_arrives_and_never_a_loss(floor):
    """100 of 1,000 leave shard 0, are on the way, and arrive on shard 2."""
    treasury = FakeTreasury(floor.exchange)
    await floor.reconcile(treasury=treasury)
    await treasury.transfer("t", 0, 2, Money.parse("100.00"))
    (sent,) = treasury.sent
    treasury.sent = [replace(sent, complete=False)]
    floor.exchange.cash -= sent.amount
    floor.exchange.move(2, 0, sent.amount)
    found = await floor.reconcile(treasury=treasury)
    assert (str(found.cash), found.differences) == ("900.000000", ())
    async with floor.store.unit() as unit:
        assert str(await unit.ledger.paid_in()) == "900.000000"
    treasury.sent = [sent]
    floor.exchange.cash += sent.amount
    floor.exchange.move(0, 2, sent.amount)
    found = await floor.reconcile(treasury=treasury)
    assert (str(found.cash), found.differences) == ("1000.000000", ())
    async with floor.store.unit() as unit:
        split = await unit.ledger.cash_by_shard()
    assert {shard: str(cash) for shard, cash in split.items()} == {
        0: "900.000000",
        2: "100.000000",
    }
    assert dict(found.balance.by_shard) == split


async def test_cash_that_went_to_the_margined_side_is_a_movement_and_never_a_loss(floor):
    """100 of 1,000 leave shard 0 for no other one; 30 come back, and arrive later."""
    treasury = FakeTreasury(floor.exchange)
    await floor.reconcile(treasury=treasury)
    await treasury.transfer("t", 0, 2, Money.parse("100.00"))
    (sent,) = treasury.sent
    floor.exchange.move(2, 0, sent.amount)
    floor.exchange.cash -= sent.amount
    back = replace(
        sent, transfer_id="back", source=None, destination=0, amount=Money.parse("30.00")
    )
    treasury.sent = [replace(sent, destination=None), replace(back, complete=False)]
    found = await floor.reconcile(treasury=treasury)
    assert (str(found.cash), found.differences, found.doubt) == ("900.000000", (), "")
    async with floor.store.unit() as unit:
        assert str(await unit.ledger.paid_in()) == "900.000000"
    treasury.sent[1] = back
    floor.exchange.cash += back.amount
    found = await floor.reconcile(treasury=treasury)
    assert (str(found.cash), found.differences, found.doubt) == ("930.000000", (), "")
