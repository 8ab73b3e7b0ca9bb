"""Everything taken back, by us or by whoever holds the lease, and read back."""

from contextlib import nullcontext
from dataclasses import replace
from typing import NoReturn

import pytest
from fakes.exchange import Fault
from fakes.floor import ASKS, BIDS, STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.adapters.halt_file import HaltFile
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import Refused, StillHeld, Unavailable
from kalshi_cli.ports.exchange import Outcome, OutcomeKind
from kalshi_cli.steps.emptying import EVERYTHING, OURS, cancel_everything, cancel_ours, flatten
from kalshi_cli.steps.execution import heed_halt_file, send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.requests import obey
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track

pytestmark = pytest.mark.databases

POLICY = the_policies("oracle").trading


async def resting_at_exchange(floor):
    return [r.client_order_id for r in (await floor.exchange.orders(resting_only=True)).items]


async def put(floor, state):
    await set_desk_state(floor.store, floor.clock, state, reason="told", who="me")


async def state(floor):
    async with floor.store.unit() as unit:
        return await unit.desk.state()


async def obeyed(floor, desk=None):
    return await obey(floor.exchange, desk or floor.desk, policy=POLICY)


async def asked(floor, kind, target):
    """Another process asks, the holder obeys."""
    async with floor.store.unit() as unit:
        number = await unit.desk.ask(kind, target, floor.clock.wall())
        await unit.commit()
    await obeyed(floor)
    async with floor.store.unit() as unit:
        return await unit.desk.request(number)


@pytest.mark.parametrize("desk_state", list(DeskState))
async def test_our_orders_go_in_every_state_and_foreign_ones_stay(floor, desk_state):
    first = await send(floor.desk, waiting(floor.clock))
    await send(floor.desk, waiting(floor.clock, ticker=B))
    floor.exchange.fill_resting(first.order_id, "4.00")
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B))
    await put(floor, desk_state)
    done = await cancel_ours(floor.exchange, floor.desk)
    assert (done.kind, done.target, done.outcome) == ("cancel-all", OURS, "2 canceled")
    assert await resting_at_exchange(floor) == ["theirs"]
    assert [(o.state, str(o.filled)) for o in await floor.orders()] == [
        (OrderState.CANCELED, "4.00"),
        (OrderState.CANCELED, "0.00"),
    ]


async def test_an_order_of_unknown_outcome_is_found_and_cancelled(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, waiting(floor.clock))
    done = await cancel_ours(floor.exchange, floor.desk)
    assert (done.outcome, await resting_at_exchange(floor)) == ("1 canceled", [])


async def test_a_cancel_that_nobody_answered_is_read_back(floor):
    await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.UNANSWERED]
    assert (await cancel_ours(floor.exchange, floor.desk)).outcome == "1 canceled"


async def test_what_will_not_go_is_named(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.LOST] * 6
    with pytest.raises(Unavailable, match=f"1 may still rest: {order.client_order_id}"):
        await cancel_ours(floor.exchange, floor.desk)
    assert len(await resting_at_exchange(floor)) == 1


async def test_there_may_be_nothing(floor):
    assert (await cancel_ours(floor.exchange, floor.desk)).outcome == "none rests"


async def test_everything_goes_and_nothing_is_sent_for_a_minute(floor):
    await send(floor.desk, waiting(floor.clock))
    await floor.exchange.place("theirs", waiting(floor.clock, ticker=B))
    start = floor.clock.now()
    done = await cancel_everything(floor.exchange, floor.desk)
    assert done.outcome == (
        "nothing rests any more; of ours 1 canceled; nothing is sent for a minute"
    )
    assert await resting_at_exchange(floor) == []
    floor.clock.now_us = start + MINUTE - 1
    order = await send(floor.desk, taking())
    assert order.state is OrderState.NOT_SENT
    assert "nothing is sent for a minute" in order.message
    again = floor.desk_on(floor.exchange)  # a restart: the instant is on record
    again.sequence = floor.desk.sequence
    assert (await send(again, taking())).state is OrderState.NOT_SENT
    floor.clock.now_us = start + MINUTE
    assert (await send(again, taking())).state is OrderState.FILLED


