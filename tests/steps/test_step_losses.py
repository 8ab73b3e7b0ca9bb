"""Losses beyond a limit end the taking of risk until a person lifts it.

100 YES are bought at 0.44 from $1,000: at a bid of 0.40 the desk is worth $996, at 0.30 $986.
"""

from dataclasses import replace

import pytest
from fakes.desk_store import fresh_store
from fakes.exchange import Fault
from fakes.floor import ASKS, BIDS, A, B, taking, the_policies, waiting

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, MINUTE, SECOND, spoken
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import NotFound, Unavailable
from kalshi_cli.ports.exchange import ExchangeStatus, ShardStatus, Unusable
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

FALLEN = (("0.3000", "100.00"),)
ABOVE = (("0.3400", "100.00"),)


def policy(**limits):
    base = the_policies().trading
    return replace(base, limits=replace(base.limits, **limits))


async def tracked(floor, **limits):
    return await track(floor.exchange, floor.desk, exits=(), policy=policy(**limits))


async def state(floor):
    async with floor.store.unit() as unit:
        return await unit.desk.state()


async def holding(floor):
    """A position, its worth on record, and an entry of ours that rests elsewhere."""
    await send(floor.desk, taking(count="100.00"))
    await tracked(floor)
    await send(floor.desk, waiting(floor.clock, ticker=B))
    floor.clock.now_us += MINUTE


async def test_a_loss_up_to_the_limit_is_no_reason(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    found = await tracked(floor, max_daily_loss=0.0101)  # $10.0596 of $996
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)


@pytest.mark.parametrize(
    ("limits", "code", "detail"),
    [
        (
            {"max_daily_loss": 0.01},
            "DAILY_LOSS",
            "down $10.00 since 00:00 UTC, at most $9.96",
        ),
        ({"max_drawdown": 0.01}, "DRAWDOWN", "down $10.00 from the peak, at most $9.96"),
    ],
)
@pytest.mark.parametrize("step", ["track", "trade"])
async def test_a_loss_beyond_it_takes_the_desk_to_reduce_only(floor, limits, code, detail, step):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await floor.ingest()
    if step == "track":
        found = await tracked(floor, **limits)
    else:
        found = await trade(floor.exchange, floor.desk, policy=policy(**limits))
    assert (found.reduced.code, found.reduced.detail) == (code, detail)
    assert await state(floor) is DeskState.REDUCE_ONLY
    summary = await floor.store.reports.summary()
    told = f"{code} at {spoken(summary.state_since_us)}: {detail}"  # it may stand for days
    assert summary.state_reason == told
    assert [o.state for o in await floor.orders()] == [OrderState.FILLED, OrderState.CANCELED]
    assert (await floor.exchange.orders(resting_only=True)).items == ()


async def test_neither_a_recovery_nor_midnight_nor_a_restart_lifts_it(floor, floor_place):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await tracked(floor, max_daily_loss=0.01)
    floor.exchange.set_book(A, BIDS, ASKS)
    floor.clock.now_us += DAY
    found = await tracked(floor, max_daily_loss=0.01)
    assert str(found.equity) == "998.000000"
    assert await state(floor) is DeskState.REDUCE_ONLY
    async with await fresh_store(floor_place) as again, again.unit() as unit:
        assert await unit.desk.state() is DeskState.REDUCE_ONLY


