"""The books agree with the exchange, whatever was lost, late, doubled or out of order."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.exchange import FakeExchange, Fault
from fakes.exchange_desks import FakeTreasury
from fakes.floor import STRATEGY, A, B, open_floor, taking, waiting
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import Page, Unusable
from kalshi_cli.steps.booking import book
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.reconcile import CASH

pytestmark = pytest.mark.databases


class Unreadable:
    """The exchange, where one list stops after its first page."""

    def __init__(self, exchange, name):
        self.exchange, self.name = exchange, name

    def __getattr__(self, name):
        read = getattr(self.exchange, name)
        return self._cut(read) if name == self.name else read

    def _cut(self, read):
        async def page(*, cursor="", **options):
            if cursor:
                raise Unavailable("the line is cut")
            found = await read(cursor=cursor, **options)
            return Page(found.items[:1], "more", found.unusable)

        async def by_cursor(cursor="", **options):
            return await page(cursor=cursor, **options)

        return by_cursor


def books(found):
    return found.complete, found.differences, found.alarms


# Orders of unknown outcome.


async def test_an_order_that_was_not_answered_is_adopted_with_its_fills(floor):
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, taking())
    found = await floor.reconcile()
    assert books(found) == (True, (), ())
    assert [str(fill.count) for fill in found.new_fills] == ["10.00"]
    order = await floor.order()
    assert (order.state, order.order_id, str(order.filled)) == (
        OrderState.FILLED,
        "order-1",
        "10.00",
    )
    assert await floor.nets() == {(A, STRATEGY): "10.00"}


async def test_an_intent_found_at_start_is_searched_for(floor):
    """The process died after the request, before the answer was on record."""

    class Dies(FakeExchange):
        async def place(self, client_order_id, intent, **more):
            await floor.exchange.place(client_order_id, intent, **more)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await send(floor.desk_on(Dies(floor.clock)), waiting(floor.clock))
    assert (await floor.order()).state is OrderState.INTENT
    found = await floor.reconcile()
    assert [order.state for order in found.changed] == [OrderState.RESTING]
    assert found.foreign == ()


async def test_an_intent_found_at_start_is_unknown_where_it_cannot_be_searched_for(floor):
    """So that it counts among the orders of which too many stop new risk everywhere."""

    class Dies(FakeExchange):
        async def place(self, client_order_id, intent, **more):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await send(floor.desk_on(Dies(floor.clock)), waiting(floor.clock))
    floor.exchange.unusable = [Unusable("order o9", "a price of 2 dollars")]
    found = await floor.reconcile()
    assert [order.state for order in found.unresolved] == [OrderState.UNKNOWN]
    assert (await floor.orders()) == found.unresolved


async def test_reads_lag_writes_so_a_search_asks_again(floor):
    floor.exchange.hidden_reads = 4
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, taking())
    start = floor.clock.now()
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.FILLED
    assert floor.clock.now() == start + 4 * SECOND


async def test_five_misses_prove_an_order_absent(floor):
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    start = floor.clock.now()
    found = await floor.reconcile()
    assert floor.clock.now() == start + 4 * SECOND
    assert [order.state for order in found.changed] == [OrderState.ABSENT]
    assert (found.unresolved, found.frozen.keys()) == ((), frozenset())
    assert len(floor.exchange.placed) == 1


async def test_a_partial_read_proves_nothing(floor):
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    floor.exchange.unusable = [Unusable("order o9", "a price of 2 dollars")]
    found = await floor.reconcile()
    assert [order.state for order in found.unresolved] == [OrderState.UNKNOWN]
    assert found.frozen.keys() == {A}
    assert (await floor.order()).state is OrderState.UNKNOWN
    assert (found.complete, found.differences) == (False, ())
    assert "order o9" in found.why
    floor.exchange.unusable = []
    found = await floor.reconcile()
    assert (found.unresolved, (await floor.order()).state) == ((), OrderState.ABSENT)


async def test_a_row_that_is_refused_leaves_its_own_market_in_doubt_alone(floor):
    """A stranger's order at odd terms stays on the list for good."""
    floor.exchange.placing = [Fault.LOST, Fault.LOST]
    for ticker in (A, B):
        await send(floor.desk, taking(ticker=ticker))
    floor.exchange.unusable = [Unusable("order o9", "a price of 2 dollars", B)]
    found = await floor.reconcile()
    assert [order.intent.ticker for order in found.unresolved] == [B]
    assert {o.intent.ticker: o.state for o in await floor.orders()} == {
        A: OrderState.ABSENT,
        B: OrderState.UNKNOWN,
    }


