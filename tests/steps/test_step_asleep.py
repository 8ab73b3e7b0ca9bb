"""A machine that slept in the middle of its work: nothing goes out that was decided before."""

import asyncio
from dataclasses import dataclass

import pytest
from fakes.clock import FakeClock
from fakes.floor import A, taking, the_policies, waiting
from fakes.hooked import Hooked

from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseRanOut
from kalshi_cli.steps.execution import SENT_WITHIN_US, send
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases


@dataclass
class Renewed:
    """A lease that its keeper has renewed already."""

    token: str

    def check(self):
        pass


@dataclass
class RanOut(Renewed):
    """A lease that its keeper, asleep as well, renews no sooner than we look at it."""

    clock: FakeClock
    until_wall_us: int

    def check(self):
        if self.clock.wall() >= self.until_wall_us:
            raise LeaseRanOut("It has run out.")


def asleep(floor, span_us):
    """The machine sleeps after the intent is journalled, before the request goes."""

    async def sleeps(_client_order_id):
        floor.clock.now_us += span_us
        floor.clock.wall_us += span_us

    return floor.desk_on(Hooked(floor.exchange, sleeps))


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
async def test_an_order_decided_before_a_sleep_is_not_sent_after_it(floor, purpose):
    await floor.reconcile()
    intent = taking()
    if purpose is Purpose.EXIT:
        await send(floor.desk, intent)
        await floor.reconcile()
        intent = taking(Side.ASK, "0.4000", purpose=Purpose.EXIT, reduce_only=True)
    sent = len(floor.exchange.placed)
    desk = asleep(floor, 3 * HOUR)
    desk.sequence, desk.lease = floor.desk.sequence, Renewed(desk.lease.token)
    order = await send(desk, intent)
    assert order.state is OrderState.NOT_SENT
    assert "decided 3h ago" in order.message
    assert len(floor.exchange.placed) == sent


async def test_an_order_whose_lease_ran_out_meanwhile_is_searched_for_and_found_absent(floor):
    """Who woke before its lease was renewed writes nothing; reconciling settles it."""
    await floor.reconcile()
    desk = asleep(floor, 3 * HOUR)
    desk.lease = RanOut(desk.lease.token, floor.clock, floor.clock.wall() + MINUTE)
    with pytest.raises(LeaseRanOut):
        await send(desk, taking())
    assert floor.exchange.placed == []
    assert (await floor.order()).state is OrderState.INTENT
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.ABSENT


async def test_one_that_waited_its_turn_is_sent(floor):
    await floor.reconcile()
    order = await send(asleep(floor, SENT_WITHIN_US), taking())
    assert order.state is OrderState.FILLED


async def test_what_was_not_sent_for_a_sleep_may_be_decided_again(floor):
    """It used up neither the forecast nor the market."""
    await floor.reconcile()
    await floor.forecast(A)
    desk = asleep(floor, 11 * SECOND)
    assert (await send(desk, taking(forecast_id="f1"))).state is OrderState.NOT_SENT
    floor.desk.sequence = desk.sequence
    assert (await send(floor.desk, taking(forecast_id="f1"))).state is OrderState.FILLED


async def slept(floor, span_us):
    """Between two rounds, with nothing under way; the lease's keeper is awake again."""
    floor.clock.now_us += span_us
    floor.clock.wall_us += span_us
    async with asyncio.timeout(20):
        while has_run_out(floor.desk.lease):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # noqa: TID251


def has_run_out(lease):
    try:
        lease.check()
    except LeaseRanOut:
        return True
    return False


async def traded(floor):
    return await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)


def codes(result):
    return {(each.denial.code, each.denial.detail.split()[1]) for each in result.denied}


async def test_after_three_hours_the_quotes_of_before_are_dropped(floor):
    """The books are read again; what the fair value is anchored to is three hours old."""
    await floor.ingest()
    await floor.forecast(A, p=0.60)
    await slept(floor, 3 * HOUR)
    result = await traded(floor)
    assert (codes(result), result.orders) == ({("STALE", "quote")}, ())
    await floor.ingest()
    assert len((await traded(floor)).orders) == 1


async def test_after_a_night_the_forecasts_of_before_are_dropped(floor):
    """Fresh quotes do not make a forecast fresh."""
    await floor.ingest()
    await floor.forecast(A, p=0.60)
    await slept(floor, 7 * HOUR)
    await floor.ingest()
    result = await traded(floor)
    assert (codes(result), result.orders) == ({("STALE", "forecast")}, ())


@pytest.mark.parametrize(("hours", "canceled"), [(3, 0), (7, 1)])
async def test_an_entry_that_rests_on_a_forecast_of_before_the_night_is_cancelled(
    floor, hours, canceled
):
    await floor.ingest()
    await floor.forecast(A, p=0.60)
    await floor.reconcile()
    await send(floor.desk, waiting(floor.clock, forecast_id="f1", expires_us=None))
    await slept(floor, hours * HOUR)
    await floor.ingest()
    result = await traded(floor)
    assert len(result.canceled) == canceled
