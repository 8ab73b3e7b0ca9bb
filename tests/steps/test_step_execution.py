"""Sending one order: journalled first, never twice, never lost."""

import asyncio
import contextlib
import sqlite3

import pytest
from fakes.decisions import a_plan
from fakes.desk_store import IDENTITY, fresh_store
from fakes.exchange import FakeExchange, Fault
from fakes.floor import STRATEGY, A, B, open_floor, taking, waiting
from fakes.hooked import Hooked

from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import OrderState, Pending, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import DuplicateEntry, ExitExceeds, LeaseHeld, LeaseRanOut, StoreUnusable
from kalshi_cli.ports.exchange import CancellationKind
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import WEIGHED_FOR_US, send
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.run_state import set_desk_state

pytestmark = pytest.mark.databases


class Lost:
    """A lease that somebody else took."""

    def __init__(self, lease, *, after=0):
        self.token, self.left = lease.token, after

    def check(self):
        if not self.left:
            raise LeaseHeld("taken")
        self.left -= 1


async def change_state(floor, state):
    await set_desk_state(floor.store, floor.clock, state, reason="test", who="test")


async def test_the_intent_is_committed_before_the_request(tmp_path):
    seen = []

    async def look_from_outside(client_order_id):
        other = await open_store(tmp_path / "desk.db", IDENTITY, wall_us=0)
        async with other, other.unit() as unit:
            (order,) = await unit.journal.find(client_order_ids=[client_order_id])
            plans = await unit.plans.all()
        seen.append((order.state, (A, STRATEGY) in plans))

    async with open_floor(tmp_path) as floor:
        plan = a_plan(A, STRATEGY, made_us=floor.clock.now())
        desk = floor.desk_on(Hooked(floor.exchange, look_from_outside))
        order = await send(desk, taking(), plan)
        assert seen == [(OrderState.INTENT, True)]
        assert order.state is OrderState.FILLED
        assert desk.in_flight == set()


async def test_two_lanes_that_send_at_once_send_two_orders(tmp_path):
    """In the same market, while both wait for the journal."""
    async with open_floor(tmp_path) as floor:
        sent = await asyncio.gather(send(floor.desk, taking()), send(floor.desk, taking()))
    assert [order.sequence for order in sent] == [1, 2]
    ids = {order.client_order_id for order in sent}
    assert {client_order_id for client_order_id, _ in floor.exchange.placed} == ids
    assert (len(ids), len(floor.exchange.placed)) == (2, 2)


@pytest.mark.parametrize(
    ("fault", "state", "filled"),
    [
        (None, OrderState.FILLED, "10.00"),
        (Fault.REFUSED, OrderState.REJECTED, "0.00"),
        (Fault.NOT_SENT, OrderState.NOT_SENT, "0.00"),
        (Fault.LOST, OrderState.UNKNOWN, "0.00"),
        (Fault.UNANSWERED, OrderState.UNKNOWN, "0.00"),
    ],
)
async def test_what_an_answer_makes_of_an_order(floor, fault, state, filled):
    floor.exchange.placing = [] if fault is None else [fault]
    order = await send(floor.desk, taking())
    assert (order.state, str(order.filled)) == (state, filled)
    assert await floor.order() == order


async def test_an_accepted_order_rests_fills_in_part_or_is_gone(floor):
    rests = await send(floor.desk, waiting(floor.clock))
    part = await send(
        floor.desk, waiting(floor.clock, limit="0.4400", count="150", post_only=False)
    )
    done = await send(floor.desk, taking(ticker=B, count="150"))
    assert (rests.state, str(rests.filled)) == (OrderState.RESTING, "0.00")
    assert (part.state, str(part.filled)) == (OrderState.PARTIALLY_FILLED, "100.00")
    # an immediate-or-cancel order keeps nothing in the book: 100 of 150 were offered at 0.44
    assert (done.state, str(done.filled)) == (OrderState.CANCELED, "100.00")


