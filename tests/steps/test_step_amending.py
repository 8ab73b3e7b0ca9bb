"""Orders made smaller or moved: on record first, never thought smaller than they may be."""

from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, B, the_policies, waiting

from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.grid import PriceGrid, PriceRange
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderState, Pending, Purpose, Terms
from kalshi_cli.domain.reduction import cuts
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.exchange import AmendmentKind, CancellationKind
from kalshi_cli.steps.amending import cancel, cancel_many, decrease, reprice
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.hearing import hear
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

FIVE_CENTS = PriceGrid((PriceRange(Price(0), Price(10_000), Price(500)),))


async def rested(floor, **changes):
    return await send(floor.desk, waiting(floor.clock, **changes))


def to(order, limit="0.4000", count="10.00"):
    return Terms(Price.parse(limit), Contracts.parse(count), order.intent.expires_us)


def terms(order):
    return str(order.intent.limit), str(order.intent.count), order.pending


async def test_a_smaller_order_keeps_its_place(floor):
    order = await rested(floor)
    after, answer = await decrease(floor.desk, order, Contracts.parse("6.00"))
    assert answer.kind is AmendmentKind.AMENDED
    assert terms(after) == ("0.4100", "6.00", Pending.NONE)
    assert await floor.order() == after
    floor.exchange.fill_resting(order.order_id, "6.00")
    await floor.reconcile()
    after = await floor.order()
    assert (after.state, str(after.filled)) == (OrderState.FILLED, "6.00")


async def test_a_decrease_after_fills_we_had_not_heard_of(floor):
    order = await rested(floor)
    floor.exchange.fill_resting(order.order_id, "3.00")
    after, _ = await decrease(floor.desk, order, Contracts.parse("6.00"))
    assert (*terms(after), str(after.filled)) == ("0.4100", "9.00", Pending.NONE, "3.00")


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED])
async def test_an_unknown_change_counts_at_its_worst_until_it_is_read_back(floor, fault):
    order = await rested(floor)
    floor.exchange.amending = [fault]
    floor.exchange.hidden_reads = 0
    after, answer = await reprice(floor.desk, order, to(order, "0.4000", "4.00"))
    assert answer.kind is AmendmentKind.UNKNOWN
    if fault is Fault.UNANSWERED:  # read back at once
        assert terms(after) == ("0.4000", "4.00", Pending.NONE)
        return
    assert (after.pending, str(after.remaining), str(after.worst_limit)) == (
        Pending.AMEND, "10.00", "0.4100",
    )  # fmt: skip
    await floor.reconcile()
    assert (await floor.order()).pending is Pending.AMEND  # reads lag writes
    floor.clock.now_us += 10 * SECOND
    await floor.reconcile()
    assert terms(await floor.order()) == ("0.4100", "10.00", Pending.NONE)


async def test_an_order_that_grew_unanswered_may_fill_all_of_it(floor):
    """Its fills are heard of before its terms are: no alarm, for that many were asked for."""
    order = await rested(floor)
    floor.exchange.amending = [Fault.UNANSWERED]
    read, floor.exchange.order = floor.exchange.order, no_order
    await reprice(floor.desk, order, to(order, "0.4200", "15.00"))
    floor.exchange.fill_resting(order.order_id, "12.00")
    assert (await hear(floor.exchange, floor.desk, floor.exchange.all_fills, ())).alarms == ()
    after = await floor.order()
    assert (after.state, str(after.filled)) == (OrderState.PARTIALLY_FILLED, "12.00")
    floor.exchange._cancel_one(order.order_id)
    floor.exchange.order = read
    found = await floor.reconcile()
    after = await floor.order()
    assert (found.alarms, found.is_settled, after.state) == ((), True, OrderState.CANCELED)
    assert (*terms(after), str(after.filled)) == ("0.4200", "15.00", Pending.NONE, "12.00")
    assert (await floor.store.audit.check()).findings == ()


