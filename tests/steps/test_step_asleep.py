"""A machine that slept in the middle of its work: nothing goes out that was decided before."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from fakes.clock import FakeClock
from fakes.floor import ASKS, A, B, taking, the_policies, waiting
from fakes.hooked import Hooked

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseRanOut
from kalshi_cli.steps.emptying import cancel_everything
from kalshi_cli.steps.execution import SENT_WITHIN_US, send
from kalshi_cli.steps.ingest import ingest
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track
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


async def clock_was_ahead(floor, span_us):
    """What was read and forecast by a clock that ran ahead, until it was set right."""
    floor.clock.now_us += span_us
    await floor.ingest()
    await floor.forecast(A, p=0.60)
    floor.clock.now_us -= span_us


async def quoted(floor):
    async with floor.store.unit() as unit:
        (entry,) = await unit.catalog.entries([A])
    return str(entry.quote.bid.price), entry.quote.at_us - floor.clock.now(), entry.market.status


@pytest.mark.parametrize("bid", ["0.4000", "0.3000"])
async def test_what_was_read_by_a_clock_that_was_ahead_is_no_newer_than_what_is_read_now(
    floor, bid
):
    await clock_was_ahead(floor, 8 * HOUR)
    floor.exchange.set_book(A, ((bid, "100.00"),), ASKS)
    closed = replace(floor.exchange.markets[B], status=MarketStatus.CLOSED)
    floor.exchange.markets[B] = closed
    for _ in range(2):
        floor.clock.now_us += MINUTE
        result = await floor.ingest()
        assert await quoted(floor) == (bid, 0, MarketStatus.ACTIVE)
    async with floor.store.unit() as unit:
        (other,) = await unit.catalog.entries([B])
    assert other.market.status is MarketStatus.CLOSED
    assert result.kind == "delta"


async def test_changes_are_read_since_what_was_read_by_the_clock_as_it_is(floor):
    """Not since an instant that is to come."""
    await clock_was_ahead(floor, 8 * HOUR)
    floor.clock.now_us += 8 * HOUR + 5 * MINUTE
    assert (await floor.ingest()).kind == "delta"
    floor.clock.now_us -= 8 * HOUR
    asked = []

    class Noted(Hooked):
        async def updated_markets(self, min_us, cursor=""):
            asked.append(min_us)
            return await self.exchange.updated_markets(min_us, cursor)

    for kind in ("full", "delta"):
        floor.clock.now_us += MINUTE
        notices, filters = floor.notices, the_policies().filters
        data = Noted(floor.exchange, None)
        done = await ingest(
            data, notices, floor.store, floor.clock, filters=filters, run_id=floor.run.run_id
        )
        assert done.kind == kind
    assert asked == [floor.clock.now() - 2 * MINUTE]


async def test_a_forecast_of_a_clock_that_was_ahead_is_not_traded_on(floor):
    await clock_was_ahead(floor, 8 * HOUR)
    await floor.ingest()
    result = await traded(floor)
    assert (codes(result), result.orders) == ({("STALE", "forecast")}, ())


async def test_an_entry_that_rests_on_a_forecast_of_a_clock_that_was_ahead_is_cancelled(floor):
    await clock_was_ahead(floor, 8 * HOUR)
    await floor.ingest()
    await floor.reconcile()
    await send(floor.desk, waiting(floor.clock, forecast_id="f1", expires_us=None))
    assert len((await traded(floor)).canceled) == 1


async def test_a_sweep_that_a_clock_that_was_ahead_saw_begin_is_over(floor):
    """It lasts a minute; what the note says is hours away."""
    await floor.reconcile()
    floor.clock.now_us += 8 * HOUR
    await cancel_everything(floor.exchange, floor.desk)
    floor.clock.now_us -= 8 * HOUR
    assert (await send(floor.desk, taking())).state is OrderState.FILLED
    await cancel_everything(floor.exchange, floor.desk)
    floor.clock.now_us -= MINUTE
    assert (await send(floor.desk, taking())).state is OrderState.NOT_SENT


async def test_a_person_who_resumed_by_a_clock_that_was_ahead_took_note_of_nothing(floor):
    """The drawdown is measured from the peak of ever: $1,000, of which $4 are lost."""
    await floor.reconcile()
    policy = the_policies().trading
    await track(floor.exchange, floor.desk, exits=(), policy=policy)
    floor.clock.now_us += 8 * HOUR
    halted, active = DeskState.HALTED, DeskState.ACTIVE
    for state in (halted, active):
        await set_desk_state(floor.store, floor.clock, state, reason="test", who="me")
    floor.clock.now_us -= 8 * HOUR
    await send(floor.desk, taking(count="100.00"))
    policy = replace(policy, limits=replace(policy.limits, max_drawdown=0.003))
    found = await track(floor.exchange, floor.desk, exits=(), policy=policy)
    assert found.reduced.detail == "down $4.00 from the peak, at most $3.00"