class Counted:
    """Counts the pages that are asked of one list."""

    def __init__(self, inner, name):
        self.inner, self.name, self.pages = inner, name, 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    async def asked(self, **options):
        self.pages += 1
        return await getattr(self.inner, self.name)(**options)


class CountedCash(Counted):
    cash_movements = Counted.asked


class CountedTransfers(Counted):
    transfers = Counted.asked


def deposit(number, at_us, amount="1.00"):
    return CashMovement(f"d{number}", CashKind.DEPOSIT, Money.parse(amount), at_us)


async def test_the_history_of_cash_is_read_once(floor):
    """Ten deposits of a year ago are five pages; from then on one page, which is of the last month.

    One that is told late with an old date makes a difference of cash, for which all is read: twice
    from the watermark on, and then the six pages there are by then.
    """
    now = floor.clock.now()
    floor.exchange.movements = [deposit(n, now - (365 - n) * DAY) for n in range(10)]
    floor.exchange.page_size = 2
    exchange, pages = floor.exchange, CountedCash(floor.exchange, "cash_movements")
    transfers = CountedTransfers(FakeTreasury(exchange), "transfers")
    floor.exchange = pages
    assert books(await floor.reconcile(treasury=transfers)) == (True, (), ())
    assert pages.pages == 5 + 1  # it is read once more before the books are opened
    pages.pages = transfers.pages = 0
    exchange.movements.append(deposit("new", now))
    exchange.cash += Money.parse("1.00")
    assert books(await floor.reconcile(treasury=transfers)) == (True, (), ())
    assert (pages.pages, transfers.pages) == (1, 1)
    pages.pages = 0
    exchange.movements.append(deposit("late", now - 200 * DAY))
    exchange.cash += Money.parse("1.00")
    assert books(await floor.reconcile(treasury=transfers)) == (True, (), ())
    assert pages.pages == 1 + 1 + 6
    assert await floor.cash() == "1002.000000"


async def test_cash_is_read_from_a_month_before_the_last_whole_reading(floor):
    """Were it not to move on, a year later all of that year would be read each time."""
    exchange = floor.exchange
    pages = floor.exchange = CountedCash(exchange, "cash_movements")
    await floor.reconcile()
    floor.clock.now_us += 365 * DAY
    await floor.reconcile()
    now = floor.clock.now()
    exchange.movements += [deposit(n, now - (40 - n) * DAY) for n in range(8)]
    exchange.cash += Money.parse("8.00")
    exchange.page_size = 1
    assert books(await floor.reconcile())[:2] == (True, ())
    pages.pages = 0
    exchange.movements.append(deposit("new", now - 29 * DAY))
    exchange.cash += Money.parse("1.00")
    assert books(await floor.reconcile())[:2] == (True, ())
    assert pages.pages == 1


async def test_cash_that_was_read_in_part_is_read_again(floor):
    await floor.reconcile()
    floor.clock.now_us += 365 * DAY
    whole = floor.exchange
    now = floor.clock.now()
    whole.movements = [deposit("1", now), deposit("2", now - 300 * DAY)]
    whole.cash += Money.parse("2.00")
    whole.page_size = 1
    floor.exchange = Unreadable(whole, "cash_movements")
    found = await floor.reconcile()
    assert (found.complete, found.differences, found.why) == (False, (), "the line is cut")
    floor.exchange = whole
    assert books(await floor.reconcile()) == (True, (), ())
    assert await floor.cash() == "1002.000000"