@pytest.mark.parametrize("answered", [True, False])
async def test_our_orders_tell_that_everything_was_to_go(floor, answered):
    order = await send(floor.desk, waiting(floor.clock))
    over = await send(floor.desk, taking(ticker=B))
    floor.clock.now_us += MINUTE
    asked_us = floor.clock.now()
    desk = floor.desk if answered else floor.desk_on(Mute(floor.exchange, does=True))
    with nullcontext() if answered else pytest.raises(Unavailable):
        await cancel_everything(floor.exchange, desk)
    trail = await follow_order(floor.store.reports, order.client_order_id)
    assert [(e.cause, e.detail) for e in trail.events[-3:-1]] == [
        (Cause.CANCEL, "everything in the account is to go"),
        (Cause.CANCEL_ANSWER, "done" if answered else "unknown ReadTimeout"),
    ]
    assert [e.at_us for e in trail.events[-3:-1]] == [asked_us, asked_us]
    assert trail.events[-1].state is OrderState.CANCELED
    causes = [e.cause for e in (await follow_order(floor.store.reports, over.order_id)).events]
    assert Cause.CANCEL not in causes


class Mute:
    """An exchange that cancels everything, or nothing, and says so to nobody."""

    def __init__(self, exchange, *, does):
        self.exchange, self.does = exchange, does

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def cancel_all(self):
        if self.does:
            await self.exchange.cancel_all()
        return Outcome(OutcomeKind.UNKNOWN, code="ReadTimeout")


@pytest.mark.parametrize(
    ("does", "said"), [(False, "1 orders may still rest"), (True, "is not confirmed")]
)
async def test_a_cancel_of_everything_that_nobody_answered(floor, does, said):
    await send(floor.desk, waiting(floor.clock))
    desk = floor.desk_on(Mute(floor.exchange, does=does))
    with pytest.raises(Unavailable, match=said):
        await cancel_everything(floor.exchange, desk)
    desk.sequence = 9
    assert (await send(desk, taking())).state is OrderState.NOT_SENT  # it may sweep all the same


async def test_flatten_sells_what_is_ours_and_nothing_else(floor):
    await send(floor.desk, taking())
    await send(floor.desk, taking(Side.ASK, "0.4000", "5.00", ticker=B))
    await floor.exchange.place("theirs", taking(Side.ASK, "0.4000", "3.00", ticker=B))
    await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.reconcile()
    await put(floor, DeskState.FLATTEN)
    done = await flatten(floor.exchange, floor.desk, policy=POLICY)
    assert done.outcome == "1 canceled; flat"
    assert await floor.nets() == {(B, "external"): "-3.00"}
    # 10 YES bought at 44 cents and sold at 40; 5 NO bought at 60 and sold at 56.
    told = {each.ticker: (str(each.average), str(each.realized)) for each in done.sales}
    assert told == {A: ("0.400000", "-0.400000"), B: ("0.560000", "-0.200000")}
    assert [o.intent.purpose for o in await floor.orders()][3:] == [Purpose.EXIT] * 2


async def test_flatten_reads_the_account_once_before_and_once_after(floor):
    """Fifteen positions must not take fifteen times as long as one."""
    more = [f"KXT-2-{n}" for n in range(13)]
    floor.exchange.add_event("KXT-2", more)
    for ticker in more:
        floor.exchange.set_book(ticker, BIDS, ASKS)
    await floor.ingest()
    for ticker in (A, B, *more):
        event = ticker.rpartition("-")[0]
        await send(floor.desk, taking(ticker=ticker, event_ticker=event, count="1.00"))
    await floor.reconcile()
    await put(floor, DeskState.FLATTEN)
    counting = Counting(floor.exchange)
    desk = replace(floor.desk, trading=counting)
    done = await flatten(floor.exchange, desk, policy=POLICY)
    assert (done.outcome, len(done.orders)) == ("none rests; flat", 15)
    assert counting.settlement_reads == 2
    assert await floor.nets() == {}


