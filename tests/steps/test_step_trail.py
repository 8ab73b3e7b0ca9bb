"""Everything that happens to an order is a row, in the order it happened."""

import pytest
from fakes.decisions import a_plan
from fakes.exchange import Fault
from fakes.floor import ASKS, STRATEGY, A, taking, the_policies, waiting

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.order import OrderState, Pending
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import NotFound
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.canceling import cancel_order
from kalshi_cli.steps.closing import close_position
from kalshi_cli.steps.emptying import cancel_ours
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.explain import follow_order
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.stopping import wind_down
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")


async def trail_of(floor, order):
    return await follow_order(floor.store.reports, order.client_order_id)


def told(trail):
    return [(event.cause, event.state, str(event.filled)) for event in trail.events]


async def test_an_order_that_fills_later_tells_its_life(floor):
    book = (await floor.exchange.books([A]))[A]
    order = await send(floor.desk, waiting(floor.clock), book=book)
    floor.exchange.fill_resting(order.order_id, "4")
    await floor.reconcile()
    order, answer = await cancel(floor.desk, await floor.order(), "a test")
    trail = await trail_of(floor, order)
    assert told(trail) == [
        (Cause.INTENT, OrderState.INTENT, "0.00"),
        (Cause.ANSWER, OrderState.RESTING, "0.00"),
        (Cause.REPORT, OrderState.PARTIALLY_FILLED, "4.00"),
        (Cause.CANCEL, OrderState.PARTIALLY_FILLED, "4.00"),
        (Cause.CANCEL_ANSWER, OrderState.CANCELED, "4.00"),
    ]
    intent, sent, *_, asked, gone = trail.events
    assert intent.detail == "bid 100.00 at 0.4000, ask 100.00 at 0.4400"
    assert sent.detail == f"accepted {order.order_id}: 0.00 filled, 10.00 resting"
    assert (asked.pending, gone.pending) == (Pending.CANCEL, Pending.NONE)
    assert gone.detail == answer.kind == "canceled"
    assert [row.fill.order_id for row in trail.fills] == [order.order_id]
    assert (trail.market.ticker, trail.run.run_id) == (A, floor.run.run_id)


async def test_a_side_without_size_is_told_as_nothing(floor):
    floor.exchange.set_book(A, (), (("0.4400", "5.00"),))
    book: OrderBook = (await floor.exchange.books([A]))[A]
    order = await send(floor.desk, taking(count="5"), book=book)
    first = (await trail_of(floor, order)).events[0]
    assert first.detail == "bid nothing, ask 5.00 at 0.4400"


@pytest.mark.parametrize(
    ("fault", "state", "detail"),
    [
        (Fault.REFUSED, OrderState.REJECTED, "refused trading_is_paused paused"),
        (Fault.NOT_SENT, OrderState.NOT_SENT, "not_sent ConnectError"),
        (Fault.LOST, OrderState.UNKNOWN, "unknown ReadTimeout"),
    ],
)
async def test_what_went_wrong_is_on_record(floor, fault, state, detail):
    floor.exchange.placing = [fault]
    order = await send(floor.desk, taking())
    events = (await trail_of(floor, order)).events
    assert [(event.cause, event.state) for event in events] == [
        (Cause.INTENT, OrderState.INTENT),
        (Cause.ANSWER, state),
    ]
    assert events[-1].detail == detail


async def test_each_answer_to_an_order_that_is_sent_again_is_on_record(floor):
    floor.exchange.placing = [Fault.THROTTLED, Fault.THROTTLED]
    began_us = floor.clock.now()
    order = await send(floor.desk, taking())
    events = (await trail_of(floor, order)).events
    assert [(e.cause, e.state, e.detail, e.at_us - began_us) for e in events[1:]] == [
        (Cause.ANSWER, OrderState.INTENT, "throttled too_many_requests", 0),
        (Cause.ANSWER, OrderState.INTENT, "throttled too_many_requests", SECOND),
        (
            Cause.ANSWER,
            OrderState.FILLED,
            f"accepted {order.order_id}: 10.00 filled, 0.00 resting",
            2 * SECOND,
        ),
    ]


async def test_a_search_that_finds_nothing_is_on_record(floor):
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, taking())
    await floor.reconcile()
    last = (await trail_of(floor, order)).events[-1]
    assert (last.cause, last.state) == (Cause.SEARCH, OrderState.ABSENT)
    assert last.detail == "the exchange has no such order"