async def test_an_exchange_that_cannot_be_read_changes_nothing(floor):
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, taking())
    floor.exchange.reading = [Unavailable("down")]
    with pytest.raises(Unavailable):
        await floor.reconcile()
    assert await floor.order() == order


async def given_up(floor, intent):
    """An order that the exchange has, and that was given up as absent."""
    floor.exchange.placing = [Fault.UNANSWERED]
    floor.exchange.hidden_reads = 99
    order = await send(floor.desk, intent)
    hidden = [floor.exchange.all_fills, floor.exchange.nets, floor.exchange.cash]
    floor.exchange.all_fills, floor.exchange.nets = [], {}
    floor.exchange.cash = Money.parse("1000.000000")
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.ABSENT
    floor.exchange.all_fills, floor.exchange.nets, floor.exchange.cash = hidden
    return order


async def test_an_order_given_up_that_rests_after_all_is_adopted_and_alarms(floor):
    order = await given_up(floor, waiting(floor.clock))
    floor.exchange._misses.clear()
    found = await floor.reconcile()
    assert (found.foreign, found.complete, found.differences) == ((), True, ())
    (alarm,) = found.alarms
    assert alarm == (
        f"order {order.client_order_id} in {A} was given up as absent, but the exchange has it: "
        "adopted as resting"
    )
    after = await floor.order()
    assert (after.state, after.order_id) == (OrderState.RESTING, "order-1")
    assert (await floor.reconcile()).alarms == ()


async def test_an_order_given_up_that_is_over_already_is_adopted_and_alarms(floor):
    """It neither rests nor filled: nothing but the list of orders tells that it was there."""
    order = await given_up(floor, taking(limit="0.3600"))  # nobody sells at that
    floor.exchange._misses.clear()
    floor.clock.now_us += MINUTE
    found = await floor.reconcile()
    assert found.alarms == (
        f"order {order.client_order_id} in {A} was given up as absent, but the exchange has it: "
        "adopted as canceled",
    )
    after = await floor.order()
    assert (after.state, after.order_id, str(after.filled)) == (
        OrderState.CANCELED,
        "order-1",
        "0.00",
    )
    assert (await floor.reconcile()).alarms == ()


@pytest.mark.parametrize(("later_us", "looks"), [(MINUTE, 1), (2 * HOUR, 0)])
async def test_an_order_given_up_is_looked_for_once_a_pass_for_an_hour(floor, later_us, looks):
    asked = []

    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking())
    await floor.reconcile()
    real = floor.exchange.orders

    async def counted(**options):
        asked.append(options)
        return await real(**options)

    floor.exchange.orders = counted
    start = floor.clock.now_us = floor.clock.now() + later_us
    await floor.reconcile()
    assert len([options for options in asked if not options.get("resting_only")]) == looks
    assert floor.clock.now() == start
    assert (await floor.order()).state is OrderState.ABSENT


async def test_fills_of_an_order_given_up_belong_to_its_strategy(floor):
    order = await given_up(floor, taking())
    found = await floor.reconcile()  # the fill is shown before the order is: whose is it?
    assert found.why == "fills of an order not shown yet: order-1"
    assert (await floor.nets(), found.differences) == ({}, ())
    floor.exchange._misses.clear()
    found = await floor.reconcile()
    assert (found.complete, found.differences, len(found.alarms)) == (True, (), 1)
    assert order.client_order_id in found.alarms[0]
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert (await floor.order()).state is OrderState.FILLED


# What is not ours.


async def test_foreign_orders_and_fills_are_counted_and_left_alone(floor):
    mine = await send(floor.desk, waiting(floor.clock))
    await floor.exchange.place("theirs-1", waiting(floor.clock, limit="0.4000", count="7"))
    await floor.exchange.place("theirs-2", taking(ticker=B, count="3"))
    found = await floor.reconcile()
    assert [report.client_order_id for report in found.foreign] == ["theirs-1"]
    assert books(found) == (True, (), ())
    assert await floor.nets() == {(B, EXTERNAL): "3.00"}
    assert await floor.orders() == (mine,)
    assert len(await open_at_exchange(floor)) == 2