class Counting:
    """The exchange, counting how often the account's settlements are read: once a pass."""

    def __init__(self, exchange):
        self.exchange, self.settlement_reads = exchange, 0

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def settlements(self, **asked):
        self.settlement_reads += 1
        return await self.exchange.settlements(**asked)


async def test_flatten_sells_though_an_order_will_not_go(floor):
    """The cancel is lost each time, and a quote of ours stays: the rest is sold all the same."""
    await send(floor.desk, taking())
    order = await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.reconcile()
    await put(floor, DeskState.FLATTEN)
    floor.exchange.cancelling = [Fault.LOST] * 6
    with pytest.raises(Unavailable, match=f"1 may still rest: {order.client_order_id}"):
        await flatten(floor.exchange, floor.desk, policy=POLICY)
    assert await floor.nets() == {}


class Unread:
    """The exchange, whose account cannot be read; writes arrive."""

    def __init__(self, exchange):
        self.exchange = exchange

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def orders(self, **asked):
        raise Unavailable("the line is cut")


async def test_flatten_sells_though_the_account_cannot_be_read(floor):
    await send(floor.desk, taking())
    await send(floor.desk, waiting(floor.clock, ticker=B))
    await floor.reconcile()
    await put(floor, DeskState.FLATTEN)
    desk = replace(floor.desk, trading=Unread(floor.exchange))
    with pytest.raises(Refused, match="could not be read back: the line is cut"):
        await flatten(floor.exchange, desk, policy=POLICY)
    assert (floor.exchange.nets[A].units, await resting_at_exchange(floor)) == (0, [])
    await floor.reconcile()
    assert await floor.nets() == {}


async def test_an_exchange_that_is_away_is_told_once(floor):
    """To the cancel, the sale and the reading back it is one and the same."""
    await send(floor.desk, taking())
    await floor.reconcile()
    await put(floor, DeskState.FLATTEN)
    desk = replace(floor.desk, trading=Unread(floor.exchange))

    async def away(*_: object) -> NoReturn:
        raise Unavailable("the line is cut")

    floor.exchange.books = away
    with pytest.raises(StillHeld) as refused:
        await flatten(floor.exchange, desk, policy=POLICY)
    assert str(refused.value) == f"Still held: {A}. the line is cut"


async def test_what_nobody_buys_stays_and_is_named(floor):
    await send(floor.desk, taking())
    await floor.reconcile()
    floor.exchange.set_book(A, (), ())
    await put(floor, DeskState.FLATTEN)
    with pytest.raises(Refused, match=f"Still held: {A}") as refused:
        await flatten(floor.exchange, floor.desk, policy=POLICY)
    assert refused.value.remedy == (  # beside a loop, `kalshi track` is refused
        "`kalshi track`, or a loop that runs, goes on selling; nothing new is entered until "
        "`kalshi resume`."
    )
    assert [(str(each.sold), str(each.left)) for each in refused.value.sales] == [("0.00", "10.00")]
    floor.exchange.set_book(A, (("0.4000", "100.00"),), ())
    await track(floor.exchange, floor.desk, exits=(), policy=POLICY)
    assert await floor.nets() == {}


@pytest.mark.parametrize(
    ("kind", "target", "answer"),
    [
        ("cancel-all", OURS, "1 canceled"),
        ("cancel-all", EVERYTHING, "nothing rests any more"),
        ("flatten", OURS, "1 canceled; flat"),
    ],
)
async def test_the_holder_does_it_for_another_process(floor, kind, target, answer):
    await send(floor.desk, waiting(floor.clock))
    found = await asked(floor, kind, target)
    assert (found.exit_code, found.answer.startswith(answer)) == (0, True)
    assert await resting_at_exchange(floor) == []