async def test_an_id_that_exists_is_unknown_until_it_is_adopted(floor):
    async def somebody_used_it(client_order_id):
        await floor.exchange.place(client_order_id, taking())

    order = await send(floor.desk_on(Hooked(floor.exchange, somebody_used_it)), taking())
    assert order.state is OrderState.UNKNOWN
    found = await floor.reconcile()
    assert [(o.state, str(o.filled)) for o in found.changed] == [(OrderState.FILLED, "10.00")]


class Overtaken:
    """The exchange to a process that is stopped before each answer, while another takes over."""

    def __init__(self, floor, fault):
        self.floor, self.fault = floor, fault

    def __getattr__(self, name):
        return getattr(self.floor.exchange, name)

    async def place(self, *order, **more):
        self.floor.exchange.placing = [] if self.fault is None else [self.fault]
        answer = await self.floor.exchange.place(*order, **more)
        await self.floor.reconcile()
        self.floor.clock.now_us += SECOND
        return answer


@pytest.mark.parametrize(
    ("fault", "state", "filled"),
    [
        (None, OrderState.FILLED, "10.00"),
        (Fault.UNANSWERED, OrderState.FILLED, "10.00"),
        (Fault.LOST, OrderState.ABSENT, "0.00"),
    ],
)
async def test_a_late_answer_takes_back_nothing_that_another_process_learned(
    floor, fault, state, filled
):
    order = await send(floor.desk_on(Overtaken(floor, fault)), taking())
    assert (order.state, str(order.filled)) == (state, filled)
    assert await floor.order() == order
    assert order.updated_us == floor.clock.now()
    assert (await floor.reconcile()).is_settled


@pytest.mark.parametrize(
    ("refusals", "tries", "state"),
    [(1, 2, OrderState.FILLED), (3, 4, OrderState.FILLED), (4, 4, OrderState.NOT_SENT)],
)
async def test_a_throttled_order_is_sent_again_under_its_id(floor, refusals, tries, state):
    floor.exchange.placing = [Fault.THROTTLED] * refusals
    start = floor.clock.now()
    order = await send(floor.desk, taking())
    assert [key for key, _ in floor.exchange.placed] == [order.client_order_id] * tries
    assert order.state is state
    assert floor.clock.now() == start + (tries - 1) * SECOND


async def test_a_halt_between_two_tries_ends_them(floor):
    async def halt_on_the_second(client_order_id):
        if floor.exchange.placed:
            await change_state(floor, DeskState.HALTED)

    floor.exchange.placing = [Fault.THROTTLED, Fault.THROTTLED]
    order = await send(floor.desk_on(Hooked(floor.exchange, halt_on_the_second)), taking())
    assert len(floor.exchange.placed) == 1
    assert (order.state, order.message) == (OrderState.NOT_SENT, "halted The desk is halted.")


@pytest.mark.parametrize("state", [DeskState.HALTED, DeskState.REDUCE_ONLY])
async def test_a_halt_while_an_order_waits_for_its_turn_keeps_it_here(floor, state):
    """The client waits for its budget and its clock inside `place`."""

    async def waits(client_order_id):
        await change_state(floor, state)

    order = await send(floor.desk_on(Hooked(floor.exchange, waits)), taking())
    assert floor.exchange.placed == []
    assert order.state is OrderState.NOT_SENT


async def test_a_lease_lost_while_an_order_waits_for_its_turn_keeps_it_here(floor):
    async def waits(client_order_id):
        desk.lease = Lost(desk.lease)

    desk = floor.desk_on(Hooked(floor.exchange, waits))
    with pytest.raises(LeaseHeld):
        await send(desk, taking())
    assert floor.exchange.placed == []
    assert (await floor.order()).state is OrderState.INTENT


@pytest.mark.parametrize("state", DeskState)
@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
async def test_what_each_state_of_the_desk_lets_through(floor, state, purpose):
    await send(floor.desk, taking(Side.ASK, "0.4000"))
    await floor.reconcile()
    await change_state(floor, state)
    floor.exchange.placed.clear()
    order = await send(floor.desk, taking(purpose=purpose))
    exits_pass = purpose is Purpose.EXIT and state is not DeskState.HALTED
    passes = state is DeskState.ACTIVE or exits_pass
    assert order.state is (OrderState.FILLED if passes else OrderState.NOT_SENT)
    assert len(floor.exchange.placed) == passes