async def test_a_cancel_of_an_order_that_may_have_grown_tells_not_what_filled(floor):
    """Five of fifteen have filled, and ten are taken back: as many as it had before it grew."""
    order = await rested(floor)
    floor.exchange.amending = [Fault.UNANSWERED]
    read, floor.exchange.order = floor.exchange.order, no_order
    order, _ = await reprice(floor.desk, order, to(order, "0.4200", "15.00"))
    floor.exchange.fill_resting(order.order_id, "5.00")
    after, answer = await cancel(floor.desk, order, "a test")
    assert (answer.kind, str(answer.reduced_by)) == (CancellationKind.CANCELED, "10.00")
    assert (after.state, str(after.remaining)) == (OrderState.RESTING, "15.00")
    floor.exchange.order = read
    await floor.reconcile()
    after = await floor.order()
    assert (after.state, str(after.filled)) == (OrderState.CANCELED, "5.00")
    assert (await floor.store.audit.check()).findings == ()


async def no_order(_order_id):
    """The exchange, where an order is not shown yet."""


async def test_a_change_that_ran_out_of_time_is_not_thought_undone_at_once(floor):
    """No answer for 20 seconds: what is read right after it lags as behind any other write."""
    order = await rested(floor)
    floor.exchange.amending = [Fault.LOST]
    real = floor.exchange.amend

    async def slow(*asked, **permitted):
        floor.clock.now_us += 20 * SECOND
        return await real(*asked, **permitted)

    floor.exchange.amend = slow
    after, answer = await reprice(floor.desk, order, to(order, "0.4200"))
    assert answer.kind is AmendmentKind.UNKNOWN
    assert (after.pending, str(after.worst_limit)) == (Pending.AMEND, "0.4200")


async def test_an_order_changed_by_hand_counts_as_it_is(floor):
    """Moved from 10 at 41 cents to 50 at 42 on the exchange's own page; reads may lag for 10 s."""
    order = await rested(floor)
    by_hand = {"price": Price.parse("0.4200"), "remaining": Contracts.parse("50.00")}
    report = floor.exchange.reports[order.order_id]
    floor.exchange.reports[order.order_id] = replace(
        report, **by_hand, initial=by_hand["remaining"]
    )
    await floor.reconcile()
    assert terms(await floor.order()) == ("0.4100", "10.00", Pending.NONE)
    floor.clock.now_us += 10 * SECOND
    await floor.reconcile()
    assert terms(await floor.order()) == ("0.4200", "50.00", Pending.NONE)


async def test_a_refused_change_leaves_the_order_as_it_was(floor):
    order = await rested(floor)
    floor.exchange.amending = [Fault.REFUSED]
    after, answer = await reprice(floor.desk, order, to(order))
    assert answer.kind is AmendmentKind.REFUSED
    assert terms(after) == ("0.4100", "10.00", Pending.NONE)
    assert await floor.order() == after


async def test_a_change_of_an_order_that_is_gone_proves_nothing(floor):
    order = await rested(floor)
    floor.exchange.fill_resting(order.order_id, "10.00")
    after, answer = await reprice(floor.desk, order, to(order))
    assert (answer.kind, after.state, str(after.filled)) == (
        AmendmentKind.GONE, OrderState.FILLED, "10.00",
    )  # fmt: skip


@pytest.mark.parametrize("change", ["smaller", "moved"])
async def test_a_change_that_is_not_asked_for_is_not_on_record(floor, change):
    order = await send(floor.desk, waiting(floor.clock))
    await cancel(floor.desk, order, "a test")  # by another lane; `order` is as it was before
    before = (await follow_order(floor.store.reports, order.client_order_id)).events
    if change == "smaller":
        after, answer = await decrease(floor.desk, order, Contracts.parse("4"))
    else:
        terms = Terms(Price.parse("0.3900"), order.intent.count, order.intent.expires_us)
        after, answer = await reprice(floor.desk, order, terms)
    assert (after.state, answer.code) == (OrderState.CANCELED, "not_working")
    assert (await follow_order(floor.store.reports, order.client_order_id)).events == before


