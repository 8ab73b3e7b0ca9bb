"""An order taken for refused or not sent that rests at the exchange is ours, and alarms."""

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, taking, waiting

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderState
from kalshi_cli.ports.exchange import Cancellation, CancellationKind
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import What
from kalshi_cli.steps.execution import send

pytestmark = pytest.mark.databases


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.NOT_SENT])
async def test_what_rests_after_all_is_adopted_and_alarms(floor, fault):
    floor.exchange.placing = [fault]
    order = await send(floor.desk, waiting(floor.clock))
    resting = await floor.exchange.place(order.client_order_id, order.intent)
    found = await floor.reconcile()
    adopted = await floor.order()
    assert (adopted.state, adopted.order_id) == (OrderState.RESTING, resting.order_id)
    assert (found.changed, found.foreign) == ((adopted,), ())
    assert found.alarms == (
        f"order {order.client_order_id} in {A} was given up as {order.state}, but the exchange has "
        "it: adopted as resting",
    )
    floor.exchange.fill_resting(resting.order_id, "10.00")
    assert (await floor.reconcile()).alarms == ()
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.NOT_SENT, Fault.LOST])
async def test_what_filled_after_all_is_attributed_to_it_and_alarms(floor, fault):
    """An order that no list of resting orders ever shows, because it filled at once."""
    floor.exchange.placing = [fault]
    order = await send(floor.desk, taking())
    await floor.reconcile()
    given_up = await floor.order()
    await floor.exchange.place(order.client_order_id, order.intent)
    found = await floor.reconcile()
    assert found.alarms == (
        f"order {order.client_order_id} in {A} was given up as {given_up.state}, but the exchange "
        "has it: adopted as filled",
    )
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert ((await floor.order()).state, found.differences) == (OrderState.FILLED, ())


async def test_fills_of_another_order_under_its_id_are_not_ours_and_alarm(floor):
    floor.exchange.placing = [Fault.REFUSED]
    order = await send(floor.desk, taking())
    await floor.exchange.place(order.client_order_id, taking(count="3.00"))
    found = await floor.reconcile()
    assert found.alarms == (
        f"order {order.client_order_id} exists at the exchange with other terms: bid 3.00 {A} at "
        "0.4400",
    )
    assert await floor.nets() == {(A, EXTERNAL): "3.00"}


async def test_another_order_under_its_id_is_foreign(floor):
    floor.exchange.placing = [Fault.REFUSED]
    order = await send(floor.desk, waiting(floor.clock))
    other = waiting(floor.clock, count="3.00")
    await floor.exchange.place(order.client_order_id, other)
    found = await floor.reconcile()
    assert [report.initial for report in found.foreign] == [Contracts.parse("3.00")]
    assert (await floor.order()).state is OrderState.REJECTED


async def test_what_rests_though_its_cancel_was_answered_is_counted_and_alarms(floor):
    """Reads lag at first; ten seconds later the answer was wrong."""

    class Says:
        def __getattr__(self, name):
            return getattr(floor.exchange, name)

        async def cancel(self, order_id, ticker, exchange_index):
            return Cancellation(CancellationKind.CANCELED, Contracts.parse("10.00"))

    await floor.reconcile()
    order = await send(floor.desk, waiting(floor.clock))
    ended, _ = await cancel(floor.desk_on(Says()), order, "a test")
    assert ended.state is OrderState.CANCELED
    found = await floor.reconcile()
    assert (found.foreign, found.alarms) == ((), ())
    floor.clock.now_us += 10 * SECOND
    found = await floor.reconcile()
    assert [report.order_id for report in found.foreign] == [order.order_id]
    assert found.alarms == (
        f"order {order.client_order_id} in {A} rests at the exchange, which told that it was "
        "canceled: cancel it there",
    )
    told, _, _ = await compare(
        floor.exchange, floor.store, floor.clock, archive=None, treasury=None
    )
    assert [(d.what, d.subject, d.ours, d.theirs, d.repair) for d in told.discrepancies] == [
        (What.ORDER, order.client_order_id, "canceled 0.00", "resting 0.00", "")
    ]