async def test_nothing_is_sent_once_the_lease_is_lost(floor):
    floor.desk.lease = Lost(floor.desk.lease)
    with pytest.raises(LeaseHeld):
        await send(floor.desk, taking())
    assert floor.exchange.placed == []
    assert (await floor.order()).state is OrderState.INTENT  # whoever recovers proves it absent
    assert floor.desk.in_flight == set()


async def test_nothing_is_sent_again_once_the_lease_is_lost(floor):
    floor.desk.lease = Lost(floor.desk.lease, after=1)
    floor.exchange.placing = [Fault.THROTTLED]
    with pytest.raises(LeaseHeld):
        await send(floor.desk, taking())
    assert len(floor.exchange.placed) == 1


async def test_nothing_is_journalled_under_a_lease_that_ran_out(floor):
    floor.clock.wall_us += 10_000 * 365 * DAY
    with pytest.raises(LeaseHeld):
        await send(floor.desk, taking())
    assert (floor.exchange.placed, await floor.orders()) == ([], ())


async def test_one_live_entry_for_each_forecast(floor):
    await floor.forecast()
    first = await send(floor.desk, waiting(floor.clock, forecast_id="f1"))
    with pytest.raises(DuplicateEntry):
        await send(floor.desk, taking(forecast_id="f1"))
    assert len(floor.exchange.placed) == 1
    assert await floor.orders() == (first,)
    assert floor.desk.in_flight == set()


async def test_an_intent_that_cannot_be_committed_is_not_under_way(floor, monkeypatch):
    async def full(self):
        raise StoreUnusable("disk full")

    async with floor.store.unit() as unit:
        monkeypatch.setattr(type(unit), "commit", full)
    with pytest.raises(StoreUnusable):
        await send(floor.desk, taking())
    assert (floor.exchange.placed, floor.desk.in_flight) == ([], set())


@pytest.mark.slow
async def test_while_the_database_is_locked_nothing_is_sent(floor, floor_place):
    """Another process keeps it for longer than anybody waits."""
    async with await fresh_store(floor_place) as other, other.unit() as unit:
        await unit.desk.state()  # the first statement takes the lock
        with pytest.raises(StoreUnusable):
            await send(floor.desk, taking())
    assert (floor.exchange.placed, floor.desk.in_flight) == ([], set())
    assert await floor.orders() == ()
    assert (await send(floor.desk, taking())).state is OrderState.FILLED


@pytest.mark.parametrize("hidden", [0, 99])
async def test_an_order_being_sent_is_not_given_up_by_another_lane(floor, hidden):
    """The request is under way longer than a search takes, shown by the exchange or not."""
    floor.exchange.hidden_reads = hidden
    under_way, answered = asyncio.Event(), asyncio.Event()

    async def slowly(client_order_id):
        under_way.set()
        await answered.wait()

    desk = floor.desk_on(Hooked(floor.exchange, slowly))
    sending = asyncio.create_task(send(desk, taking()))
    await under_way.wait()
    found = await floor.reconcile(in_flight=desk.in_flight)
    assert (found.unresolved, found.changed) == ((), ())
    assert (await floor.order()).state is OrderState.INTENT
    answered.set()
    assert (await sending).state is OrderState.FILLED


class Waits:
    """A store where something happens before the first transaction begins."""

    def __init__(self, store, meanwhile):
        self.store, self.meanwhile = store, [meanwhile]

    @contextlib.asynccontextmanager
    async def unit(self, *, reads=False):
        while self.meanwhile:
            await self.meanwhile.pop()()
        async with self.store.unit(reads=reads) as unit:
            yield unit