async def test_what_nobody_knows_is_answered_so(floor):
    found = await asked(floor, "dance", "now")
    assert (found.exit_code, found.answer) == (
        3,
        "Nobody here knows how to dance. Use one version of kalshi.",
    )


async def test_a_file_halts_the_desk_and_taking_it_away_does_not_resume(floor, tmp_path):
    file = HaltFile(tmp_path / "HALT")
    desk = replace(floor.desk, halt_file=file)
    await send(desk, waiting(floor.clock))
    file.path.write_text("the feed \x1b[31m\nlooks wrong")
    order = await send(desk, taking())
    assert (order.state, order.message) == (OrderState.NOT_SENT, "halted The desk is halted.")
    summary = await floor.store.reports.summary()
    assert (summary.state, summary.state_reason) == (
        DeskState.HALTED,
        "the feed [31m looks wrong",
    )
    assert await obeyed(floor, desk)  # the loop looks every second, and takes our orders back
    assert await resting_at_exchange(floor) == []
    file.path.unlink()
    assert (await send(desk, taking())).state is OrderState.NOT_SENT
    await put(floor, DeskState.ACTIVE)
    assert (await send(desk, taking())).state is OrderState.FILLED


async def test_a_file_that_is_seen_before_anything_is_in_it_still_says_why(floor, tmp_path):
    """`echo why > HALT` makes an empty file, and writes into it a moment later."""
    file = HaltFile(tmp_path / "HALT")
    desk = replace(floor.desk, halt_file=file)

    async def reason():
        await heed_halt_file(desk)
        summary = await floor.store.reports.summary()
        assert summary.state is DeskState.HALTED
        return summary.state_reason

    file.path.touch()
    assert await reason() == "a HALT file without a reason"
    file.path.write_text("the feed looks wrong\n")
    assert await reason() == "the feed looks wrong"
    await put(floor, DeskState.HALTED)  # by a person, whose reason stays
    by_hand = (await floor.store.reports.summary()).state_reason
    assert await reason() == by_hand != "the feed looks wrong"


async def test_a_file_put_there_between_the_checks_and_the_send_is_obeyed(floor, tmp_path):
    """Everything was checked, the intent is on record; then somebody touches the file."""
    file = HaltFile(tmp_path / "HALT")

    class Touching:
        def __getattr__(self, name):
            return getattr(floor.exchange, name)

        async def place(self, client_order_id, intent, **more):
            file.path.touch()
            return await floor.exchange.place(client_order_id, intent, **more)

    desk = replace(floor.desk, halt_file=file, trading=Touching())
    order = await send(desk, taking())
    assert (order.state, floor.exchange.placed) == (OrderState.NOT_SENT, [])
    assert (await floor.store.reports.summary()).state_reason == "a HALT file without a reason"


async def test_a_file_that_cannot_be_read_halts_too(tmp_path):
    (tmp_path / "HALT").mkdir()
    assert "cannot be read" in HaltFile(tmp_path / "HALT")()
    assert HaltFile(tmp_path / "nothing")() is None


async def test_in_reduce_only_a_quote_is_new_risk_as_well(floor):
    await put(floor, DeskState.REDUCE_ONLY)
    quote = waiting(floor.clock, purpose=Purpose.QUOTE)
    assert (await send(floor.desk, quote)).state is OrderState.NOT_SENT


async def test_a_halted_loop_takes_its_orders_back_though_nobody_asks(floor):
    await send(floor.desk, waiting(floor.clock))
    await put(floor, DeskState.HALTED)
    floor.clock.now_us += SECOND
    (done,) = await obeyed(floor)
    assert (done.outcome, await resting_at_exchange(floor)) == ("1 canceled", [])
    assert await obeyed(floor) == ()
    assert {o.intent.strategy for o in await floor.orders()} == {STRATEGY}
