"""What a person orders by hand, read back from the exchange."""

import pytest
from fakes.clock import FakeClock
from fakes.desk_store import WALL
from fakes.exchange import Fault
from fakes.floor import ASKS, STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.adapters.store.desk import SqlDesk
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import Halted, NotFound, Refused, StillHeld, StoreUnusable, Unavailable
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.canceling import cancel_order
from kalshi_cli.steps.closing import close_position
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.requests import ask_holder, obey
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.stopping import wind_down

pytestmark = pytest.mark.databases


async def held():
    return True


async def cancel(floor, some_id, desk=None):
    return await cancel_order(floor.exchange, desk or floor.desk, some_id)


async def close(floor, ticker=A):
    return await close_position(
        floor.exchange, floor.desk, ticker, policy=the_policies("oracle").trading
    )


async def resting_at_exchange(floor):
    return [r.order_id for r in (await floor.exchange.orders(resting_only=True)).items]


# Cancel.


@pytest.mark.parametrize("whose", ["client_order_id", "order_id"])
async def test_an_order_is_canceled_by_either_id_and_read_back(floor, whose):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "4.00")
    done = await cancel(floor, getattr(order, whose))
    assert done.outcome == "canceled after 4.00 of 10.00 contracts"
    assert await resting_at_exchange(floor) == []
    after = await floor.order()
    assert done.orders == (after,)
    assert (after.state, str(after.filled)) == (OrderState.CANCELED, "4.00")
    assert await floor.nets() == {(A, STRATEGY): "4.00"}


async def test_a_foreign_order_may_be_canceled_by_name(floor):
    """A person may: nothing else ever cancels what is not ours."""
    await floor.exchange.place("theirs", waiting(floor.clock))
    done = await cancel(floor, "order-1")
    assert (done.outcome, done.orders) == ("canceled after 0.00 of 10.00 contracts", ())
    assert await resting_at_exchange(floor) == []


async def test_an_order_nobody_knows(floor):
    with pytest.raises(NotFound, match="nothing-like-it"):
        await cancel(floor, "nothing-like-it")


async def test_a_cancel_that_comes_too_late_says_what_traded(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "10.00")
    done = await cancel(floor, order.client_order_id)
    assert done.outcome == "executed after 10.00 of 10.00 contracts (it was gone already)"
    assert (await floor.order()).state is OrderState.FILLED
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_an_order_that_is_over_needs_no_cancel(floor):
    order = await send(floor.desk, taking())
    assert (await cancel(floor, order.order_id)).outcome == "nothing to cancel: it is filled"
    floor.exchange.placing = [Fault.REFUSED]
    refused = await send(floor.desk, taking())
    done = await cancel(floor, refused.client_order_id)
    assert done.outcome == "nothing to cancel: it is rejected"


async def test_an_order_of_unknown_outcome_is_looked_for_first(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    order = await send(floor.desk, waiting(floor.clock))
    assert order.state is OrderState.UNKNOWN
    done = await cancel(floor, order.client_order_id)
    assert done.outcome == "canceled after 0.00 of 10.00 contracts"
    assert await resting_at_exchange(floor) == []


async def test_an_order_that_stays_unknown_cannot_be_canceled_yet(floor):
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.unusable = [Unusable("order o9", "odd")]
    with pytest.raises(Unavailable, match=order.client_order_id):
        await cancel(floor, order.client_order_id)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.REFUSED])
async def test_a_cancel_that_did_nothing_is_not_confirmed(floor, fault):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [fault]
    start = floor.clock.now()
    with pytest.raises(Unavailable, match="not confirmed"):
        await cancel(floor, order.client_order_id)
    assert floor.clock.now() == start + 4 * SECOND  # asked five times
    assert (await floor.order()).state is OrderState.RESTING
    assert (await cancel(floor, order.client_order_id)).outcome.startswith("canceled")


async def test_a_cancel_that_was_not_answered_is_read_back(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.UNANSWERED]
    assert (await cancel(floor, order.client_order_id)).outcome.startswith("canceled after 0.00")


# Close.


async def test_a_halted_desk_closes_nothing_and_says_what_a_person_can_do(floor):
    await send(floor.desk, taking())
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="t", who="me")
    with pytest.raises(Halted, match="HALT_STATE: the desk is halted") as refused:
        await close(floor)
    assert refused.value.remedy.startswith("`kalshi flatten` sells all that we hold, `kalshi resu")
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_a_file_that_halts_keeps_a_close_from_being_sent(floor):
    await send(floor.desk, taking())
    floor.desk.halt_file = lambda: "pulled the plug"
    with pytest.raises(Halted, match="HALT_STATE") as refused:
        await close(floor)
    assert refused.value.remedy.startswith("First take the HALT file away: `kalshi flatten`")
    assert len(await floor.orders()) == 1


