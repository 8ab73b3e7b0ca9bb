"""What a cancel tells, and what it does not."""

from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, waiting

from kalshi_cli.domain.order import OrderState, Pending
from kalshi_cli.ports.exchange import CancellationKind
from kalshi_cli.steps.execution import cancel, send


async def test_what_a_cancel_did_not_take_back_was_filled(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    after, _ = await cancel(floor.desk, order)
    assert (after.state, str(after.filled)) == (OrderState.CANCELED, "4.00")
    async with floor.store.unit() as unit:
        assert await unit.journal.unbooked() == (after,)
    found = await floor.reconcile()
    assert (found.unbooked, await floor.nets()) == ((), {(A, STRATEGY): "4.00"})


async def test_a_cancel_of_a_whole_order_fills_nothing(floor):
    after, _ = await cancel(floor.desk, await send(floor.desk, waiting(floor.clock)))
    assert (after.state, after.filled.units) == (OrderState.CANCELED, 0)


async def test_a_cancel_that_is_refused_is_not_pending(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.REFUSED]
    after, answer = await cancel(floor.desk, order)
    assert (answer.kind, after.pending) == (CancellationKind.REFUSED, Pending.NONE)
    assert (await floor.order()).pending is Pending.NONE
