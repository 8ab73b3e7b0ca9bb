"""A plan lives as long as there is something it may have to leave."""

import pytest
from fakes.decisions import a_plan
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, taking, waiting

from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import send

pytestmark = pytest.mark.databases


def the_plan(floor, stop="0.3000"):
    return a_plan(
        A, STRATEGY, stop=Price.parse(stop), entry_confidence=0.8, entry_fair=0.6,
        made_us=floor.clock.now(),
    )  # fmt: skip


async def plans(floor):
    async with floor.store.unit() as unit:
        return await unit.plans.all()


async def leave(floor):
    await send(floor.desk, taking(Side.ASK, "0.4000", purpose=Purpose.EXIT, reduce_only=True))
    await floor.reconcile()


async def enter(floor, plan):
    order = await send(floor.desk, taking(), plan)
    await floor.reconcile()
    return order


async def test_the_plan_of_what_was_left_is_dropped(floor):
    await enter(floor, the_plan(floor))
    await leave(floor)
    assert await plans(floor) == {}


async def test_a_plan_stays_while_an_entry_rests(floor):
    plan = the_plan(floor)
    await enter(floor, plan)
    resting = await send(floor.desk, waiting(floor.clock), plan)
    await leave(floor)
    await floor.exchange.place("by-hand", taking(count="1.00"))
    await floor.reconcile()
    assert await plans(floor) == {(A, STRATEGY): plan}
    floor.exchange.fill_resting(resting.order_id, "10.00")
    await floor.reconcile()
    assert await plans(floor) == {(A, STRATEGY): plan}


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.REFUSED, Fault.NOT_SENT])
async def test_an_entry_that_was_given_up_keeps_its_plan_and_fills_with_it(floor, fault):
    plan = the_plan(floor)
    await enter(floor, plan)
    floor.exchange.placing = [fault]
    late = await send(floor.desk, taking(), the_plan(floor, "0.2000"))
    await leave(floor)
    assert await plans(floor) == {(A, STRATEGY): plan}
    await floor.exchange.place(late.client_order_id, late.intent)
    assert len((await floor.reconcile()).alarms) == 1
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert await plans(floor) == {(A, STRATEGY): plan}


async def test_a_plan_that_outlived_its_entry_gives_way_to_the_next(floor):
    resting = await send(floor.desk, waiting(floor.clock), the_plan(floor))
    await cancel(floor.desk, resting, "a test")
    plan = the_plan(floor, "0.2000")
    await enter(floor, plan)
    assert await plans(floor) == {(A, STRATEGY): plan}


@pytest.mark.parametrize("faults", [[], [Fault.REFUSED]])
async def test_what_is_held_keeps_the_plan_it_was_entered_with(floor, faults):
    plan = the_plan(floor)
    await enter(floor, plan)
    floor.exchange.placing = faults
    await send(floor.desk, taking(), the_plan(floor, "0.1000"))
    assert await plans(floor) == {(A, STRATEGY): plan}
