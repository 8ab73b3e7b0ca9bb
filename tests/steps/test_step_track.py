"""Watching what is held: exits, flattening, settlements, and what is written down."""

from dataclasses import replace

import pytest
from fakes.ai import paid
from fakes.decisions import a_plan
from fakes.exchange import Fault
from fakes.floor import ASKS, STRATEGY, A, B, taking, the_policies
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.adapters.store.ai_ledger import SqlAiLedger
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import AiCost, Contracts, Price
from kalshi_cli.domain.order import OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.leaving import EXIT_SLIPPAGE, exit_limit
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track

pytestmark = pytest.mark.databases

EXITS = the_policies().exits


async def run(floor):
    return await track(
        floor.exchange, floor.desk, exits=EXITS, policy=the_policies("oracle").trading
    )


async def hold(floor, side=Side.BID, ticker=A, **plan):
    """Ten contracts of 0.44 YES, or of 0.60 NO, with this exit plan."""
    await floor.reconcile()
    limit = "0.4400" if side is Side.BID else "0.4000"
    made = a_plan(ticker, STRATEGY, **plan)
    await send(floor.desk, taking(side, limit, ticker=ticker), made)


async def test_a_stop_sells_all_that_is_held_at_a_bounded_price(floor):
    await hold(floor, stop=Price.parse("0.2000"))
    assert (await run(floor)).exits == ()
    floor.exchange.set_book(A, (("0.1900", "6.00"), ("0.1700", "50.00")), ASKS)
    result = await run(floor)
    (exited,) = result.exits
    assert (exited.reason.code, exited.denial) == ("STOP_LOSS", None)
    intent = exited.order.intent
    assert (intent.side, str(intent.limit), str(intent.count)) == (Side.ASK, "0.1600", "10.00")
    assert (intent.time_in_force, intent.reduce_only, intent.purpose, intent.strategy) == (
        TimeInForce.IOC,
        True,
        Purpose.EXIT,
        STRATEGY,
    )
    assert result.open_positions == 0
    # 10 bought at 0.44; 6 sold at 0.19 and 4 at 0.17
    assert str(result.equity) == "997.420000"
    (row,) = await floor.store.reports.round_trips()
    assert (row.trip.reason.partition(":")[0], str(row.pnl)) == ("stop_loss", "-2.580000")
    async with floor.store.unit() as unit:
        assert await unit.plans.all() == {}


async def test_looks_keep_the_best_bid_of_a_trailing_stop(floor):
    await hold(floor, trail=Price.parse("0.2000"))
    for bid in ("0.5500", "0.6000", "0.4100"):
        floor.exchange.set_book(A, ((bid, "50.00"),), (("0.7000", "50.00"),))
        assert (await run(floor)).exits == ()
    floor.exchange.set_book(A, (("0.4000", "50.00"),), (("0.7000", "50.00"),))
    (exited,) = (await run(floor)).exits
    assert exited.reason.code == "TRAILING_STOP"
    assert exited.reason.detail == ("the bid is 40c, the trailing stop 40c, the best bid was 60c")


async def test_contracts_of_no_leave_by_buying_yes(floor):
    await hold(floor, Side.ASK, target=Price.parse("0.7000"))
    floor.exchange.set_book(A, (), (("0.2900", "50.00"),))  # NO is worth 0.71
    (exited,) = (await run(floor)).exits
    intent = exited.order.intent
    assert (exited.reason.code, intent.side, str(intent.limit)) == (
        "TAKE_PROFIT",
        Side.BID,
        "0.3000",  # no contract of NO goes below 0.70
    )
    assert await floor.cash() == "1001.100000"  # 10 NO bought at 0.60, sold at 0.71


async def test_time_is_up(floor):
    await hold(floor, leave_by_us=floor.clock.now() + MINUTE)
    assert (await run(floor)).exits == ()
    floor.clock.now_us += MINUTE
    (exited,) = (await run(floor)).exits
    assert (exited.reason.code, exited.order.state) == ("TIME_LIMIT", OrderState.FILLED)


