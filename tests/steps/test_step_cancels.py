"""What a cancel tells, and what it does not."""

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, waiting

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderState, Pending
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import Cancellation, CancellationKind, OrderAddress
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import send

pytestmark = pytest.mark.databases


async def test_what_a_cancel_did_not_take_back_was_filled(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    after, _ = await cancel(floor.desk, order, "a test")
    assert (after.state, str(after.filled)) == (OrderState.CANCELED, "4.00")
    async with floor.store.unit() as unit:
        assert await unit.journal.unbooked() == (after,)
    found = await floor.reconcile()
    assert (found.unbooked, await floor.nets()) == ((), {(A, STRATEGY): "4.00"})


async def test_a_cancel_of_a_whole_order_fills_nothing(floor):
    after, _ = await cancel(floor.desk, await send(floor.desk, waiting(floor.clock)), "a test")
    assert (after.state, after.filled.units) == (OrderState.CANCELED, 0)


async def test_a_cancel_that_is_refused_is_not_pending(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.REFUSED]
    after, answer = await cancel(floor.desk, order, "a test")
    assert (answer.kind, after.pending) == (CancellationKind.REFUSED, Pending.NONE)
    assert (await floor.order()).pending is Pending.NONE


async def test_an_order_made_smaller_by_hand_and_canceled_has_no_fills(floor):
    order = await send(floor.desk, waiting(floor.clock))
    await floor.exchange.decrease(OrderAddress(order.order_id, A), Contracts.parse("6"))
    after, answer = await cancel(floor.desk, order, "a test")
    assert str(answer.reduced_by) == "6.00"
    assert (after.state, after.filled.units) == (OrderState.CANCELED, 0)
    async with floor.store.unit() as unit:
        assert await unit.journal.unbooked() == ()


class Miscounts:
    """The exchange, that says of each cancel that it took back so many contracts."""

    def __init__(self, exchange, reduced_by):
        self.exchange, self.reduced_by = exchange, reduced_by

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def cancel(self, *where):
        answer = await self.exchange.cancel(*where)
        return Cancellation(answer.kind, Contracts.parse(self.reduced_by))


@pytest.mark.parametrize("reduced_by", ["0.00", "3.00", "999.00"])
async def test_a_cancel_that_does_not_add_up_books_nothing(floor, reduced_by):
    order = await send(floor.desk, waiting(floor.clock))
    after, _ = await cancel(floor.desk_on(Miscounts(floor.exchange, reduced_by)), order, "a test")
    assert (after.state, after.pending, after.filled.units) == (
        OrderState.CANCELED,
        Pending.NONE,
        0,
    )


async def test_what_cannot_be_read_back_is_left_to_the_next_reconciliation(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    floor.exchange.reading = [Unavailable("down")]
    after, answer = await cancel(floor.desk, order, "a test")
    assert answer.kind is CancellationKind.CANCELED
    assert (after.state, after.pending, after.filled.units) == (
        OrderState.RESTING,
        Pending.CANCEL,
        0,
    )
    await floor.reconcile()
    after = await floor.order()
    assert (after.state, after.pending, str(after.filled)) == (
        OrderState.CANCELED,
        Pending.NONE,
        "4.00",
    )
    assert await floor.nets() == {(A, STRATEGY): "4.00"}
