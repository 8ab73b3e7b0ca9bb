"""A sale rests at the target of what is held: one, of no more than that, in nobody's way."""

from dataclasses import replace

import pytest
from fakes.decisions import a_book, a_plan, changed
from fakes.exchange import Fault
from fakes.floor import ASKS, BIDS, STRATEGY, A, taking, the_policies

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import WORKING, OrderState, Pending, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.closing import close_position
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.leaving import reason_to_leave
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.resting_targets import targets
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")


async def hold(floor, side=Side.BID, **changes):
    """Ten contracts of 0.44 YES, or of 0.60 NO: for 16 cents more, or 14 less, in half an hour."""
    limit, target = ("0.4400", "0.6000") if side is Side.BID else ("0.4000", "0.7600")
    plan = a_plan(
        ticker=A,
        owner=STRATEGY,
        stop=Price.parse("0.3000"),
        target=Price.parse(target),
        leave_by_us=floor.clock.now() + 30 * MINUTE,
        made_us=floor.clock.now(),
        target_rests=True,
    )
    await floor.reconcile()
    await send(floor.desk, taking(side, limit), changed(plan, **changes))


async def run(floor):
    result = await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)
    at_exchange = sum(r.remaining.units for r in floor.exchange._resting(A))
    held = abs(floor.exchange.nets[A].units) if A in floor.exchange.nets else 0
    assert at_exchange <= held, "more would leave than is held"
    return result


async def resting(floor):
    return [o for o in await floor.orders() if o.state in WORKING]


async def test_the_sale_rests_at_the_target_until_the_time_is_up(floor):
    await hold(floor)
    (order,) = (await run(floor)).rested
    intent = order.intent
    assert (order.state, intent.side, str(intent.limit)) == (
        OrderState.RESTING, Side.ASK, "0.6000",
    )  # fmt: skip
    assert (intent.purpose, intent.time_in_force, intent.post_only, intent.reduce_only) == (
        Purpose.EXIT, TimeInForce.GTC, True, False,
    )  # fmt: skip
    assert (str(intent.count), intent.expires_us) == ("10.00", floor.clock.now() + 30 * MINUTE)
    assert not intent.cancel_on_pause


async def test_contracts_of_no_are_bought_back_as_yes(floor):
    await hold(floor, Side.ASK)
    (order,) = (await run(floor)).rested
    assert (order.intent.side, str(order.intent.limit)) == (Side.BID, "0.2400")


async def test_it_is_placed_once_whoever_looks_and_however_often(floor):
    """A desk that starts anew reads the same journal."""
    await hold(floor)
    await run(floor)
    floor.desk = floor.desk_on(floor.exchange)
    assert (await run(floor)).rested == ()
    assert len(await resting(floor)) == 1


async def test_a_sale_at_the_target_ends_the_position_by_that_name(floor):
    await hold(floor)
    (order,) = (await run(floor)).rested
    floor.exchange.fill_resting(order.order_id, "10.00")
    result = await run(floor)
    assert (result.rested, result.exits, await floor.nets()) == ((), (), {})
    (row,) = await floor.store.reports.round_trips()
    assert (row.trip.reason.partition(":")[0], str(row.pnl)) == ("take_profit", "1.600000")
    async with floor.store.unit() as unit:
        assert await unit.plans.all() == {}


@pytest.mark.parametrize("count", ["3.00", "10.00"])
async def test_it_goes_once_somebody_sold_there_by_hand(floor, count):
    """The account holds less than we do: what rests would sell what is not there."""
    await hold(floor)
    (order,) = (await run(floor)).rested
    await floor.exchange.place("by-hand", taking(Side.ASK, "0.4000", count))
    result = await run(floor)
    assert (result.rested, await resting(floor)) == ((), [])
    (gone,) = [o for o in await floor.orders() if o.client_order_id == order.client_order_id]
    assert gone.state is OrderState.CANCELED
    events = await floor.store.reports.order_events(order.client_order_id)
    assert "others hold the other side here" in {event.detail for event in events}
    assert (await run(floor)).rested == ()