async def test_a_cancel_without_an_answer_leaves_a_row_and_stays_pending(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.cancelling = [Fault.LOST]
    await cancel(floor.desk, order, "a test")
    *_, last = (await trail_of(floor, order)).events
    assert (last.cause, last.state, last.pending) == (
        Cause.CANCEL_ANSWER,
        OrderState.RESTING,
        Pending.CANCEL,
    )
    assert last.detail.startswith("unknown")


async def test_a_cancel_of_what_had_filled_tells_when_it_was_asked(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange.fill_resting(order.order_id, "10")
    await floor.reconcile()
    floor.clock.now_us += MINUTE
    await cancel(floor.desk, order, "too late")
    asked, answered = (await trail_of(floor, order)).events[-2:]
    assert (asked.cause, asked.state, asked.pending, asked.detail) == (
        Cause.CANCEL,
        OrderState.FILLED,
        Pending.NONE,
        "too late",
    )
    assert [asked.at_us, answered.at_us] == [floor.clock.now()] * 2


async def test_what_was_refused_before_stands_beside_the_order(floor):
    await floor.ingest()
    await floor.forecast(p=0.60)
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="test", who="test")
    policy = the_policies().trading
    await trade(floor.exchange, floor.desk, policy=policy)
    await set_desk_state(floor.store, floor.clock, DeskState.ACTIVE, reason="test", who="test")
    result = await trade(floor.exchange, floor.desk, policy=policy)
    (order,) = result.orders
    trail = await trail_of(floor, order)
    (denied,) = trail.denials
    intent = order.intent
    assert (denied.code, denied.strategy) == ("HALT_STATE", STRATEGY)
    assert (denied.side, denied.price, denied.count) == (intent.side, intent.limit, intent.count)
    assert denied.forecast_id == trail.analysis.forecast.forecast_id == intent.forecast_id


async def test_the_exchanges_id_names_the_order_too(floor):
    order = await send(floor.desk, taking())
    await floor.reconcile()
    await send(floor.desk, taking(side=order.intent.side.opposite, limit="0.4000"))
    trail = await follow_order(floor.store.reports, order.order_id)
    assert trail.order.client_order_id == order.client_order_id
    assert [row.side for row in trail.since] == [order.intent.side.opposite]


async def test_a_closed_trade_is_part_of_the_trail(floor):
    order = await send(floor.desk, taking())
    await send(floor.desk, taking(side=order.intent.side.opposite, limit="0.4000"))
    await floor.reconcile()
    (trip,) = (await trail_of(floor, order)).round_trips
    # ten YES at 0.44, sold at 0.40, without fees: 4.40 paid, 4.00 back
    assert (str(trip.pnl), trip.trip.side) == ("-0.400000", Side.BID)


async def falls_below_the_stop(floor):
    floor.exchange.set_book(A, (("0.1900", "100.00"),), ASKS)
    await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)


async def is_to_reduce_at_the_next_look(floor):
    await set_desk_state(floor.store, floor.clock, DeskState.REDUCE_ONLY, reason="test", who="test")
    await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)


async def is_to_reduce_at_the_next_pass(floor):
    await set_desk_state(floor.store, floor.clock, DeskState.REDUCE_ONLY, reason="test", who="test")
    await trade(floor.exchange, floor.desk, policy=POLICIES.trading)


async def stops(floor):
    await wind_down(floor.exchange, floor.desk, cancel_entries=True)


async def takes_everything_back(floor):
    await cancel_ours(floor.exchange, floor.desk)


async def is_closed_by_hand(floor):
    await close_position(floor.exchange, floor.desk, A, policy=POLICIES.trading)


async def is_canceled_by_hand(floor):
    entry = (await floor.orders())[-1]
    await cancel_order(floor.exchange, floor.desk, entry.client_order_id)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (falls_below_the_stop, "what is held there is to leave"),
        (is_to_reduce_at_the_next_look, "the desk takes no new risk"),
        (is_to_reduce_at_the_next_pass, "the desk takes no new risk"),
        (stops, "the desk stops"),
        (takes_everything_back, "everything of ours is to go"),
        (is_closed_by_hand, "what is held there is sold by hand"),
        (is_canceled_by_hand, "by hand"),
    ],
)
async def test_why_an_entry_was_canceled_is_in_its_trail(floor, happens, why):
    await send(floor.desk, taking(), a_plan(A, STRATEGY, stop=Price.parse("0.2000")))
    await floor.reconcile()
    entry = await send(floor.desk, waiting(floor.clock))
    await happens(floor)
    events = (await trail_of(floor, entry)).events
    assert [event.detail for event in events if event.cause is Cause.CANCEL] == [why]


async def test_an_id_that_nobody_knows_is_not_found(floor):
    with pytest.raises(NotFound, match="No order k1nobody"):
        await follow_order(floor.store.reports, "k1nobody")