async def test_an_order_journalled_after_a_pass_began_is_not_given_up(floor):
    """The pass waits for its turn at the store while the other lane journals and sends."""
    under_way, answered = asyncio.Event(), asyncio.Event()
    sending = []

    async def slowly(client_order_id):
        under_way.set()
        await answered.wait()

    desk = floor.desk_on(Hooked(floor.exchange, slowly))

    async def the_other_lane():
        sending.append(asyncio.create_task(send(desk, taking())))
        await under_way.wait()

    store = Waits(floor.store, the_other_lane)
    await reconcile(floor.exchange, floor.exchange, store, floor.clock, in_flight=desk.in_flight)
    assert (await floor.order()).state is OrderState.INTENT
    answered.set()
    assert (await sending[0]).state is OrderState.FILLED


async def test_two_passes_may_give_up_one_order(floor):
    """Both search at once; the second to finish finds it given up already."""
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    await asyncio.gather(floor.reconcile(), floor.reconcile())
    assert (await floor.order()).state is OrderState.ABSENT


async def test_a_fill_seen_before_the_answer_belongs_to_its_strategy(floor):
    """The exchange shows a fill of an order whose id has not reached us yet."""
    found = []

    class Unheard:
        def __init__(self, exchange: FakeExchange):
            self.exchange = exchange

        def __getattr__(self, name):
            return getattr(self.exchange, name)

        async def place(self, client_order_id, intent, **more):
            answer = await self.exchange.place(client_order_id, intent, **more)
            found.append(await floor.reconcile(in_flight=desk.in_flight))
            return answer

    desk = floor.desk_on(Unheard(floor.exchange))
    order = await send(desk, taking())
    assert [str(fill.count) for fill in found[0].new_fills] == ["10.00"]
    assert (found[0].foreign, found[0].alarms, found[0].differences) == ((), (), ())
    assert (order.state, str(order.filled)) == (OrderState.FILLED, "10.00")
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert (await floor.reconcile()).new_fills == ()


async def test_a_cancel_is_on_record_before_it_is_sent(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.LOST]
    after, answer = await cancel(floor.desk, order, "a test")
    assert answer.kind is CancellationKind.UNKNOWN
    assert (await floor.order()).pending is Pending.CANCEL
    after, answer = await cancel(floor.desk, after, "a test")
    assert (after.state, after.pending) == (OrderState.CANCELED, Pending.NONE)


async def test_a_cancel_that_finds_nothing_proves_nothing(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "10.00")
    after, answer = await cancel(floor.desk, order, "a test")
    assert (answer.kind, after.state) == (CancellationKind.GONE, OrderState.RESTING)
    await floor.reconcile()
    after = await floor.order()
    assert (after.state, after.pending, str(after.filled)) == (
        OrderState.FILLED,
        Pending.NONE,
        "10.00",
    )


