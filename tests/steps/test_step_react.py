"""Acting on the stream: at once, once, and as polling would have."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pytest
from fakes.decisions import a_plan
from fakes.exchange import Fault
from fakes.floor import (
    ASKS,
    EVENT,
    STRATEGY,
    A,
    B,
    Floor,
    open_floor,
    taking,
    the_policies,
    waiting,
)
from fakes.heard import FakeStream
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import READS_LAG_US, Fill, OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import StoreBusy, Unavailable
from kalshi_cli.ports.store import Store
from kalshi_cli.ports.stream import EventFees, Link, Read, Resync, StreamEvent
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.guarding import PAUSE_US, REFUSED_PAUSE_US, FeesTold, Guard
from kalshi_cli.steps.react import Reacted, attend, listen, react
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import Exited, track

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")
FALLEN = (("0.1900", "100.00"), ("0.1800", "100.00"))


class Acted(NamedTuple):
    exits: tuple[Exited, ...]
    fills: tuple[Fill, ...]
    due: tuple[str, ...]


@dataclass
class Watching:
    """A floor whose guard hears the exchange's stream."""

    floor: Floor
    stream: FakeStream = field(init=False)
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.stream = FakeStream(self.floor.exchange)
        self.guard = Guard(POLICIES.exits)

    def hear(self) -> bool:
        """Take what the stream tells; whether that asks for anything."""
        for event in self.stream.told():
            self.guard.hear(event, self.floor.clock.now())
        return self.guard.has_news or bool(self.guard.armed)

    def leave(self) -> Awaitable[Reacted]:
        return react(self.floor.desk, self.stream, self.guard, policy=POLICIES.trading)

    async def react(self) -> Acted:
        """What the two lanes would do of what is known now: exits first, then the books."""
        first = await self.leave()
        floor = self.floor
        heard = await attend(
            floor.exchange, floor.desk, self.stream, self.guard, policy=POLICIES.trading
        )
        second = await self.leave()
        due = (*heard.due, *self.guard.take_due())
        return Acted(first.exits + second.exits, heard.fills, due)

    async def begin(self) -> None:
        """Look once, and hear the books of what is held."""
        self.hear()
        await self.react()
        self.hear()
        await self.react()

    async def track(self):
        floor = self.floor
        return await track(
            floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading
        )

    async def hold(self, side=Side.BID, ticker=A, **plan) -> None:
        """Ten contracts of 0.44 YES, or of 0.60 NO, with this exit plan; booked."""
        await self.floor.reconcile()
        limit = "0.4400" if side is Side.BID else "0.4000"
        made = a_plan(ticker, STRATEGY, **plan)
        await send(self.floor.desk, taking(side, limit, ticker=ticker), made)
        await self.floor.reconcile()


@pytest.fixture
async def watching(floor):
    return Watching(floor)