async def test_what_the_book_leaves_is_sold_the_next_time(floor):
    await hold(floor, stop=Price.parse("0.2000"))
    floor.exchange.set_book(A, (("0.1900", "6.00"),), ASKS)
    (first,) = (await run(floor)).exits
    assert (first.order.state, str(first.order.filled)) == (OrderState.CANCELED, "6.00")
    floor.exchange.set_book(A, (("0.1900", "50.00"),), ASKS)
    (second,) = (await run(floor)).exits
    assert (str(second.order.intent.count), second.order.state) == ("4.00", OrderState.FILLED)
    assert await floor.nets() == {}


async def test_nobody_bids_so_nothing_is_sent(floor):
    await hold(floor, leave_by_us=0)
    floor.exchange.set_book(A, (), ASKS)
    result = await run(floor)
    assert (result.exits, result.open_positions) == ((), 1)
    # cash 995.60; ten contracts without a bid are worth nothing
    assert (str(result.equity), result.snapshot.unmarked) == ("995.600000", 1)


async def test_an_exit_of_unknown_outcome_is_never_doubled(floor):
    """It may have sold everything already: it is the exit until it is known what became of it."""
    await hold(floor, stop=Price.parse("0.4000"))
    await floor.reconcile()
    floor.exchange.placing = [Fault.LOST]
    await send(floor.desk, taking(Side.ASK, "0.4000", purpose=Purpose.EXIT, reduce_only=True))
    floor.exchange.unusable = [Unusable("order o9", "odd")]  # so the search proves nothing
    assert (await run(floor)).exits == ()
    floor.exchange.unusable = []
    (exited,) = (await run(floor)).exits
    assert exited.order.state is OrderState.FILLED
    assert await floor.nets() == {}


async def test_a_flattened_desk_leaves_everything_of_its_own(floor):
    await hold(floor)
    await hold(floor, ticker=B)
    await floor.exchange.place("theirs", taking(ticker=B, count="3"))
    await set_desk_state(floor.store, floor.clock, DeskState.FLATTEN, reason="test", who="test")
    result = await run(floor)
    assert [(x.position.ticker, x.reason.code) for x in result.exits] == [
        (A, "FLATTEN"),
        (B, "FLATTEN"),
    ]
    assert await floor.nets() == {(B, EXTERNAL): "3.00"}


async def test_a_halted_desk_holds_on(floor):
    await hold(floor, stop=Price.parse("0.4000"))
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="test", who="test")
    (exited,) = (await run(floor)).exits
    assert (exited.order, exited.denial.code) == (None, "HALT_STATE")
    assert len(floor.exchange.placed) == 1


async def test_a_reduce_only_desk_still_leaves(floor):
    await hold(floor, stop=Price.parse("0.4000"))
    await set_desk_state(floor.store, floor.clock, DeskState.REDUCE_ONLY, reason="test", who="test")
    (exited,) = (await run(floor)).exits
    assert exited.order.state is OrderState.FILLED


