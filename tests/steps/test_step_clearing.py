"""A position leaves although its owner's own entry rests in the market."""

import pytest
from fakes.decisions import a_plan
from fakes.exchange import Fault
from fakes.floor import ASKS, BIDS, STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import NotFound, Refused, StillHeld
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.closing import close_position
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")


async def hold(floor, stop="0.4200"):
    """Ten YES at 0.44 that go as soon as YES is worth less than the stop."""
    plan = a_plan(A, STRATEGY, stop=Price.parse(stop))
    await send(floor.desk, taking(), plan)
    await floor.reconcile()


async def run(floor):
    return await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)


async def close(floor):
    return await close_position(floor.exchange, floor.desk, A, policy=POLICIES.trading)


async def state_of(floor, order):
    async with floor.store.unit() as unit:
        (found,) = await unit.journal.find(client_order_ids=[order.client_order_id])
    return found.state


async def test_a_stop_cancels_the_entry_that_rests_in_its_way(floor):
    await hold(floor)
    entry = await send(floor.desk, waiting(floor.clock))
    elsewhere = await send(floor.desk, waiting(floor.clock, ticker=B))
    floor.exchange.set_book(A, (("0.4000", "100.00"),), ASKS)
    result = await run(floor)
    (exited,) = result.exits
    assert (exited.reason.code, exited.denial) == ("STOP_LOSS", None)
    assert (str(exited.order.filled), await floor.nets()) == ("10.00", {})
    assert await state_of(floor, entry) is OrderState.CANCELED
    assert await state_of(floor, elsewhere) is OrderState.RESTING


async def test_what_the_entry_bought_meanwhile_leaves_too(floor):
    await hold(floor)
    entry = await send(floor.desk, waiting(floor.clock))
    exchange_cancel = floor.exchange.cancel

    async def filled_first(*order):
        floor.exchange.fill_resting(entry.order_id, "4.00")
        return await exchange_cancel(*order)

    floor.exchange.cancel = filled_first
    result = await run(floor)
    (exited,) = result.exits
    assert (str(exited.order.intent.count), await floor.nets()) == ("14.00", {})
    # 10 at 0.44 are on record before; the pass finds the 4 bought at 0.41, and what is sold
    assert "4.00" in {str(fill.count) for fill in result.reconciled.new_fills}


async def test_an_entry_stays_while_there_is_no_reason_to_leave(floor):
    await hold(floor, stop="0.2000")
    entry = await send(floor.desk, waiting(floor.clock))
    assert (await run(floor)).exits == ()
    assert await state_of(floor, entry) is OrderState.RESTING


def exit_at(floor, limit, count="5.00"):
    return waiting(floor.clock, Side.ASK, limit, count, purpose=Purpose.EXIT)


async def test_an_exit_that_rests_gives_way_to_a_stop_and_there_is_never_a_second(floor):
    """It is cancelled and read back first; what it sold until then is not sold again."""
    await hold(floor)
    order = await send(floor.desk, exit_at(floor, "0.4300"))
    exchange_cancel = floor.exchange.cancel

    async def filled_first(*address):
        floor.exchange.fill_resting(order.order_id, "2.00")
        return await exchange_cancel(*address)

    floor.exchange.cancel = filled_first
    (exited,) = (await run(floor)).exits
    assert (exited.reason.code, str(exited.order.intent.count)) == ("STOP_LOSS", "8.00")
    assert await state_of(floor, order) is OrderState.CANCELED
    assert await floor.nets() == {}