async def test_a_book_that_falls_below_the_stop_is_left_at_once(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    assert watching.stream.followed == {A}
    assert not watching.hear()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    assert watching.hear()
    done = await watching.react()
    (exited,) = done.exits
    intent = exited.order.intent
    assert (exited.reason.code, str(intent.limit), str(intent.count)) == (
        "STOP_LOSS",
        "0.1600",
        "10.00",
    )
    assert (intent.time_in_force, intent.reduce_only, intent.purpose) == (
        TimeInForce.IOC,
        True,
        Purpose.EXIT,
    )
    assert done.due == ("an exit was sent",)
    # The stream tells of the fill; then nothing is held and nothing is followed.
    watching.hear()
    booked = await watching.react()
    assert [str(fill.count) for fill in booked.fills] == ["10.00"]
    assert await watching.floor.nets() == {}
    assert watching.stream.followed == set()
    # 1,000 - 4.40 + 1.90
    assert await watching.floor.cash() == "997.500000"
    found = (await watching.track()).reconciled
    assert (found.complete, found.differences, found.new_fills) == (True, (), ())


async def test_one_exit_at_a_time_whatever_the_book_does(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    for price in ("0.1900", "0.1800", "0.1700"):
        watching.floor.exchange.set_book(A, ((price, "3.00"),), ASKS)
        watching.hear()
        await watching.react()
    orders = [o for o in await watching.floor.orders() if o.intent.purpose is Purpose.EXIT]
    assert [str(order.filled) for order in orders] == ["3.00"]
    watching.floor.clock.now_us += PAUSE_US
    watching.floor.exchange.set_book(A, (("0.1600", "50.00"),), ASKS)
    watching.hear()
    (exited,) = (await watching.react()).exits
    assert (str(exited.order.intent.count), exited.order.state) == ("7.00", OrderState.FILLED)


async def test_a_clock_that_is_set_back_lengthens_no_pause_after_an_exit(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, (("0.1900", "3.00"),), ASKS)
    for _ in range(2):  # the exit goes, and is booked
        watching.hear()
        await watching.react()
    watching.floor.clock.now_us -= HOUR
    watching.floor.exchange.set_book(A, (("0.1800", "50.00"),), ASKS)
    watching.hear()
    (exited,) = (await watching.react()).exits
    assert (str(exited.order.intent.count), exited.order.state) == ("7.00", OrderState.FILLED)


async def test_a_lost_book_arms_nothing(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.stream.lost.add(A)
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    assert (await watching.react()).exits == ()
    watching.stream.lost.clear()
    watching.hear()
    assert len((await watching.react()).exits) == 1


async def test_a_book_lost_between_its_change_and_the_exit_sends_nothing(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    assert watching.hear()
    watching.stream.lost.add(A)
    assert (await watching.react()).exits == ()


async def test_a_book_that_is_back_in_a_moment_is_left_then(watching):
    """Crossed within an action, it is not to be had for an instant: nothing was tried."""
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    watching.stream.lost.add(A)
    assert (await watching.leave()).exits == ()
    watching.stream.lost.clear()
    watching.floor.exchange.set_book(A, FALLEN[:1], ASKS)
    watching.hear()
    (exited,) = (await watching.leave()).exits
    assert exited.order.state is OrderState.FILLED


async def test_a_silent_stream_is_no_fresh_book(watching):
    """Fault 24: the connection lives, and tells nothing; the staleness control refuses."""
    await watching.hold(leave_by_us=watching.floor.clock.now() + MINUTE)
    await watching.begin()
    watching.stream.heard_us = watching.floor.clock.now()
    watching.floor.clock.now_us += MINUTE
    (exited,) = (await watching.react()).exits
    assert (exited.order, exited.denial.code) == (None, "STALE")
    watching.stream.heard_us = watching.floor.clock.now()
    watching.floor.clock.now_us += PAUSE_US
    (exited,) = (await watching.react()).exits
    assert exited.order.state is OrderState.FILLED


@dataclass
class Looks:
    """A store that counts its transactions, and tells of changes unless it cannot."""

    store: Store
    tells: bool = True
    count: int = 0

    def unit(self, *, reads=False):
        self.count += 1
        return self.store.unit(reads=reads)

    async def brakes(self, cooling):
        return await self.store.brakes(cooling)

    def changes(self):
        return self.store.changes() if self.tells else None


@pytest.mark.parametrize("tells", [True, False])
async def test_what_nobody_has_changed_is_not_read_again(watching, tells):
    """A minute after the last order, for these are counted by the minute."""
    leave_by_us = watching.floor.clock.now() + 2 * MINUTE
    await watching.hold(leave_by_us=leave_by_us)
    watching.floor.clock.now_us += MINUTE + 1
    await watching.begin()
    watching.floor.desk.store = looks = Looks(watching.floor.store, tells)
    for _ in range(3):
        await watching.react()
    is_told = tells and not watching.floor.store.location.is_postgres  # which tells nobody
    assert looks.count == (0 if is_told else 3)
    # Time goes on all the same, and what is written is read.
    watching.floor.clock.now_us = leave_by_us
    (exited,) = (await watching.react()).exits
    assert (exited.reason.code, exited.order.state) == ("TIME_LIMIT", OrderState.FILLED)
    watching.hear()
    await watching.react()
    assert watching.guard.held.view.positions == ()


async def test_orders_of_the_last_minute_are_counted_until_there_are_none(watching):
    await watching.hold()
    await watching.begin()
    assert watching.guard.held.view.orders_last_minute == 1
    watching.floor.clock.now_us += MINUTE + 1
    await watching.react()
    assert watching.guard.held.view.orders_last_minute == 0


async def test_time_is_up_without_a_change_of_the_book(watching):
    await watching.hold(leave_by_us=watching.floor.clock.now() + MINUTE)
    await watching.begin()
    watching.floor.clock.now_us += MINUTE
    assert not watching.hear()
    (exited,) = (await watching.react()).exits
    assert (exited.reason.code, exited.order.state) == ("TIME_LIMIT", OrderState.FILLED)


async def test_an_entry_that_rests_in_the_way_is_left_to_the_whole_look(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await send(
        watching.floor.desk,
        replace(taking(limit="0.1500"), time_in_force=TimeInForce.GTC, post_only=True),
    )
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    done = await watching.react()
    assert (done.exits, done.due) == ((), (f"an order rests in {A}",))
    (exited,) = (await watching.track()).exits
    assert exited.order.state is OrderState.FILLED


@pytest.mark.parametrize("limit", ["0.6000", "0.1500"])
async def test_an_entry_that_came_since_the_last_look_is_left_to_the_whole_look(watching, limit):
    """Another lane sent it: filled beside the exit, it would sell more than is held."""
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    side = Side.ASK if limit > "0.4" else Side.BID
    rests = replace(taking(side, limit), time_in_force=TimeInForce.GTC, post_only=True)
    entry = await send(watching.floor.desk, rests)
    assert entry.state is OrderState.RESTING
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    done = await watching.leave()
    (refused,) = done.exits
    assert (refused.order, refused.denial.code) == (None, "EXIT_REDUCES")
    assert watching.guard.take_due() == (f"an exit of {A} was kept back",)
    (exited,) = (await watching.track()).exits
    assert exited.order.state is OrderState.FILLED
    (gone,) = [
        o for o in await watching.floor.orders() if o.client_order_id == entry.client_order_id
    ]
    assert gone.state is OrderState.CANCELED


class Slow:
    """Trading whose first answer waits."""

    def __init__(self, real):
        self._real, self.reached, self.go = real, asyncio.Event(), asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._real, name)

    async def place(self, *given, **more):
        if not self.reached.is_set():
            self.reached.set()
            await self.go.wait()
        return await self._real.place(*given, **more)


@pytest.mark.parametrize("looks", ["react", "track"])
async def test_no_exit_goes_beside_an_entry_that_was_on_its_way_at_the_look(watching, looks):
    """It rests as soon as it is answered, and could not be cancelled before."""
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    slow = watching.floor.desk.trading = Slow(watching.floor.desk.trading)
    rests = replace(taking(Side.ASK, "0.6000"), time_in_force=TimeInForce.GTC, post_only=True)
    entering = asyncio.create_task(send(watching.floor.desk, rests))
    await slow.reached.wait()
    watching.hear()
    await watching.react()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    done = await watching.leave() if looks == "react" else await watching.track()
    assert [each.order for each in done.exits] == [None]
    slow.go.set()
    assert (await entering).state is OrderState.RESTING
    (exited,) = (await watching.track()).exits
    assert exited.order.state is OrderState.FILLED
    assert await watching.floor.nets() == {}
    assert [o for o in await watching.floor.orders() if o.state is OrderState.RESTING] == []


async def quoting(watching, count="10.00"):
    """A quote that sells at 0.43 what was bought at 0.44."""
    sells = waiting(watching.floor.clock, Side.ASK, "0.4300", count, purpose=Purpose.QUOTE)
    return await send(watching.floor.desk, sells)


async def fills(watching, quote):
    """All that is left of a quote at the exchange; it is booked."""
    for report in list(watching.floor.exchange.reports.values()):
        if report.client_order_id == quote.client_order_id and report.remaining:
            watching.floor.exchange.fill_resting(report.order_id, str(report.remaining))
    await watching.floor.reconcile()


@pytest.mark.parametrize(("count", "sold"), [("10.00", []), ("4.00", ["6.00"])])
async def test_what_an_unanswered_quote_may_sell_is_left_to_it(watching, count, sold):
    """Both would sell 20 of the 10 that are held, and 10 NO be held where nobody asked for any."""
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.placing = [Fault.UNANSWERED]
    quote = await quoting(watching, count)
    assert quote.state is OrderState.UNKNOWN
    await watching.react()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    (exited,) = (await watching.leave()).exits
    assert ([] if exited.order is None else [str(exited.order.filled)]) == sold
    assert exited.is_kept_back
    await fills(watching, quote)
    assert await watching.floor.nets() == {}


async def test_a_quote_whose_cancel_was_lost_keeps_an_exit_back_until_it_is_gone(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    quote = await quoting(watching)
    watching.floor.exchange.cancelling = [Fault.LOST]
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    done = await watching.track()
    assert [each.denial.code for each in done.exits] == ["EXIT_REDUCES"]
    assert done.kept_back == {(A, STRATEGY)}
    done = await watching.track()
    assert [str(each.order.filled) for each in done.exits] == ["10.00"]
    assert done.kept_back == frozenset()
    await fills(watching, quote)
    assert await watching.floor.nets() == {}


async def test_an_exit_that_never_arrived_is_sent_again_in_the_look_right_after(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    watching.floor.exchange.placing = [Fault.LOST]
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    assert (await watching.track()).kept_back == {(A, STRATEGY)}
    done = await watching.track()
    assert [str(each.order.filled) for each in done.exits] == ["10.00"]
    assert done.kept_back == frozenset()


async def test_a_bid_whose_cancel_was_lost_keeps_back_an_exit_that_would_meet_it(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    bid = waiting(watching.floor.clock, Side.BID, "0.1800", purpose=Purpose.QUOTE)
    await send(watching.floor.desk, bid)
    watching.floor.exchange.cancelling = [Fault.LOST]
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    done = await watching.track()
    assert [each.denial.code for each in done.exits] == ["SELF_CROSS"]
    assert done.kept_back == {(A, STRATEGY)}
    done = await watching.track()
    assert [str(each.order.filled) for each in done.exits] == ["10.00"]
    assert done.kept_back == frozenset()


async def test_a_sale_whose_cancel_was_lost_keeps_the_stop_back_until_it_is_gone(watching):
    """A read proves that it rests still once reads no longer lag: ten seconds, not two minutes."""
    await watching.hold(stop=Price.parse("0.2000"), target=Price.parse("0.6000"), target_rests=True)
    assert [str(each.intent.limit) for each in (await watching.track()).rested] == ["0.6000"]
    watching.floor.exchange.cancelling = [Fault.LOST]
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    for _ in range(READS_LAG_US // PAUSE_US):
        done = await watching.track()
        assert (done.exits, done.kept_back) == ((), {(A, STRATEGY)})
        watching.floor.clock.now_us += PAUSE_US
    done = await watching.track()
    assert [str(each.order.filled) for each in done.exits] == ["10.00"]
    assert done.kept_back == frozenset()
    assert await watching.floor.nets() == {}


async def test_an_exit_that_rests_in_the_way_is_left_to_the_whole_look(watching):
    """A target rests at the exchange, and the stop is passed: one exit, never two."""
    await watching.hold(stop=Price.parse("0.2000"))
    target = replace(
        taking(Side.ASK, "0.6000", purpose=Purpose.EXIT),
        time_in_force=TimeInForce.GTC,
        post_only=True,
    )
    await send(watching.floor.desk, target)
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    done = await watching.react()
    assert (done.exits, done.due) == ((), (f"an order rests in {A}",))
    (exited,) = (await watching.track()).exits
    assert (exited.reason.code, exited.order.state) == ("STOP_LOSS", OrderState.FILLED)
    assert await watching.floor.nets() == {}
    exits = [o for o in await watching.floor.orders() if o.intent.purpose is Purpose.EXIT]
    assert sorted(str(order.filled) for order in exits) == ["0.00", "10.00"]


async def test_a_trailing_stop_follows_the_stream_and_survives_a_restart(watching):
    """The best bid of 0.60 puts it at 0.40; a desk that begins anew knows of it."""
    await watching.hold(trail=Price.parse("0.2000"))
    await watching.begin()
    for bid in ("0.5000", "0.6000", "0.4100"):
        watching.floor.exchange.set_book(A, ((bid, "100.00"),), (("0.7000", "100.00"),))
        watching.hear()
    assert (await watching.react()).exits == ()
    async with watching.floor.store.unit() as unit:
        (plan,) = (await unit.plans.all()).values()
    assert plan.peak == Price.parse("0.6000")
    assert watching.guard.take_raised() == ()
    anew = Watching(watching.floor)
    await anew.begin()
    watching.floor.exchange.set_book(A, (("0.4000", "100.00"),), (("0.7000", "100.00"),))
    anew.hear()
    (exited,) = (await anew.react()).exits
    assert (exited.reason.code, exited.order.state) == ("TRAILING_STOP", OrderState.FILLED)


async def test_what_was_seen_of_another_position_raises_nothing(watching):
    await watching.hold(trail=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, (("0.6000", "100.00"),), (("0.7000", "100.00"),))
    watching.hear()
    (raised,) = watching.guard.take_raised()
    async with watching.floor.store.unit() as unit:  # left, and entered anew meanwhile
        await unit.plans.save(replace(raised, peak=None, made_us=1))
        await unit.commit()
    await watching.react()
    async with watching.floor.store.unit() as unit:
        (plan,) = (await unit.plans.all()).values()
    assert plan.peak is None
    assert watching.guard.take_raised() == ()


async def test_an_entry_is_watched_from_its_fill_on(watching):
    """Sent by another lane; the stream tells of it before anybody has read it."""
    await watching.floor.reconcile()
    await watching.begin()
    plan = a_plan(A, STRATEGY, stop=Price.parse("0.2000"))
    await send(watching.floor.desk, taking(), plan)
    watching.hear()
    done = await watching.react()
    assert [fill.ticker for fill in done.fills] == [A]
    assert await watching.floor.nets() == {(A, STRATEGY): "10.00"}
    watching.hear()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    assert len((await watching.react()).exits) == 1


async def test_fills_twice_late_and_out_of_order_are_one_history(watching):
    """Fault 18, the stream's side."""
    await watching.floor.reconcile()
    resting = await send(
        watching.floor.desk,
        replace(taking(limit="0.4100"), time_in_force=TimeInForce.GTC, post_only=True),
    )
    await watching.begin()
    assert resting.order_id is not None
    for count in ("2.00", "3.00", "1.00"):
        watching.floor.clock.now_us += SECOND
        watching.floor.exchange.fill_resting(resting.order_id, count)
    told = list(watching.stream.told())
    for event in (*reversed(told), *told):
        watching.guard.hear(event, watching.floor.clock.now())
    done = await watching.react()
    assert sorted(str(fill.count) for fill in done.fills) == ["1.00", "2.00", "3.00"]
    (order,) = await watching.floor.orders()
    assert (str(order.filled), order.state) == ("6.00", OrderState.PARTIALLY_FILLED)
    for event in told:
        watching.guard.hear(event, watching.floor.clock.now())
    assert (await watching.react()).fills == ()
    found = await watching.floor.reconcile()
    assert (found.new_fills, found.differences, await watching.floor.nets()) == (
        (),
        (),
        {(A, STRATEGY): "6.00"},
    )


async def test_a_fill_that_the_stream_left_out_is_read_however_old_it_is(watching):
    """Booking what is told must not hide from the next read what was not."""
    await watching.floor.reconcile()
    resting = await send(
        watching.floor.desk,
        replace(taking(limit="0.4100"), time_in_force=TimeInForce.GTC, post_only=True),
    )
    await watching.begin()
    watching.floor.exchange.fill_resting(resting.order_id, "2.00")
    watching.stream.told()  # nobody hears it
    watching.floor.clock.now_us += 30 * MINUTE
    watching.floor.exchange.fill_resting(resting.order_id, "3.00")
    watching.hear()
    assert [str(f.count) for f in (await watching.react()).fills] == ["3.00"]
    found = await watching.floor.reconcile()
    assert [str(f.count) for f in found.new_fills] == ["2.00"]
    assert (found.differences, await watching.floor.nets()) == ((), {(A, STRATEGY): "5.00"})


async def test_a_position_that_is_not_ours_asks_for_a_whole_look(watching):
    await watching.floor.reconcile()
    await watching.begin()
    await watching.floor.exchange.place("theirs", taking(ticker=B, count="3"))
    watching.stream._fills += 1  # its fill is lost
    watching.hear()
    assert (await watching.react()).due == (f"the exchange says that 3.00 of {B} are held",)
    await watching.track()
    assert await watching.floor.nets() == {(B, EXTERNAL): "3.00"}


async def test_an_order_of_unknown_outcome_is_adopted_as_soon_as_it_is_told(watching):
    await watching.floor.reconcile()
    watching.floor.exchange.placing = [Fault.UNANSWERED]
    order = await send(watching.floor.desk, taking())
    assert order.state is OrderState.UNKNOWN
    watching.hear()
    await watching.react()
    (after,) = await watching.floor.orders()
    assert (after.state, str(after.filled)) == (OrderState.FILLED, "10.00")
    assert await watching.floor.nets() == {(A, STRATEGY): "10.00"}


@pytest.mark.parametrize("read", [Read.ORDERS, Read.FILLS, Read.POSITIONS, Read.MARKETS])
async def test_what_may_be_missing_is_read(watching, read):
    await watching.begin()
    watching.guard.hear(Resync(read, "", None, "a gap"), watching.floor.clock.now())
    assert watching.guard.has_news
    assert (await watching.react()).due == (f"{read}: a gap",)
    assert (await watching.react()).due == ()


@dataclass
class OneBatch:
    """A stream that tells some events at once, and then nothing more."""

    events: tuple[StreamEvent, ...]
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self) -> tuple[StreamEvent, ...]:
        if self.events:
            events, self.events = self.events, ()
            return events
        self.told.set()
        await asyncio.Event().wait()
        raise AssertionError("nothing more is told")


async def heard_of(watching, *events) -> list[str]:
    """Who is told to act when the stream tells these events at once."""
    acts, stream = [], OneBatch(events)
    listening = asyncio.ensure_future(
        listen(
            stream,
            watching.guard,
            watching.floor.clock,
            armed=lambda: acts.append("exit"),
            news=lambda: acts.append("book"),
        )
    )
    await stream.told.wait()
    listening.cancel()
    await asyncio.wait((listening,))
    return acts


async def test_what_there_is_to_book_waits_for_the_exit_and_no_longer(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    gap = Resync(Read.FILLS, "", None, "a gap")
    assert await heard_of(watching, gap) == ["book"]
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    assert await heard_of(watching, *watching.stream.told(), gap) == ["exit"]
    assert len((await watching.leave()).exits) == 1
    # The exit is out: what is told from now on is booked at once.
    assert await heard_of(watching, gap) == ["book"]


async def test_trades_that_nobody_reads_are_not_read_again(watching):
    await watching.begin()
    watching.guard.hear(Resync(Read.TRADES, A, None, "a gap"), watching.floor.clock.now())
    assert not watching.guard.has_news


async def test_the_end_of_a_market_that_is_held_is_looked_at_and_of_another_is_not(watching):
    await watching.hold()
    await watching.begin()
    watching.floor.exchange.settle(B, Result.YES)
    assert not watching.hear()
    watching.floor.exchange.settle(A, Result.YES)
    watching.hear()
    assert f"{A} settled" in (await watching.react()).due


async def test_a_desk_told_to_flatten_leaves_without_waiting_for_a_look(watching):
    await watching.hold()
    await watching.begin()
    clock = watching.floor.clock
    await set_desk_state(watching.floor.store, clock, DeskState.FLATTEN, reason="t", who="t")
    await watching.react()
    clock.now_us += SECOND
    assert [o.intent.reason.partition(":")[0] for o in await watching.floor.orders()][1:] == [
        "flatten"
    ]


async def test_a_halted_desk_holds_on_and_says_so_once_in_a_while(watching):
    await watching.hold(stop=Price.parse("0.3500"))
    await watching.begin()
    clock = watching.floor.clock
    await set_desk_state(watching.floor.store, clock, DeskState.HALTED, reason="t", who="t")
    await watching.react()
    for count in range(20):
        watching.floor.exchange.set_book(A, (("0.3000", f"{count + 1}.00"),), ASKS)
        watching.hear()
        assert all(each.order is None for each in (await watching.react()).exits)
    rows = await watching.floor.store.reports.denials()
    assert [row.code for row in rows].count("HALT_STATE") == 1


async def test_what_could_not_be_booked_is_read_again(watching):
    """Its order is not known, so the exchange is asked whose it is, and does not answer."""
    await watching.floor.reconcile()
    watching.floor.exchange.placing = [Fault.UNANSWERED]
    await send(watching.floor.desk, taking())
    told = [event for event in watching.stream.told() if isinstance(event, Fill)]
    for fill in told:
        watching.guard.hear(fill, watching.floor.clock.now())
    watching.floor.exchange.reading = [Unavailable("down")]
    with pytest.raises(Unavailable):
        await watching.react()
    assert "what the stream told could not be booked" in (await watching.react()).due
    await watching.track()
    assert await watching.floor.nets() == {(A, STRATEGY): "10.00"}


async def test_a_halt_that_the_guard_has_not_seen_yet_is_seen_before_the_request(watching):
    await watching.hold(stop=Price.parse("0.3500"))
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    clock, sent = watching.floor.clock, len(watching.floor.exchange.placed)
    await set_desk_state(watching.floor.store, clock, DeskState.HALTED, reason="t", who="t")
    (exited,) = (await watching.react()).exits
    assert exited.order.state is OrderState.NOT_SENT
    assert len(watching.floor.exchange.placed) == sent


async def test_what_the_exchange_refuses_is_not_tried_at_every_change(watching):
    """Fault 28: it pauses, and the fast way to an exit does not ask before."""
    await watching.hold(stop=Price.parse("0.3500"))
    await watching.begin()
    sent = len(watching.floor.exchange.placed)
    watching.floor.exchange.placing = [Fault.REFUSED] * 20
    for count in range(10):
        watching.floor.clock.now_us += PAUSE_US
        watching.floor.exchange.set_book(A, (("0.3000", f"{count + 1}.00"),), ASKS)
        watching.hear()
        await watching.react()
    assert len(watching.floor.exchange.placed) == sent + 1
    watching.floor.exchange.placing = []
    watching.floor.clock.now_us += REFUSED_PAUSE_US
    (exited,) = (await watching.react()).exits
    assert exited.order.state is OrderState.FILLED


PLAIN = FeeTerms("quadratic")


def test_what_fees_have_become_is_to_be_kept_until_it_is():
    """The last that was told of each event; what is told while that is kept is kept next."""
    guard = Guard(())
    assert (guard.has_news, guard.fees) == (False, {})
    for at_us, (event, fees) in enumerate((("E", PLAIN), ("F", PLAIN), ("E", None))):
        guard.hear(EventFees(event, fees), at_us)
    assert (guard.has_news, guard.is_urgent, guard.take_due()) == (True, False, ())
    told = guard.fees
    assert told == {"F": FeesTold(PLAIN, 1), "E": FeesTold(None, 2)}
    guard.hear(EventFees("F", PLAIN), 3)
    guard.forget_fees(told)
    assert guard.fees == {"F": FeesTold(PLAIN, 3)}
    guard.forget_fees(guard.fees)
    assert not guard.has_news


async def judged(watching: Watching, fees: FeeTerms | None) -> None:
    """Ten at 0.44 of an event with these terms, which a forecast made now says are worth 0.40."""
    floor = watching.floor
    floor.exchange.events[EVENT] = replace(floor.exchange.events[EVENT], fees=fees)
    floor.clock.now_us += HOUR
    await floor.ingest()
    floor.clock.now_us += 1
    await watching.hold(entry_confidence=0.9)
    await floor.forecast(p=0.40)
    await watching.begin()


async def test_an_exit_is_priced_by_new_fees_right_after_they_were_told(watching):
    """A bid of 0.42 brings 0.42 - 0.07 x 0.42 x 0.58 = 0.4030, and 0.41 is asked; free, 0.42."""
    await judged(watching, PLAIN)
    watching.floor.exchange.set_book(A, (("0.4200", "50.00"),), ASKS)
    watching.hear()
    assert (await watching.react()).exits == ()
    assert await heard_of(watching, EventFees(EVENT, None)) == ["book"]
    (exited,) = (await watching.react()).exits
    assert (exited.reason.code, str(exited.order.intent.limit)) == ("VALUE", "0.4100")
    assert exited.order.state is OrderState.FILLED


async def test_no_exit_is_priced_by_fees_that_are_over(watching):
    await judged(watching, None)
    assert await heard_of(watching, EventFees(EVENT, PLAIN)) == ["book"]
    await watching.react()
    watching.floor.exchange.set_book(A, (("0.4200", "50.00"),), ASKS)
    watching.hear()
    assert (await watching.react()).exits == ()
    # 0.43 brings 0.43 - 0.07 x 0.43 x 0.57 = 0.4128
    watching.floor.exchange.set_book(A, (("0.4300", "50.00"),), ASKS)
    watching.hear()
    (exited,) = (await watching.react()).exits
    assert (exited.reason.code, str(exited.order.intent.limit)) == ("VALUE", "0.4300")


async def test_fees_wait_for_an_exit_that_is_armed(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    told = (*watching.stream.told(), EventFees(EVENT, PLAIN))
    assert await heard_of(watching, *told) == ["exit"]
    (exited,) = (await watching.leave()).exits
    assert exited.order.state is OrderState.FILLED
    assert set(watching.guard.fees) == {EVENT}


async def test_fees_that_could_not_be_kept_are_kept_the_next_time(watching, monkeypatch):
    await watching.begin()
    watching.floor.clock.now_us += 1
    watching.guard.hear(EventFees(EVENT, PLAIN), watching.floor.clock.now())

    def busy(**_: object) -> None:
        raise StoreBusy("busy")

    with monkeypatch.context() as patched:
        patched.setattr(watching.floor.store, "unit", busy)
        with pytest.raises(StoreBusy):
            await watching.react()
    assert watching.guard.has_news
    await watching.react()
    assert not watching.guard.has_news
    async with watching.floor.store.unit(reads=True) as unit:
        (entry,) = await unit.catalog.entries([A])
    assert entry.fee_terms(watching.floor.clock.now()) == PLAIN


async def test_a_link_that_is_down_forgets_the_books(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    watching.floor.exchange.set_book(A, FALLEN, ASKS)
    watching.hear()
    watching.guard.hear(Link(connected=False, reason="gone"), watching.floor.clock.now())
    assert (watching.guard.armed, watching.guard.books) == (set(), {})


async def test_a_link_that_goes_down_is_made_up_for_by_one_look(watching):
    await watching.hold(stop=Price.parse("0.2000"))
    await watching.begin()
    down = Link(connected=False, reason="gone")
    watching.guard.hear(down, watching.floor.clock.now())
    assert (await watching.react()).due == ("the stream is down",)
    watching.guard.hear(replace(down, reason="refused"), watching.floor.clock.now())
    assert (await watching.react()).due == ()


# The same script through the stream and by polling.

cents = st.integers(2, 97)
sizes = st.integers(1, 15)
books = st.tuples(st.sampled_from([A, B]), cents, sizes, st.integers(1, 4)).map(
    lambda drawn: ("book", *drawn)
)
steps = st.lists(
    st.one_of(
        books,
        st.just(("wait", 2)),
        st.just(("wait", 40)),
        st.tuples(st.just("pause"), st.sampled_from([A, B])),
        st.tuples(st.just("settle"), st.sampled_from([A, B])),
    ),
    min_size=1,
    max_size=6,
)
plans = st.tuples(
    st.sampled_from([Side.BID, Side.ASK]),
    st.integers(10, 50),
    st.integers(55, 90),
    st.sampled_from([None, 30]),
)


def play(floor: Floor, step: tuple) -> None:
    floor.clock.now_us += PAUSE_US + SECOND
    match step:
        case ("book", ticker, bid, size, spread):
            ladder = lambda cent: ((f"0.{cent:02}00", f"{size}.00"),)  # noqa: E731
            if floor.exchange.markets[ticker].status is MarketStatus.ACTIVE:
                floor.exchange.set_book(ticker, ladder(bid), ladder(min(bid + spread, 99)))
        case ("wait", minutes):
            floor.clock.now_us += minutes * MINUTE
        case ("pause", ticker):
            if floor.exchange.markets[ticker].status is MarketStatus.ACTIVE:
                changed = replace(floor.exchange.markets[ticker], status=MarketStatus.INACTIVE)
                floor.exchange.markets[ticker] = changed
        case ("settle", ticker):
            if floor.exchange.markets[ticker].status is not MarketStatus.FINALIZED:
                floor.exchange.settle(ticker, Result.YES)


async def prepared(floor: Floor, first: tuple, second: tuple) -> Watching:
    watching = Watching(floor)
    for ticker, (side, stop, target, minutes) in ((A, first), (B, second)):
        leave_by = None if minutes is None else floor.clock.now() + minutes * MINUTE
        await watching.hold(
            side,
            ticker,
            stop=Price(stop * 100),
            target=Price(target * 100),
            leave_by_us=leave_by,
        )
    return watching


async def poll(watching: Watching) -> None:
    """Look until there is nothing more to do."""
    while any(each.order is not None for each in (await watching.track()).exits):
        pass


async def stream(watching: Watching) -> None:
    """Hear and act until there is nothing more to do; look at the exchange only when it is due."""
    for _ in range(50):
        watching.hear()
        done = await watching.react()
        sent = [each for each in done.exits if each.order is not None]
        if done.due:
            tracked = await watching.track()
            sent += [each for each in tracked.exits if each.order is not None]
        if not sent and not watching.hear() and not done.due:
            return
    raise AssertionError("it never came to rest")


async def outcome(floor: Floor) -> tuple:
    orders = [
        (
            o.intent.ticker,
            str(o.intent.side),
            str(o.intent.limit),
            str(o.intent.count),
            str(o.intent.purpose),
            o.intent.reason,
            str(o.state),
            str(o.filled),
        )
        for o in await floor.orders()
    ]
    fills = sorted(
        (f.ticker, str(f.side), str(f.price), str(f.count)) for f in floor.exchange.all_fills
    )
    async with floor.store.unit() as unit:
        everything = await unit.ledger.positions(open_only=False)
        positions = sorted((p.ticker, p.owner, str(p.net), str(p.realized)) for p in everything)
    return sorted(orders), fills, positions, await floor.cash(), await floor.nets()


@pytest.mark.slow
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(plans, plans, steps)
async def test_the_stream_and_polling_come_to_the_same(tmp_path_factory, first, second, script):
    found = []
    for way in (poll, stream):
        async with open_floor(tmp_path_factory.mktemp(way.__name__)) as floor:
            watching = await prepared(floor, first, second)
            await way(watching)
            for step in script:
                play(floor, step)
                await way(watching)
            found.append(await outcome(floor))
    assert found[0] == found[1]