async def open_at_exchange(floor):
    return (await floor.exchange.orders(resting_only=True)).items


async def test_fills_in_a_market_never_read_bring_its_event_along(floor):
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    floor.exchange.set_book("KXNEW-1-A", (), (("0.5000", "10.00"),))
    await floor.exchange.place("theirs", taking(ticker="KXNEW-1-A", limit="0.5000", count="2"))
    assert books(await floor.reconcile()) == (True, (), ())
    assert await floor.nets() == {("KXNEW-1-A", EXTERNAL): "2.00"}


# Money.


async def test_the_opening_balance_is_booked_once(floor):
    found = await floor.reconcile()
    assert (str(found.cash), found.differences) == ("1000.000000", ())
    floor.exchange.cash += Money.parse("0.000001")
    found = await floor.reconcile()
    assert found.differences == (Difference(CASH, "1000.000000", "1000.000001"),)
    assert found.frozen.keys() == frozenset()


async def test_a_pass_in_part_does_not_open_the_books(floor):
    floor.exchange.unusable = [Unusable("row", "odd")]
    assert str((await floor.reconcile()).cash) == "0.000000"
    floor.exchange.unusable = []
    assert str((await floor.reconcile()).cash) == "1000.000000"


async def test_a_deposit_is_a_movement_and_no_difference(floor):
    await floor.reconcile()
    floor.exchange.cash += Money.parse("50.00")
    deposit = CashMovement("d1", CashKind.DEPOSIT, Money.parse("50.00"), floor.clock.now())
    floor.exchange.movements.append(deposit)
    found = await floor.reconcile()
    assert (str(found.cash), found.differences) == ("1050.000000", ())


@pytest.mark.parametrize(
    ("result", "value", "cash"),
    [
        # 10 YES contracts bought at 0.44: 1000 - 4.40, then what they pay
        (Result.YES, None, "1005.600000"),
        (Result.NO, None, "995.600000"),
        (Result.SCALAR, "0.2500", "998.100000"),
    ],
)
async def test_a_settlement_is_booked_once(floor, result, value, cash):
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    floor.exchange.settle(A, result, value and Price.parse(value))
    found = await floor.reconcile()
    assert (len(found.settlements), str(found.cash)) == (1, cash)
    assert books(found) == (True, (), ())
    again = await floor.reconcile()
    assert (again.settlements, str(again.cash), await floor.nets()) == ((), cash, {})
    (trip,) = await floor.store.reports.round_trips()
    paid = {"yes": "10.000000", "no": "0.000000", "scalar": "2.500000"}[result]
    assert (str(trip.trip.proceeds), trip.trip.reason) == (paid, f"resolution: settled {result}")