async def test_no_exit_beside_one_whose_cancel_is_not_confirmed(floor):
    await hold(floor)
    order = await send(floor.desk, exit_at(floor, "0.4300"))
    floor.exchange.cancelling = [Fault.LOST]
    result = await run(floor)
    assert result.exits == ()
    assert await state_of(floor, order) is OrderState.RESTING
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_an_exit_that_rests_for_more_gives_way_to_who_pays_the_target(floor):
    """40 cents are bid, which is the target: to wait for 43 was nobody's plan."""
    plan = a_plan(A, STRATEGY, target=Price.parse("0.4000"))
    await send(floor.desk, taking(), plan)
    await floor.reconcile()
    order = await send(floor.desk, exit_at(floor, "0.4300", "10.00"))
    (exited,) = (await run(floor)).exits
    assert (exited.reason.code, str(exited.order.filled)) == ("TAKE_PROFIT", "10.00")
    assert await state_of(floor, order) is OrderState.CANCELED
    assert await floor.nets() == {}


async def test_an_exit_that_rests_stays_where_nobody_would_take_another(floor):
    """Time is up and nobody bids: what rests may still be taken, and an entry is not wanted."""
    plan = a_plan(A, STRATEGY, leave_by_us=0)
    await send(floor.desk, taking(), plan)
    await floor.reconcile()
    order = await send(floor.desk, exit_at(floor, "0.4300", "10.00"))
    entry = await send(floor.desk, waiting(floor.clock, limit="0.3500"))
    floor.exchange.set_book(A, (), ASKS)
    assert (await run(floor)).exits == ()
    assert await state_of(floor, order) is OrderState.RESTING
    assert await state_of(floor, entry) is OrderState.CANCELED


async def test_closing_by_hand_takes_an_exit_that_rests_along(floor):
    await hold(floor, stop="0.2000")
    order = await send(floor.desk, exit_at(floor, "0.4300", "10.00"))
    assert (await close(floor)).outcome == "flat"
    assert await floor.nets() == {}
    assert await state_of(floor, order) is OrderState.CANCELED


@pytest.mark.parametrize("limit", ["0.4100", "0.3500"])
async def test_what_is_closed_is_not_bought_back(floor, limit):
    await hold(floor, stop="0.2000")
    entry = await send(floor.desk, waiting(floor.clock, limit=limit))
    floor.exchange.set_book(A, BIDS, ASKS)
    assert (await close(floor)).outcome == "flat"
    assert await floor.nets() == {}
    assert await state_of(floor, entry) is OrderState.CANCELED


async def test_an_entry_that_could_not_be_canceled_is_named(floor):
    await hold(floor, stop="0.2000")
    entry = await send(floor.desk, waiting(floor.clock, limit="0.3500"))
    floor.exchange.cancelling = [Fault.LOST]
    assert (await close(floor)).outcome == f"flat; not canceled: {entry.client_order_id}"


@pytest.mark.parametrize(("count", "left"), [("10.00", "10.00"), ("4.00", "4.00")])
async def test_what_may_sell_too_and_cannot_be_cancelled_is_named(floor, count, left):
    await hold(floor, stop="0.2000")
    floor.exchange.placing = [Fault.LOST]
    entry = await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300", count))
    floor.exchange.unusable = [Unusable("order o9", "odd")]  # so the search proves nothing
    named = f"what {entry.client_order_id} may sell is left to that"
    with pytest.raises((Refused, StillHeld), match=named):
        await close(floor)
    assert await floor.nets() == {(A, STRATEGY): left}


async def test_an_entry_alone_is_no_position(floor):
    entry = await send(floor.desk, waiting(floor.clock))
    with pytest.raises(NotFound, match=A):
        await close(floor)
    assert await state_of(floor, entry) is OrderState.RESTING


@pytest.mark.parametrize("state", [DeskState.HALTED, DeskState.REDUCE_ONLY, DeskState.FLATTEN])
async def test_a_desk_that_takes_no_new_risk_has_its_entries_cancelled(floor, state):
    await floor.reconcile()
    entry = await send(floor.desk, waiting(floor.clock, ticker=B))
    await run(floor)
    assert await state_of(floor, entry) is OrderState.RESTING
    await set_desk_state(floor.store, floor.clock, state, reason="test", who="test")
    await run(floor)
    assert await state_of(floor, entry) is OrderState.CANCELED