async def test_an_order_of_unknown_outcome_cannot_be_canceled_by_its_id(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    order = await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300"))
    after, answer = await cancel(floor.desk, order, "a test")
    assert (after, answer.kind) == (order, CancellationKind.UNKNOWN)


async def test_an_exit_of_more_than_is_held_is_not_journalled(floor):
    """The control may have seen an older position: the transaction looks once more."""
    exit_of_one = taking(Side.ASK, "0.4000", "1.00", purpose=Purpose.EXIT)
    with pytest.raises(ExitExceeds, match="1 contracts would leave"):
        await send(floor.desk, exit_of_one)
    assert floor.exchange.placed == []
    async with floor.store.unit() as unit:
        assert await unit.journal.live() == ()


async def test_an_exit_that_is_tried_again_is_weighed_again(floor):
    """What another lane saw sold while it waited is not sold once more."""
    tries = []

    async def sold(client_order_id):
        tries.append(client_order_id)
        if len(tries) == 3:  # the entry, the exit, and the exit again
            async with floor.store.unit() as unit:
                (held,) = await unit.ledger.positions()
                left = Position(held.ticker, held.owner, Contracts.parse("3.00"), held.cost)
                await unit.ledger.save_positions([left])
                await unit.commit()

    desk = floor.desk_on(Hooked(floor.exchange, sold))
    await send(desk, taking())
    await floor.reconcile()
    floor.exchange.placing = [Fault.THROTTLED]
    order = await send(desk, taking(Side.ASK, "0.4000", "4.00", purpose=Purpose.EXIT))
    assert len(tries) == 3
    assert order.state is OrderState.NOT_SENT
    assert f"4 contracts would leave {A}, 3 are held" in order.message


async def test_an_exit_that_waited_for_its_first_try_is_weighed_again(floor):
    """It waits for what the account may send a second, and its market settles."""
    waits = []

    async def settled_meanwhile(_client_order_id):
        if waits:
            floor.clock.now_us += waits.pop()
            floor.exchange.settle(A, Result.YES)
            await floor.reconcile(in_flight=desk.in_flight)

    desk = floor.desk_on(Hooked(floor.exchange, settled_meanwhile))
    await send(desk, taking())
    await floor.reconcile(in_flight=desk.in_flight)
    waits.append(WEIGHED_FOR_US + 1)
    order = await send(desk, taking(Side.ASK, "0.4000", "10.00", purpose=Purpose.EXIT))
    assert order.state is OrderState.NOT_SENT
    assert f"10 contracts would leave {A}, 0 are held" in order.message
    assert await floor.nets() == {}


@pytest.mark.parametrize("happens", ["halt", "lease"])
async def test_what_happens_while_an_exit_is_weighed_again_keeps_it_here(
    floor, monkeypatch, happens
):
    waits, begin = [], floor.store.unit

    async def wait(_client_order_id):
        if waits:
            floor.clock.now_us += waits.pop()
            monkeypatch.setattr(floor.store, "unit", weighing)

    @contextlib.asynccontextmanager
    async def weighing(**kind):
        monkeypatch.setattr(floor.store, "unit", begin)
        async with begin(**kind) as unit:
            yield unit
        if happens == "halt":
            await change_state(floor, DeskState.HALTED)
        else:
            desk.lease = Lost(desk.lease)

    desk = floor.desk_on(Hooked(floor.exchange, wait))
    await send(desk, taking())
    await floor.reconcile()
    waits.append(WEIGHED_FOR_US + 1)
    with contextlib.suppress(LeaseHeld):
        await send(desk, taking(Side.ASK, "0.4000", "10.00", purpose=Purpose.EXIT))
    assert len(floor.exchange.placed) == 1  # the entry


@pytest.mark.parametrize(("waited_us", "again"), [(WEIGHED_FOR_US, 0), (WEIGHED_FOR_US + 1, 1)])
async def test_an_exit_that_goes_at_once_reads_nothing_more(floor, monkeypatch, waited_us, again):
    """One unit of work journals it, and one keeps its answer."""
    begun, begin = [], floor.store.unit

    async def wait(_client_order_id):
        floor.clock.now_us += waited_us

    def counted(**kind):
        begun.append(kind)
        return begin(**kind)

    desk = floor.desk_on(Hooked(floor.exchange, wait))
    await send(desk, taking())
    await floor.reconcile()
    monkeypatch.setattr(floor.store, "unit", counted)
    order = await send(desk, taking(Side.ASK, "0.4000", "10.00", purpose=Purpose.EXIT))
    assert order.state is OrderState.FILLED
    assert len(begun) == 2 + again


async def test_a_lease_that_ran_out_while_another_wrote_to_the_store_journals_nothing(tmp_path):
    """The time that it is held to is that of the check, not that of the wait before it."""
    async with open_floor(tmp_path) as floor:
        await send(floor.desk, waiting(floor.clock))
        writer = sqlite3.connect(floor.store.location.path, isolation_level=None)
        with contextlib.closing(writer):
            writer.execute("BEGIN IMMEDIATE")
            sending = asyncio.create_task(send(floor.desk, waiting(floor.clock, ticker=B)))
            await asyncio.wait((sending,), timeout=0.1)  # it waits by now
            floor.clock.wall_us += HOUR
            writer.execute("ROLLBACK")
        with pytest.raises(LeaseRanOut):
            await sending
        assert [order.intent.ticker for order in await floor.orders()] == [A]