async def test_a_halted_desk_makes_orders_smaller_and_moves_none(floor):
    order = await rested(floor)
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="t", who="t")
    after, answer = await reprice(floor.desk, order, to(order, "0.4200"))
    assert (answer.kind, answer.code) == (AmendmentKind.REFUSED, "halted")
    assert floor.exchange.reports[order.order_id].price == Price.parse("0.4100")
    after, answer = await decrease(floor.desk, after, Contracts.parse("1.00"))
    assert (answer.kind, str(after.intent.count)) == (AmendmentKind.AMENDED, "1.00")


async def test_several_orders_are_canceled_by_one_request_each_for_itself(floor):
    one, two = await rested(floor), await rested(floor, ticker=B)
    floor.exchange.fill_resting(one.order_id, "10.00")
    batches = []
    real = floor.exchange.cancel_batch

    async def counted(orders):
        batches.append(len(orders))
        return await real(orders)

    floor.exchange.cancel_batch = counted
    answers = await cancel_many(floor.desk, {one: "a test", two: "another"})
    assert [str(answer.kind) for _, answer in answers] == ["gone", "canceled"]
    assert [order.state for order, _ in answers] == [OrderState.RESTING, OrderState.CANCELED]
    assert batches == [2]


# The desk's use of it.


def policy(**limits):
    base = the_policies("oracle").trading
    return replace(base, limits=replace(base.limits, **limits))


async def resting_entry(floor):
    """A bid of 100 at 41 cents on a fair value of 60, of an order that asked for pauses."""
    await floor.reconcile()
    await floor.forecast(A, name="fa")
    return await rested(floor, count="100.00", forecast_id="fa", fair=0.60)


async def traded(floor, **limits):
    return await trade(floor.exchange, floor.desk, policy=policy(**limits))


async def test_an_entry_that_is_too_large_now_is_made_smaller(floor):
    order = await resting_entry(floor)
    result = await traded(floor, max_single_position=0.02)
    # 2 % of $1,000 at 41 cents: 48 contracts, whose place in the queue stays
    assert [(o.client_order_id, *terms(o)) for o in result.changed] == [
        (order.client_order_id, "0.4100", "48.00", Pending.NONE)
    ]
    assert (result.canceled, result.orders) == ((), ())


async def test_an_entry_that_is_right_is_left_alone(floor):
    await resting_entry(floor)
    result = await traded(floor)
    assert (result.changed, result.canceled) == ((), ())


async def test_an_entry_whose_price_does_not_pay_moves_where_it_does(floor):
    """The forecast leans on what others want, 40 cents now: our own bid of 41 is no part of it.

    logit 0.40 = -0.4055, and a tenth of the way to logit 0.42 = -0.3228 is -0.3972: 40.20 cents.
    Nothing is left of that by a bid of 41, by one of 40 a fifth of a cent, by one of 39 what pays.
    """
    await floor.reconcile()
    await floor.forecast(A, p=0.42, name="fa", weight=0.10)
    order = await rested(floor, forecast_id="fa", fair=0.4300)
    floor.exchange.set_book(A, (("0.3800", "100.00"),), (("0.4200", "100.00"),))
    await floor.ingest()
    result = await traded(floor)
    assert [(o.client_order_id, *terms(o)) for o in result.changed] == [
        (order.client_order_id, "0.3900", "10.00", Pending.NONE)
    ]
    assert floor.exchange.reports[order.order_id].price == Price.parse("0.3900")