async def test_what_the_sale_left_is_offered_again_once_it_is_gone(floor):
    await hold(floor)
    (order,) = (await run(floor)).rested
    floor.exchange.fill_resting(order.order_id, "4.00")
    assert (await run(floor)).rested == ()
    await floor.exchange.cancel(order.order_id, A, 0)  # somebody took it away
    (again,) = (await run(floor)).rested
    assert str(again.intent.count) == "6.00"


@pytest.mark.parametrize(
    ("side", "target", "bids", "asks", "sold"),
    [
        (Side.BID, "0.5000", (("0.5200", "20.00"),), (("0.5800", "20.00"),), "0.5200"),
        (Side.ASK, "0.6800", (("0.2600", "20.00"),), (("0.3000", "20.00"),), "0.3000"),
    ],
)
async def test_a_sale_that_waits_for_more_gives_way_to_who_pays_enough(
    floor, side, target, bids, asks, sold
):
    """The target came nearer since, and is bid for while the sale waits at the old one."""
    await hold(floor, side)
    await run(floor)
    async with floor.store.unit() as unit:
        plan = (await unit.plans.all())[A, STRATEGY]
        await unit.plans.save(changed(plan, target=Price.parse(target)))
        await unit.commit()
    floor.exchange.set_book(A, bids, asks)
    (exited,) = (await run(floor)).exits
    assert (exited.reason.code, exited.order.state) == ("TAKE_PROFIT", OrderState.FILLED)
    assert await resting(floor) == []
    assert await floor.nets() == {}
    (row,) = await floor.store.reports.fills(limit=1)
    assert str(row.fill.price) == sold


async def test_a_sale_at_the_target_is_the_exit_for_who_bids_as_much(floor):
    """The exchange is yet to match them: nothing is sent beside it, and it is not taken away."""
    await hold(floor)
    await run(floor)
    view = await look(floor.store, now_us=floor.clock.now(), filters=POLICIES.trading.filters)
    book = a_book(("0.6000",), ("0.6400",), ticker=A)
    (position,) = view.positions
    assert reason_to_leave(position, view, {A: book}, POLICIES.exits) is None
    far = a_book(("0.2900",), ("0.6400",), ticker=A)
    assert reason_to_leave(position, view, {A: far}, POLICIES.exits).code == "STOP_LOSS"


async def test_a_stop_takes_the_sale_away_first_and_sells_what_it_left(floor):
    """Three were sold at the target while the cancel was on its way."""
    await hold(floor)
    (order,) = (await run(floor)).rested
    cancel = floor.exchange.cancel

    async def filled_first(*address):
        floor.exchange.fill_resting(order.order_id, "3.00")
        return await cancel(*address)

    floor.exchange.cancel = filled_first
    floor.exchange.set_book(A, (("0.2900", "100.00"),), ASKS)
    result = await run(floor)
    (exited,) = result.exits
    assert (exited.reason.code, str(exited.order.intent.count)) == ("STOP_LOSS", "7.00")
    assert (result.rested, await floor.nets(), await resting(floor)) == ((), {}, [])


async def test_all_sold_while_the_cancel_was_on_its_way_is_not_sold_again(floor):
    await hold(floor)
    (order,) = (await run(floor)).rested
    cancel = floor.exchange.cancel

    async def filled_first(*address):
        floor.exchange.fill_resting(order.order_id, "10.00")
        return await cancel(*address)

    floor.exchange.cancel = filled_first
    floor.exchange.set_book(A, (("0.2900", "100.00"),), ASKS)
    result = await run(floor)
    assert (result.exits, await floor.nets()) == ((), {})


async def test_a_cancel_that_nobody_heard_of_keeps_the_other_exit_back(floor):
    await hold(floor)
    await run(floor)
    floor.exchange.set_book(A, (("0.2900", "100.00"),), ASKS)
    floor.exchange.cancelling = [Fault.LOST]
    first = await run(floor)
    assert [e for e in first.exits if e.order is not None] == []
    assert len(await resting(floor)) == 1
    floor.clock.now_us += MINUTE
    (exited,) = (await run(floor)).exits
    assert (str(exited.order.filled), await floor.nets(), await resting(floor)) == ("10.00", {}, [])