async def test_a_person_lifts_it_and_the_drawdown_counts_from_there(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await tracked(floor, max_drawdown=0.01)
    lifted = await set_desk_state(
        floor.store, floor.clock, DeskState.ACTIVE, reason="seen", who="me"
    )
    assert lifted.before is DeskState.REDUCE_ONLY
    floor.clock.now_us += 10 * MINUTE
    assert (await tracked(floor, max_drawdown=0.01)).reduced is None
    assert await state(floor) is DeskState.ACTIVE


async def test_a_loss_of_the_day_is_a_loss_whoever_lifts_what(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await tracked(floor, max_daily_loss=0.01)
    await set_desk_state(floor.store, floor.clock, DeskState.ACTIVE, reason="no", who="me")
    assert (await tracked(floor, max_daily_loss=0.01)).reduced.code == "DAILY_LOSS"
    assert await state(floor) is DeskState.REDUCE_ONLY


async def test_what_was_lost_while_the_desk_stood_still_is_no_loss_of_today(floor):
    """$10 of $996 went in two weeks: a drawdown, but not of this day, which begins with $986."""
    await holding(floor)
    floor.clock.now_us += 14 * DAY
    for ticker in (A, B):
        market = floor.exchange.markets[ticker]
        floor.exchange.markets[ticker] = replace(market, close_us=floor.clock.now() + DAY)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    assert (await tracked(floor, max_daily_loss=0.01)).reduced is None
    floor.exchange.set_book(A, (("0.1900", "100.00"),), ABOVE)
    floor.clock.now_us += MINUTE
    found = await tracked(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $11.00 since 00:00 UTC, at most $9.86"


async def test_who_only_trades_is_held_to_losses_too(floor):
    """Nobody tracks: $1,000 at first, $996 after what was bought, $986 a minute later."""
    await trade(floor.exchange, floor.desk, policy=policy())
    await send(floor.desk, taking(count="100.00"))
    floor.clock.now_us += 30 * MINUTE
    await floor.ingest()
    await trade(floor.exchange, floor.desk, policy=policy())
    floor.exchange.set_book(A, FALLEN, ABOVE)
    floor.clock.now_us += MINUTE
    await floor.ingest()
    found = await trade(floor.exchange, floor.desk, policy=policy(max_daily_loss=0.0139))
    assert found.reduced.detail == "down $14.00 since 00:00 UTC, at most $13.90"


async def test_a_day_of_who_only_trades_begins_with_what_the_last_one_left(floor):
    """Passes at 23:14 and 23:40, and at 00:05, when $10 are gone."""
    await floor.reconcile()
    await send(floor.desk, taking(count="100.00"))
    began = floor.clock.now()
    for ticker in (A, B):
        market = floor.exchange.markets[ticker]
        floor.exchange.markets[ticker] = replace(market, close_us=began + 9 * DAY)
    for minutes in (23 * 60 + 14, 23 * 60 + 40):
        floor.clock.now_us = began + minutes * MINUTE
        await floor.ingest()
        await trade(floor.exchange, floor.desk, policy=policy())
    floor.exchange.set_book(A, FALLEN, ABOVE)
    floor.clock.now_us = began + DAY + 5 * MINUTE
    await floor.ingest()
    found = await trade(floor.exchange, floor.desk, policy=policy(max_daily_loss=0.01))
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"


class Flashing:
    """The exchange, where something happens just before markets are looked at so often."""

    def __init__(self, exchange, looks, happens):
        self.exchange, self.looks, self.happens = exchange, looks, happens

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def listings(self, tickers):
        self.looks -= 1
        if not self.looks:
            self.happens()
        return await self.exchange.listings(tickers)


@pytest.mark.parametrize("bids", [(), (("0.0100", "1.00"),)])
async def test_a_bid_that_was_gone_for_a_moment_is_no_loss(floor, bids):
    """Nobody bids, or hardly anybody, at the first look; at the second all is as it was."""
    await holding(floor)
    floor.exchange.set_book(A, bids, ASKS)
    data = Flashing(floor.exchange, 2, lambda: floor.exchange.set_book(A, BIDS, ASKS))
    before_us = floor.clock.now()
    found = await track(data, floor.desk, exits=(), policy=policy(max_daily_loss=0.01))
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)
    assert floor.clock.now() - before_us == 5 * SECOND


@pytest.mark.parametrize(
    ("bid", "worth"), [("0.9500", "1051.000000"), ("0.0200", "958.000000")], ids=["won", "lost"]
)
async def test_what_closes_is_worth_what_was_last_bid_until_its_result(floor, bid, worth):
    """$956 of cash beside 100 YES. At their cost, $1,000, a win would be a loss of $51 until it is
    paid, and a loss be made good by the close, and lost once more by the result.
    """
    await holding(floor)
    floor.exchange.set_book(A, ((bid, "100.00"),), (("0.9700", "100.00"),))
    floor.clock.now_us += 10 * MINUTE
    assert (await tracked(floor)).snapshot.liquidation == Money.parse(worth)
    floor.exchange.set_book(A, (), (("0.9700", "100.00"),))  # bids go a little before the close
    floor.clock.now_us += MINUTE
    await tracked(floor)
    closed = replace(floor.exchange.markets[A], status=MarketStatus.CLOSED)
    floor.exchange.markets[A] = closed
    floor.exchange.set_book(A, (), ())
    floor.clock.now_us += 10 * MINUTE
    found = await tracked(floor, max_drawdown=0.03)
    assert found.snapshot.liquidation == Money.parse(worth)
    assert (found.reduced is None) == (bid > "0.44")


async def test_a_market_that_closed_between_two_looks_is_carried_at_what_was_last_bid(floor):
    await holding(floor)
    floor.exchange.set_book(A, (), ())

    def closes():
        closed = replace(floor.exchange.markets[A], status=MarketStatus.CLOSED)
        floor.exchange.markets[A] = closed

    data = Flashing(floor.exchange, 2, closes)
    found = await track(data, floor.desk, exits=(), policy=policy(max_daily_loss=0.01))
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)


async def test_a_bid_that_stays_away_is_a_loss(floor):
    """$996 at a bid of 0.40, $956 without one."""
    await holding(floor)
    floor.exchange.set_book(A, (), ASKS)
    found = await tracked(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $40.00 since 00:00 UTC, at most $9.96"


@pytest.mark.parametrize("step", ["track", "trade"])
async def test_bids_that_went_for_a_pause_of_the_exchange_are_no_loss(floor, step):
    """Who quotes there takes its orders away on Thursdays; once it trades again, bids count."""
    await holding(floor)
    floor.exchange.set_book(A, (), ASKS)
    floor.exchange.status = ExchangeStatus(True, False)
    limits = policy(max_daily_loss=0.01)
    if step == "track":
        found = await tracked(floor, max_daily_loss=0.01)
    else:
        await floor.ingest()
        found = await trade(floor.exchange, floor.desk, policy=limits)
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)
    floor.exchange.status = ExchangeStatus(True, True)
    found = await tracked(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $40.00 since 00:00 UTC, at most $9.96"


async def test_a_pause_of_one_shard_hides_no_loss_on_another(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    here, there = ShardStatus(0, "", True, True), ShardStatus(1, "", True, False)
    floor.exchange.status = ExchangeStatus(True, True, (here, there))
    found = await tracked(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"


async def test_a_second_look_that_fails_concludes_nothing_and_keeps_no_exit_waiting(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)

    def fails():
        raise Unavailable("the line is cut")

    data = Flashing(floor.exchange, 2, fails)
    found = await track(data, floor.desk, exits=(), policy=policy(max_daily_loss=0.01))
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)
    assert (await tracked(floor, max_daily_loss=0.01)).reduced is not None


async def test_a_halt_is_not_softened(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="no", who="me")
    assert (await tracked(floor, max_daily_loss=0.01)).reduced is None
    assert await state(floor) is DeskState.HALTED


async def test_what_was_not_read_is_not_lost(floor):
    await holding(floor)
    floor.exchange.placing = [Fault.UNANSWERED]
    await send(floor.desk, taking(ticker=B, count="100.00"))
    floor.exchange.unusable = [Unusable("order o9", "odd")]
    found = await tracked(floor, max_daily_loss=0.01)
    assert not found.reconciled.is_settled
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)


@pytest.mark.parametrize("step", ["track", "trade"])
@pytest.mark.parametrize("amount", ["-0.01", "20.00"])
async def test_cash_that_nothing_explains_hides_no_loss_and_lets_no_entry_rest(floor, amount, step):
    """It may take days until a person accepts it."""
    await holding(floor)
    floor.exchange.cash += Money.parse(amount)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    await floor.ingest()
    limits = policy(max_daily_loss=0.01)
    if step == "track":
        found = await track(floor.exchange, floor.desk, exits=(), policy=limits)
    else:
        found = await trade(floor.exchange, floor.desk, policy=limits)
    assert found.reconciled.doubt.startswith("cash: ")
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"
    assert (await floor.orders())[-1].state is OrderState.CANCELED


COMBO = "KXMVE-1-X"


class Secretive:
    """The exchange, which tells nothing of the combo that somebody buys by hand."""

    def __init__(self, exchange):
        self.exchange = exchange

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def event(self, event_ticker):
        if event_ticker == "KXMVE-1":
            raise NotFound("There is no such event.")
        return await self.exchange.event(event_ticker)


async def by_hand(floor, count):
    """Combos at 0.44, in a market of its own that nobody tells of."""
    floor.exchange.add_event("KXMVE-1", [COMBO])
    floor.exchange.set_book(COMBO, (), (("0.4400", "99.00"),))
    await floor.exchange.place("by-hand", taking(ticker=COMBO, count=count))


async def tracked_in_part(floor, **limits):
    data = Secretive(floor.exchange)
    return await track(data, floor.desk, exits=(), policy=policy(**limits))


async def test_a_holding_that_nobody_tells_of_hides_no_loss(floor):
    """$10 are lost in A; the combo is carried at the $0.44 that it cost."""
    await holding(floor)
    await by_hand(floor, "1.00")
    floor.exchange.set_book(A, FALLEN, ABOVE)
    found = await tracked_in_part(floor, max_daily_loss=0.0101)  # $10.0596 of $996
    assert (found.reduced, found.reconciled.unlisted) == (None, {COMBO})
    found = await tracked_in_part(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"
    assert await state(floor) is DeskState.REDUCE_ONLY
    assert (await floor.orders())[-1].state is OrderState.CANCELED


async def test_what_a_holding_cost_that_nobody_tells_of_is_not_lost(floor):
    """50 combos took $22 of cash."""
    await holding(floor)
    await by_hand(floor, "50.00")
    found = await tracked_in_part(floor, max_daily_loss=0.0001)
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)


async def test_an_order_that_is_not_what_was_sent_hides_no_loss(floor):
    """Its market stays frozen until a person looks, and no other waits for that."""
    await holding(floor)
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, waiting(floor.clock, limit="0.3900", ticker=B))
    await floor.exchange.place(order.client_order_id, waiting(floor.clock, limit="0.2900"))
    floor.exchange.set_book(A, FALLEN, ABOVE)
    found = await tracked(floor, max_daily_loss=0.01)
    assert [each.order_id for each in found.reconciled.unresolved] == [None]
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"


async def test_our_own_bid_hides_no_loss(floor):
    """Others bid 0.30; ours at 0.40 is no price that anybody would pay us."""
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ASKS)
    await send(floor.desk, waiting(floor.clock, limit="0.4000", count="200.00"))
    found = await tracked(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"


class Selling:
    """Market data; while the first listings are read, another lane sells what is held."""

    def __init__(self, floor):
        self.floor, self.sold = floor, False

    def __getattr__(self, name):
        return getattr(self.floor.exchange, name)

    async def listings(self, tickers):
        if not self.sold:
            self.sold = True
            sale = taking(Side.ASK, "0.4000", "100.00", purpose=Purpose.EXIT)
            await send(self.floor.desk, sale)
            await self.floor.reconcile()
        return await self.floor.exchange.listings(tickers)


async def test_what_another_lane_sold_meanwhile_is_no_loss(floor):
    """100 sold at 0.40, of which this look at cash had not heard: $956 and nothing held."""
    floor.exchange.set_book(A, (("0.4000", "200.00"),), ASKS)
    await send(floor.desk, taking(count="100.00"))
    await tracked(floor)
    floor.clock.now_us += MINUTE
    found = await track(Selling(floor), floor.desk, exits=(), policy=policy(max_daily_loss=0.01))
    assert (found.reduced, await state(floor)) == (None, DeskState.ACTIVE)
    assert await floor.cash() == "996.000000"


async def test_a_holding_that_nobody_tells_of_hides_no_loss_of_another_day(floor):
    """50 combos of yesterday took $22; $10 are lost in A today."""
    await holding(floor)
    await by_hand(floor, "50.00")
    for ticker in (A, B):
        market = floor.exchange.markets[ticker]
        floor.exchange.markets[ticker] = replace(market, close_us=floor.clock.now() + 9 * DAY)
    floor.clock.now_us += DAY
    assert (await tracked_in_part(floor)).reduced is None
    floor.exchange.set_book(A, FALLEN, ABOVE)
    floor.clock.now_us += MINUTE
    found = await tracked_in_part(floor, max_daily_loss=0.01)
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"


async def test_a_clock_that_was_set_back_keeps_no_snapshot_away(floor):
    await holding(floor)
    floor.clock.now_us += 8 * 60 * MINUTE
    assert (await tracked(floor)).snapshot is not None
    floor.clock.now_us -= 8 * 60 * MINUTE
    floor.clock.now_us += 10 * MINUTE
    assert (await tracked(floor)).snapshot is not None


class Illegible(Flashing):
    """The exchange, where what the list of markets tells of A cannot be read."""

    async def listings(self, tickers):
        page = await self.exchange.listings([ticker for ticker in tickers if ticker != A])
        return replace(page, unusable=(Unusable(A, "odd"),))


async def test_a_market_whose_row_cannot_be_read_hides_no_loss(floor):
    await holding(floor)
    floor.exchange.set_book(A, FALLEN, ABOVE)
    data = Illegible(floor.exchange, looks=0, happens=None)
    floor.clock.now_us += 5 * MINUTE
    found = await track(data, floor.desk, exits=(), policy=policy(max_daily_loss=0.01))
    assert found.reduced.detail == "down $10.00 since 00:00 UTC, at most $9.96"