async def test_an_entry_that_would_wait_behind_others_goes(floor):
    await floor.reconcile()
    await floor.forecast(A, p=0.42, name="fa", weight=0.10)
    await rested(floor, forecast_id="fa", fair=0.4300)
    floor.exchange.set_book(A, (("0.4100", "5.00"),), (("0.4200", "100.00"),))
    await floor.ingest()
    result = await traded(floor)
    assert [o.state for o in result.canceled] == [OrderState.CANCELED]


async def test_an_entry_on_an_older_forecast_that_does_not_pay_goes(floor):
    await resting_entry(floor)
    floor.clock.now_us += MINUTE
    await floor.forecast(A, p=0.30, name="fb", blended=0.30)
    result = await traded(floor)
    assert [o.state for o in result.canceled] == [OrderState.CANCELED]


@pytest.mark.parametrize("advice", [Advice(None), Advice(Side.BID, Price.parse("0.4000"))])
async def test_an_entry_that_a_trader_would_not_make_again_goes(floor, advice):
    await resting_entry(floor)
    floor.clock.now_us += MINUTE
    await floor.forecast(A, name="fb", advice=advice)
    result = await traded(floor)
    assert [o.state for o in result.canceled] == [OrderState.CANCELED]


async def test_a_cancel_that_was_lost_is_asked_for_again(floor):
    await resting_entry(floor)
    floor.clock.now_us += MINUTE
    await floor.forecast(A, p=0.30, name="fb", blended=0.30)
    floor.exchange.cancelling = [Fault.LOST]
    await traded(floor)
    assert (await floor.order()).pending is Pending.CANCEL
    floor.clock.now_us += 10 * SECOND
    result = await traded(floor)
    assert [o.state for o in result.canceled] == [OrderState.CANCELED]


async def test_orders_off_a_grid_that_changed_go_and_new_ones_keep_to_it(floor):
    await resting_entry(floor)
    market = floor.exchange.markets[A]
    floor.exchange.markets[A] = replace(market, grid=FIVE_CENTS, updated_us=floor.clock.now())
    policies = the_policies("oracle")
    await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)
    gone = await floor.order()
    assert gone.state is OrderState.CANCELED
    trail = await follow_order(floor.store.reports, gone.client_order_id)
    told = [event.detail for event in trail.events if event.cause is Cause.CANCEL]
    assert told == ["its market has no such price any more"]
    await floor.forecast(A, name="fb")
    floor.exchange.set_book(A, (("0.4000", "100.00"),), (("0.4500", "100.00"),))
    await floor.ingest()
    (order,) = (await traded(floor)).orders
    assert FIVE_CENTS.contains(order.intent.limit)
    assert order.state is OrderState.FILLED


async def test_resting_exits_are_cut_to_what_is_held(floor):
    await floor.reconcile()
    await send(floor.desk, replace(waiting(floor.clock, limit="0.4400"), post_only=False))
    await floor.reconcile()
    exits = {"purpose": Purpose.EXIT, "side": Side.ASK, "limit": "0.5000"}
    old = await rested(floor, **exits, count="6.00")
    new = await rested(floor, **exits, count="4.00")
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    # Somebody sells 5 by hand: 5 are held, the older exit keeps them and the newer one goes.
    async with floor.store.unit() as unit:
        (position,) = await unit.ledger.positions()
    shrunk = replace(position, net=Contracts.parse("5.00"))
    assert [(o.client_order_id, str(keep)) for o, keep in cuts([shrunk], [new, old])] == [
        (old.client_order_id, "5.00"), (new.client_order_id, "0.00"),
    ]  # fmt: skip
    async with floor.store.unit() as unit:
        await unit.ledger.save_positions([shrunk])
        await unit.commit()
    policies = the_policies("oracle")
    await track(floor.exchange, floor.desk, exits=(), policy=policies.trading)
    left = {o.client_order_id: (o.state, str(o.remaining)) for o in await floor.orders()}
    assert left[old.client_order_id] == (OrderState.RESTING, "5.00")
    assert left[new.client_order_id] == (OrderState.CANCELED, "0.00")