async def test_a_stop_that_was_refused_leaves_no_sale_in_its_way(floor):
    await hold(floor)
    floor.exchange.set_book(A, (("0.2900", "100.00"),), ASKS)
    floor.exchange.placing = [Fault.REFUSED]
    result = await run(floor)
    assert [exited.reason.code for exited in result.exits] == ["STOP_LOSS"]
    assert (result.rested, await resting(floor)) == ((), [])
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, ["6.00"]),
        ({"pending": Pending.CANCEL}, []),
        ({"pending": Pending.AMEND}, []),
        ({"state": OrderState.UNKNOWN}, []),
    ],
)
async def test_nothing_rests_beside_a_sale_of_which_the_fate_is_not_known(floor, changes, more):
    """Four of ten are offered."""
    await hold(floor)
    await run(floor)
    view = await look(floor.store, now_us=floor.clock.now(), filters=POLICIES.trading.filters)
    (order,) = view.orders
    offered = replace(order.intent, count=Contracts.parse("4.00"))
    view = replace(view, orders=(replace(order, intent=offered, **changes),))
    found = targets(view, await floor.exchange.books([A]), ())
    assert [str(intent.count) for intent in found] == more


@pytest.mark.parametrize(("left_us", "count"), [(MINUTE, 1), (MINUTE - 1, 0)])
async def test_for_less_than_a_minute_no_sale_is_worth_placing(floor, left_us, count):
    await hold(floor, leave_by_us=floor.clock.now() + left_us)
    assert len((await run(floor)).rested) == count


async def test_when_the_time_is_up_what_is_left_is_sold(floor):
    await hold(floor)
    await run(floor)
    floor.clock.now_us += 30 * MINUTE
    result = await run(floor)
    (exited,) = result.exits
    assert (exited.reason.code, str(exited.order.intent.limit)) == ("TIME_LIMIT", "0.3700")
    assert (result.rested, await floor.nets(), await resting(floor)) == ((), {}, [])


async def test_who_bids_the_target_is_sold_to_at_once(floor):
    """Post-only, a sale there would be refused."""
    await hold(floor)
    floor.exchange.set_book(A, (("0.6000", "100.00"),), (("0.6500", "1.00"),))
    result = await run(floor)
    (exited,) = result.exits
    assert (exited.reason.code, str(exited.order.intent.limit)) == ("TAKE_PROFIT", "0.6000")
    assert (result.rested, await floor.nets()) == ((), {})


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"target_rests": False}, DeskState.ACTIVE),
        ({"target": None}, DeskState.ACTIVE),
        ({"target": Price.parse("0.6050")}, DeskState.ACTIVE),  # the market knows whole cents
        ({"leave_by_us": 30 * MINUTE}, DeskState.HALTED),
    ],
)
async def test_nothing_rests_that_is_not_to(floor, changes, state):
    await hold(floor, **changes)
    await set_desk_state(floor.store, floor.clock, state, reason="test", who="test")
    assert (await run(floor)).rested == ()


async def test_a_desk_that_takes_no_new_risk_still_rests_its_sales(floor):
    await hold(floor)
    state = DeskState.REDUCE_ONLY
    await set_desk_state(floor.store, floor.clock, state, reason="test", who="test")
    assert len((await run(floor)).rested) == 1


async def test_the_sale_is_over_before_the_market_is(floor):
    await hold(floor, leave_by_us=floor.clock.now() + 100 * HOUR)
    (order,) = (await run(floor)).rested
    assert order.intent.expires_us == floor.exchange.markets[A].close_us


async def test_closing_by_hand_takes_the_sale_away(floor):
    await hold(floor)
    await run(floor)
    floor.exchange.set_book(A, BIDS, ASKS)
    await close_position(floor.exchange, floor.desk, A, policy=POLICIES.trading)
    assert (await floor.nets(), await resting(floor)) == ({}, [])