@pytest.mark.parametrize(
    ("side", "limit", "sold", "cash"),
    [
        # 10 YES bought at 0.44, sold at 0.40; 10 NO bought at 0.60, sold at 0.56
        (Side.BID, "0.4400", Side.ASK, "999.600000"),
        (Side.ASK, "0.4000", Side.BID, "999.600000"),
    ],
)
async def test_what_is_held_is_sold_and_read_back(floor, side, limit, sold, cash):
    await floor.reconcile()
    await send(floor.desk, taking(side, limit))
    done = await close(floor)
    (order,) = done.orders
    assert (done.outcome, order.intent.side, order.intent.reduce_only) == ("flat", sold, True)
    assert (await floor.cash(), await floor.nets()) == (cash, {})
    # Both lose 4 cents a contract, and what was held brought 40 cents of YES or 56 of NO.
    (sale,) = done.sales
    average, outcome = ("0.400000", "yes") if sold is Side.ASK else ("0.560000", "no")
    assert (sale.outcome, str(sale.average), str(sale.left)) == (outcome, average, "0.00")
    assert (str(sale.held), str(sale.sold)) == ("10.00", "10.00")
    assert str(sale.proceeds) == f"{10 * float(average):.6f}"
    assert (str(sale.fee), str(sale.realized)) == ("0.000000", "-0.400000")


async def test_a_thin_book_leaves_a_rest(floor):
    await send(floor.desk, taking())
    floor.exchange.set_book(A, (("0.4000", "6.00"),), ASKS)
    with pytest.raises(StillHeld) as held:
        await close(floor)
    assert (str(held.value), held.value.exit_code) == (f"still held: 4.00 by {STRATEGY}", 6)
    (sale,) = held.value.sales
    assert (str(sale.sold), str(sale.left), str(sale.realized)) == ("6.00", "4.00", "-0.240000")


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault.NOT_SENT, 5, "not_sent: ConnectError"),
        (Fault.THROTTLED, 5, "not_sent: too_many_requests"),
        (Fault.LOST, 5, "absent: the exchange has no such order"),
        (Fault.REFUSED, 6, "rejected: trading_is_paused paused"),
        ("halted", 6, "not_sent: halted The desk is halted"),
        ("asleep", 6, "not_sent: refused It was decided 11s ago, by what was known then"),
    ],
)
async def test_what_could_not_be_sold_says_why(floor, fault, code, said):
    """Also where the desk itself kept the order from being sent, at the last moment."""
    await send(floor.desk, taking())

    class Late:
        def __getattr__(self, name):
            return getattr(floor.exchange, name)

        async def place(self, client_order_id, intent, *, permit, **more):
            if fault == "halted":
                halted = DeskState.HALTED
                await set_desk_state(floor.store, floor.clock, halted, reason="t", who="me")
            elif fault == "asleep":
                floor.clock.wall_us += 11 * SECOND
            return await floor.exchange.place(client_order_id, intent, permit=permit, **more)

    if isinstance(fault, Fault):
        floor.exchange.placing = [fault] * 4
    desk = floor.desk_on(Late())
    desk.sequence = floor.desk.sequence
    policy = the_policies("oracle").trading
    with pytest.raises((StillHeld, Unavailable)) as held:
        await close_position(floor.exchange, desk, A, policy=policy)
    assert held.value.exit_code == code
    assert str(held.value) == f"still held: 10.00 by {STRATEGY}; its sale is {said}"
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_every_owner_is_closed_on_his_own_account(floor):
    await send(floor.desk, taking())
    await floor.exchange.place("theirs", taking(count="3"))
    done = await close(floor)
    assert {(o.intent.strategy, str(o.intent.count)) for o in done.orders} == {
        (STRATEGY, "10.00"),
        (EXTERNAL, "3.00"),
    }
    assert (done.outcome, await floor.nets()) == ("flat", {})


async def test_nothing_to_close(floor):
    with pytest.raises(NotFound, match=B):
        await close(floor, B)


@pytest.mark.parametrize("state", [DeskState.ACTIVE, DeskState.HALTED])
async def test_nobody_to_sell_to(floor, state):
    """No other command sells it either, in a halt or not."""
    await send(floor.desk, taking())
    floor.exchange.set_book(A, (), ASKS)
    await set_desk_state(floor.store, floor.clock, state, reason="t", who="me")
    with pytest.raises(Refused, match="Nobody bids") as refused:
        await close(floor)
    assert refused.value.remedy == "Try again later, or hold it to settlement."
    assert len(floor.exchange.placed) == 1


# Requests between processes.