async def test_a_position_without_a_plan_stays(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    floor.exchange.set_book(A, (("0.0100", "50.00"),), (("0.0200", "50.00"),))
    assert (await run(floor)).exits == ()


async def test_snapshots_are_five_minutes_apart(floor):
    await hold(floor)
    first = await run(floor)
    # cash 995.60 and ten contracts at the mid of 0.42; a sale pays the bid of 0.40
    assert (str(first.snapshot.equity), str(first.snapshot.liquidation)) == (
        "999.800000",
        "999.600000",
    )
    floor.clock.now_us += 5 * MINUTE - SECOND
    assert (await run(floor)).snapshot is None
    floor.clock.now_us += SECOND
    assert (await run(floor)).snapshot is not None


async def test_all_of_history_is_summed_up_with_a_snapshot_alone_and_by_no_writer(
    floor, monkeypatch
):
    whole, by_readers, marks = SqlAiLedger.uses, [], []

    async def uses(ledger, since):
        connection = ledger._transaction._connection.sync_connection
        by_readers.append(connection.get_execution_options().get("kalshi_reads", False))
        found = await whole(ledger, since)
        marks.append((since, found.mark))
        return found

    monkeypatch.setattr(SqlAiLedger, "uses", uses)
    await hold(floor)
    nothing_spent = await run(floor)
    assert nothing_spent.snapshot is not None
    assert by_readers == []
    await paid(floor.store, floor.run, AiCost.parse("0.25"))
    floor.clock.now_us += 5 * MINUTE
    first = await run(floor)
    assert by_readers == [True]
    floor.clock.now_us += MINUTE
    floor.exchange.set_book(A, (("0.3000", "100.00"),), ASKS)  # worth less, and not put down yet
    second = await run(floor)
    assert (second.snapshot, second.performance) == (None, first.performance)
    assert second.equity < first.equity
    assert by_readers == [True]
    floor.clock.now_us += 5 * MINUTE
    third = await run(floor)
    assert third.snapshot is not None
    assert [each.ai_cost for each in third.performance] == [e.ai_cost for e in first.performance]
    assert marks[1][0] == marks[0][1]  # of all that is over only what is new is read


class Meanwhile:
    """Market data, during whose first read of listings something else happens."""

    def __init__(self, data, happens):
        self.data, self.happens = data, happens

    def __getattr__(self, name):
        return getattr(self.data, name)

    async def listings(self, tickers):
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        return await self.data.listings(tickers)


async def test_what_another_lane_bought_meanwhile_is_not_worth_more_than_it_cost(floor):
    """300 at 0.44 that bid 0.40 lose $12: a peak of $1,120 would be one that never was."""
    floor.exchange.set_book(A, (("0.4000", "900.00"),), (("0.4400", "900.00"),))
    await hold(floor, ticker=B)

    async def buy():
        await send(floor.desk, taking(count="300.00"))
        await floor.reconcile()

    data = Meanwhile(floor.exchange, buy)
    result = await track(data, floor.desk, exits=(), policy=the_policies("oracle").trading)
    row = result.snapshot
    assert (str(row.cash), str(row.liquidation)) == ("863.600000", "987.600000")
    assert (str(row.equity), str(result.equity)) == ("993.800000", "993.800000")
    assert result.open_positions == 2


async def test_a_settlement_is_written_down_at_once(floor):
    await hold(floor)
    await run(floor)
    floor.clock.now_us += SECOND
    floor.exchange.settle(A, Result.YES)
    result = await run(floor)
    assert str(result.snapshot.equity) == "1005.600000"
    (earned,) = result.performance
    assert (earned.strategy, str(earned.realized), earned.round_trips) == (
        STRATEGY,
        "5.600000",
        1,
    )


@pytest.mark.parametrize("status", [MarketStatus.CLOSED, MarketStatus.DETERMINED])
async def test_settlements_come_from_the_exchange_and_never_from_a_price(floor, status):
    """A last price of one dollar, even a result, pays nothing until the exchange has paid."""
    await hold(floor)
    floor.exchange.set_book(A, (("0.9900", "1.00"),), ())
    closed = replace(floor.exchange.markets[A], status=status, result=Result.YES)
    floor.exchange.markets[A] = closed
    result = await run(floor)
    assert (result.reconciled.settlements, result.open_positions) == ((), 1)
    assert await floor.cash() == "995.600000"


async def test_what_is_held_leaves_a_history_of_quotes(floor):
    await hold(floor)
    await run(floor)
    floor.clock.now_us += MINUTE
    floor.exchange.set_book(A, (("0.3000", "5.00"),), (("0.3100", "5.00"),))
    result = await run(floor)
    (row,) = await floor.store.reports.markets(ticker=A)
    assert str(row.bid.price) == "0.3000"
    assert str(result.equity) == "998.650000"  # 995.60 + 10 x 0.305


prices = st.integers(1, 9_999)
grids = st.sampled_from([LINEAR_CENT, DECI_CENT, TAPERED_DECI_CENT])


@given(grids, prices, st.sampled_from(Side))
def test_an_exit_price_is_on_the_grid_and_bounded(grid, units, side):
    best = grid.floor(Price(units)) or grid.ceil(Price(units))
    level = (Level(best, Contracts(100)),)
    bids, asks = (level, ()) if side is Side.ASK else ((), level)
    limit = exit_limit(OrderBook(A, bids, asks, 0), side, grid)
    assert grid.contains(limit)
    assert abs(limit.units - best.units) <= EXIT_SLIPPAGE.units
    assert (limit <= best) if side is Side.ASK else (limit >= best)


def test_without_a_price_or_a_grid_there_is_no_exit_price():
    empty = OrderBook(A, (), (), 0)
    assert exit_limit(empty, Side.ASK, LINEAR_CENT) is None
    bid = OrderBook(A, (Level(Price(100), Contracts(1)),), (), 0)
    assert exit_limit(bid, Side.ASK, None) is None