async def test_a_changed_settlement_is_a_revision_that_reverses_the_old(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    (paid,) = floor.exchange.all_settlements
    floor.exchange.all_settlements = [
        replace(paid, result=Result.NO, value=Price(0), revenue=Money(0))
    ]
    floor.exchange.cash -= Money.parse("10.00")
    found = await floor.reconcile()
    assert [settlement.revision for settlement in found.settlements] == [1]
    assert (str(found.cash), found.differences) == ("995.600000", ())
    (row,) = await floor.store.reports.round_trips()
    assert str(row.pnl) == "-4.400000"


async def test_a_changed_settlement_that_moves_no_cash_is_read_again_within_a_day(floor):
    """Ten of ours at 0.44, ten sold by hand: who has gained changes, the account has nothing."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.exchange.place("by-hand", taking(Side.ASK, limit="0.4000"))
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    (paid,) = floor.exchange.all_settlements
    assert (paid.net, paid.revenue) == (Contracts(0), Money(0))
    assert await earned(floor) == "5.600000"
    floor.exchange.all_settlements = [replace(paid, result=Result.NO, value=Price(0))]
    await floor.clock.sleep_until(floor.clock.now() + DAY)
    found = await floor.reconcile()
    assert [settlement.revision for settlement in found.settlements] == [1]
    assert await earned(floor) == "-4.400000"
    await floor.clock.sleep_until(floor.clock.now() + DAY)
    again = await floor.reconcile()
    assert (again.settlements, books(again)) == ((), (True, (), ()))
    assert await earned(floor) == "-4.400000"


async def test_a_read_of_all_settlements_that_ends_early_is_tried_again_an_hour_later(floor):
    """The first pass after a day reads all, and its second page does not come."""
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    await floor.clock.sleep_until(floor.clock.now() + DAY)
    cut = Cut(floor.exchange)
    for pause, read in ((0, 1), (MINUTE, 1), (HOUR - MINUTE, 2), (MINUTE, 2)):
        await floor.clock.sleep_until(floor.clock.now() + pause)
        await book(floor.exchange, cut, floor.store, floor.clock)
        assert cut.reads_of_all == read
    cut.is_whole = True
    for pause, read in ((HOUR, 3), (2 * HOUR, 3)):
        await floor.clock.sleep_until(floor.clock.now() + pause)
        await book(floor.exchange, cut, floor.store, floor.clock)
        assert cut.reads_of_all == read


class Cut:
    """The exchange, where the list of all settlements stops after its first page."""

    def __init__(self, exchange):
        self.exchange, self.reads_of_all, self.is_whole = exchange, 0, False

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def settlements(self, *, min_us=0, cursor=""):
        if cursor:
            raise Unavailable("the line is cut")
        found = await self.exchange.settlements(min_us=min_us)
        self.reads_of_all += min_us == 0
        return found if self.is_whole or min_us else Page(found.items, "more", ())


async def test_a_market_paid_long_ago_and_told_no_more_is_no_doubt_of_today(floor):
    """Once a day its settlement is told again: what is on record of it is still so."""
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.settle(A, Result.YES)
    (paid,) = floor.exchange.all_settlements
    combo = replace(paid, ticker="KXCOMBO-1", net=Contracts(0), revenue=Money(0))
    floor.exchange.all_settlements = [combo, replace(paid, settled_us=paid.settled_us + HOUR)]
    assert (await floor.reconcile()).unlisted == {"KXCOMBO-1"}
    await floor.clock.sleep_until(floor.clock.now() + DAY)
    again = await floor.reconcile()
    assert (again.unlisted, again.is_settled) == (frozenset(), True)


async def earned(floor):
    (row,) = await floor.store.reports.round_trips(owner=STRATEGY)
    return str(row.pnl)


# Differences.


async def test_a_position_that_differs_is_told_and_frozen(floor):
    await floor.reconcile()
    floor.exchange.nets[A] = Contracts.parse("5.00")
    found = await floor.reconcile()
    assert found.differences == (Difference(A, "0.00", "5.00"),)
    assert found.frozen == {
        A: "the books hold 0.00 here, the exchange 5.00: `kalshi inspect-db --reconcile` shows it"
    }


@pytest.mark.parametrize("name", ["orders", "fills", "positions", "settlements", "cash_movements"])
async def test_what_was_read_in_part_makes_no_difference(floor, name):
    await floor.reconcile()
    for ticker in (A, B):
        await send(floor.desk, taking(ticker=ticker))
        await send(floor.desk, waiting(floor.clock, ticker=ticker))
    floor.exchange.settle(A, Result.NO)
    before = floor.exchange, floor.exchange.page_size
    floor.exchange.page_size = 1
    floor.exchange = Unreadable(before[0], name)
    found = await floor.reconcile()
    assert (found.complete, found.differences, found.why) == (False, (), "the line is cut")
    floor.exchange, floor.exchange.page_size = before
    assert books(await floor.reconcile()) == (True, (), ())


async def test_a_fill_between_two_reads_is_no_difference(floor):
    """The other lane trades between the reading of fills and of positions."""
    await floor.reconcile()

    class Busy(Unreadable):
        def __getattr__(self, name):
            return getattr(self.exchange, name)

        async def balance(self):
            if not self.exchange.placed:
                await self.exchange.place("theirs", taking(count="4"))
            return await self.exchange.balance()

    floor.exchange = Busy(floor.exchange, "")
    found = await floor.reconcile()
    assert books(found) == (True, (), ())
    assert [str(fill.count) for fill in found.new_fills] == ["4.00"]


async def test_a_deposit_between_two_reads_is_no_difference(floor):
    await floor.reconcile()

    class Paid(Unreadable):
        def __getattr__(self, name):
            return getattr(self.exchange, name)

        async def balance(self):
            if not self.exchange.movements:
                self.exchange.cash += Money.parse("50.00")
                amount = Money.parse("50.00")
                self.exchange.movements.append(CashMovement("d1", CashKind.DEPOSIT, amount, 1))
            return await self.exchange.balance()

    floor.exchange = Paid(floor.exchange, "")
    assert books(await floor.reconcile()) == (True, (), ())


# Working orders.


async def test_working_orders_follow_the_exchange(floor):
    first = await send(floor.desk, waiting(floor.clock))
    second = await send(floor.desk, waiting(floor.clock, ticker=B))
    floor.exchange.fill_resting(first.order_id, "4.00")
    found = await floor.reconcile()
    assert [(o.state, str(o.filled)) for o in found.changed] == [
        (OrderState.PARTIALLY_FILLED, "4.00")
    ]
    floor.clock.now_us += HOUR  # both expire; the exchange calls that canceled
    found = await floor.reconcile()
    assert {o.client_order_id: (o.state, str(o.filled)) for o in found.changed} == {
        first.client_order_id: (OrderState.EXPIRED, "4.00"),
        second.client_order_id: (OrderState.EXPIRED, "0.00"),
    }


async def test_a_resting_order_missing_from_a_read_stays(floor):
    order = await send(floor.desk, waiting(floor.clock))
    floor.exchange._misses[order.order_id] = 99
    found = await floor.reconcile()
    assert (found.changed, (await floor.order()).state) == ((), OrderState.RESTING)


# Alarms.


async def test_a_fee_unlike_the_model_alarms(floor):
    floor.exchange.add_event("KXFEE-1", ["KXFEE-1-A"], fees=FeeTerms("quadratic"))
    floor.exchange.set_book("KXFEE-1-A", (), (("0.5000", "100.00"),))
    await floor.exchange.place("theirs", taking(ticker="KXFEE-1-A", limit="0.5000", count="10"))
    (fill,) = floor.exchange.all_fills
    # 0.07 x 10 x 0.50 x 0.50 = 0.175 dollars exactly
    assert str(fill.fee) == "0.175000"
    assert (await floor.reconcile()).alarms == ()
    await floor.exchange.place("more", taking(ticker="KXFEE-1-A", limit="0.5000", count="10"))
    for drift, alarms in ((100, 0), (101, 1), (-101, 1)):
        number = f"fill-{drift}"
        odd = replace(floor.exchange.all_fills[1], fill_id=number, fee=Money(175_000 + drift))
        floor.exchange.all_fills = [fill, odd]
        found = (await floor.reconcile()).alarms
        assert len(found) == alarms
        for alarm in found:
            assert alarm == (
                f"fill {number} in KXFEE-1-A cost a fee of {odd.fee}, the model says 0.175000"
            )


async def test_an_overfill_is_booked_and_alarms(floor):
    await floor.reconcile()
    order = await send(floor.desk, taking())
    (fill,) = floor.exchange.all_fills
    floor.exchange.all_fills.append(replace(fill, fill_id="fill-2", count=Contracts.parse("1.00")))
    floor.exchange.nets[A] = Contracts.parse("11.00")
    floor.exchange.cash -= Money.parse("0.44")
    found = await floor.reconcile()
    assert found.alarms == (f"order {order.client_order_id} filled 11.00 of 10.00 contracts",)
    assert (found.complete, found.differences) == (True, ())
    assert await floor.nets() == {(A, STRATEGY): "11.00"}
    assert str((await floor.order()).filled) == "10.00"
    assert (await floor.reconcile()).alarms == ()


# Whatever the order in which facts arrive.


class Shuffled:
    """Shows only some facts of the account: the fills of these numbers, -1 the settlement."""

    def __init__(self, exchange, shown):
        self.exchange, self.shown = exchange, shown

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def fills(self, *, min_us=0, cursor=""):
        return Page(tuple(self.exchange.all_fills[n] for n in self.shown if n >= 0))

    async def settlements(self, *, min_us=0, cursor=""):
        return Page(tuple(self.exchange.all_settlements * self.shown.count(-1)))


async def a_busy_account(floor):
    """Two owners, six fills in one market, several of one instant, then its result."""
    fees = FeeTerms("quadratic")
    floor.exchange.serieses["KXT"] = replace(floor.exchange.serieses["KXT"], fees=fees)
    floor.exchange.set_book(A, (("0.4000", "900.00"),), (("0.4400", "900.00"),))
    selling = {"side": Side.ASK, "limit": "0.4000", "purpose": Purpose.QUOTE}
    await send(floor.desk, taking(count="10"))
    await floor.exchange.place("theirs-1", taking(count="7"))
    floor.clock.now_us += MINUTE
    await send(floor.desk, taking(**selling, count="4", reason="stop"))
    await send(floor.desk, taking(**selling, count="9", reason="flip"))
    await floor.exchange.place("theirs-2", taking(**selling, count="7"))
    await send(floor.desk, taking(count="5", reason="back"))
    floor.clock.now_us += MINUTE
    floor.exchange.settle(A, Result.SCALAR, Price.parse("0.3000"))


batches = st.lists(st.lists(st.integers(-1, 5), max_size=9), max_size=4)


@given(batches)
@settings(max_examples=8)
def test_the_same_facts_end_in_one_state_however_they_arrive(shown):
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_arrive(Path(directory), shown))


async def _arrive(directory, shown):
    async with open_floor(directory) as floor:
        await floor.reconcile()
        await a_busy_account(floor)
        for numbers in shown:
            trading = Shuffled(floor.exchange, numbers)
            await book(floor.exchange, trading, floor.store, floor.clock)
        found = await floor.reconcile()
        assert (found.complete, found.differences) == (True, ())
        # Paid 10 x 0.44 + 7 x 0.44 + 5 x 0.44, got 20 x 0.40 and 2 x 0.30, and paid fees of
        # 0.1725 + 0.1208 + 0.0672 + 0.1512 + 0.1176 + 0.0863 = 0.7156.
        assert str(found.cash) == "998.204400"
        async with floor.store.unit() as unit:
            positions = await unit.ledger.positions(open_only=False)
        # Ours: 10 at 0.44, 4 and 6 sold at 0.40 lose 0.40; 3 short at 0.40 bought back at 0.44
        # lose 0.12; 2 at 0.44 that pay 0.30 lose 0.28. Theirs: 7 lose 0.04 each.
        assert [(p.owner, str(p.net), str(p.realized), str(p.fees)) for p in positions] == [
            (STRATEGY, "0.00", "-0.800000", "0.477200"),
            (EXTERNAL, "0.00", "-0.280000", "0.238400"),
        ]
        trips = [row.trip for row in await floor.store.reports.round_trips()]
        ended = {(t.owner, str(t.count), t.reason, str(t.proceeds - t.entry_cost)) for t in trips}
        assert ended == {
            (STRATEGY, "10.00", "flip", "-0.400000"),
            (STRATEGY, "3.00", "back", "-0.120000"),
            (STRATEGY, "2.00", "resolution: settled scalar", "-0.280000"),
            (EXTERNAL, "7.00", "traded", "-0.280000"),
        }
        assert (await floor.reconcile()).new_fills == ()