async def test_the_holder_does_what_others_ask_and_answers(floor):
    order = await send(floor.desk, waiting(floor.clock))
    await send(floor.desk, taking(ticker=B))
    asked = [("cancel", order.client_order_id), ("close", B), ("close", A)]
    async with floor.store.unit() as unit:
        ids = [await unit.desk.ask(kind, target, floor.clock.wall()) for kind, target in asked]
        await unit.commit()
    done = await obey(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    assert [(each.kind, each.outcome) for each in done] == [
        ("cancel", "canceled after 0.00 of 10.00 contracts"),
        ("close", "flat"),
    ]
    async with floor.store.unit() as unit:
        answers = [await unit.desk.request(number) for number in ids]
        assert await unit.desk.requests() == ()
    assert [answer.exit_code for answer in answers] == [0, 0, 3]
    assert answers[2].answer.startswith(f"Nothing is held in {A}.")
    assert await obey(floor.exchange, floor.desk, policy=the_policies().trading) == ()


class RealClock(FakeClock):
    """Real time goes on while one waits, in which the holder may act."""

    def __init__(self, meanwhile):
        super().__init__(wall_us=WALL)
        self.meanwhile = meanwhile

    async def sleep_until(self, instant_us):
        self.wall_us += instant_us - self.now_us
        await super().sleep_until(instant_us)
        await self.meanwhile()


async def test_who_asks_waits_for_the_answer(floor):
    order = await send(floor.desk, waiting(floor.clock))

    async def holder():
        await obey(floor.exchange, floor.desk, policy=the_policies().trading)

    answer = await ask_holder(
        floor.store, RealClock(holder), "cancel", order.client_order_id, is_held=held
    )
    assert (answer.exit_code, answer.answer) == (0, "canceled after 0.00 of 10.00 contracts")


async def test_who_asks_gives_up_after_a_minute(floor):
    clock = RealClock(_nothing)
    start = clock.wall()
    with pytest.raises(Unavailable, match="did not answer") as told:
        await ask_holder(floor.store, clock, "close", A, is_held=held)
    assert "kalshi halt" not in told.value.remedy  # which may be what asks
    assert MINUTE <= clock.wall() - start < MINUTE + SECOND


async def _nothing():
    pass


# The end of a day.


async def test_a_stop_cancels_entries_and_leaves_the_rest(floor):
    await send(floor.desk, taking())
    await floor.reconcile()
    entry = await send(floor.desk, waiting(floor.clock, ticker=B))
    leaving = await send(floor.desk, waiting(floor.clock, Side.ASK, "0.4300", purpose=Purpose.EXIT))
    await floor.exchange.place("theirs", waiting(floor.clock, limit="0.3000"))
    left = await wind_down(floor.exchange, floor.desk, cancel_entries=True)
    assert [order.client_order_id for order in left.canceled] == [entry.client_order_id]
    assert [order.client_order_id for order in left.resting] == [leaving.client_order_id]
    assert [(p.ticker, str(p.net)) for p in left.positions] == [(A, "10.00")]
    assert len(await resting_at_exchange(floor)) == 2


async def test_a_stop_may_leave_everything(floor):
    entry = await send(floor.desk, waiting(floor.clock))
    left = await wind_down(floor.exchange, floor.desk, cancel_entries=False)
    assert (left.canceled, left.resting) == ((), (entry,))


async def test_an_entry_that_filled_before_the_stop_is_not_called_canceled(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "10.00")
    left = await wind_down(floor.exchange, floor.desk, cancel_entries=True)
    assert (left.canceled, left.resting) == ((), ())
    assert [str(position.net) for position in left.positions] == ["10.00"]


async def test_an_entry_whose_answer_was_lost_goes_once_the_stop_finds_it(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    entry = await send(floor.desk, waiting(floor.clock))
    assert entry.state is OrderState.UNKNOWN
    left = await wind_down(floor.exchange, floor.desk, cancel_entries=True)
    assert [order.client_order_id for order in left.canceled] == [entry.client_order_id]
    assert left.resting == ()
    assert await resting_at_exchange(floor) == []


async def test_an_entry_whose_cancel_was_lost_is_asked_to_go_again_at_a_stop(floor):
    entry = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.LOST]
    left = await wind_down(floor.exchange, floor.desk, cancel_entries=True)
    assert [order.client_order_id for order in left.canceled] == [entry.client_order_id]
    assert left.resting == ()
    assert await resting_at_exchange(floor) == []


async def test_a_halt_holds_though_its_record_cannot_be_written(floor, monkeypatch):
    async def damaged(*_):
        raise StoreUnusable("The table of runs is damaged.")

    monkeypatch.setattr(SqlDesk, "start_run", damaged)
    told = {"reason": "a storm", "who": "me", "command": "halt"}
    with pytest.raises(StoreUnusable):
        await set_desk_state(floor.store, floor.clock, DeskState.HALTED, **told)
    async with floor.store.unit(reads=True) as unit:
        assert await unit.desk.state() is DeskState.HALTED


async def test_a_change_of_state_tells_what_it_was(floor):
    async def change(state):
        store, clock = floor.store, floor.clock
        return (await set_desk_state(store, clock, state, reason="test", who="me")).before

    assert await change(DeskState.HALTED) is DeskState.ACTIVE
    assert await change(DeskState.ACTIVE) is DeskState.HALTED
