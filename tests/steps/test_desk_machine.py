"""A desk and an exchange driven together through whatever may happen to both.

After every step no order was sent twice and the desk counts at least what the exchange could still
do to it. Once everything is told, one pass makes the books true: by arithmetic of this file, never
by the code under test. MACHINES=2000 shows what the suite has no time for.
"""

import asyncio
import os
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.desk_store import fresh_store
from fakes.exchange import FakeExchange, Fault
from fakes.floor import ASKS, BIDS, STRATEGY, A, B, Floor, open_floor, taking, the_policies
from fakes.mortal import Crash, Fuse, MortalStore, Venue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.domain.account import CashKind, CashMovement, settlement_revenue
from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import (
    LIVE,
    NEVER_SEEN,
    UNRESOLVED,
    WORKING,
    ExchangeOrderStatus,
    Order,
    OrderState,
    Purpose,
    Terms,
    TimeInForce,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import LeaseHeld, LeaseRanOut, Refused, Unavailable
from kalshi_cli.steps.amending import decrease, reprice
from kalshi_cli.steps.booking import book_told
from kalshi_cli.steps.command import set_desk_state
from kalshi_cli.steps.emptying import cancel_ours, flatten
from kalshi_cli.steps.execution import Desk, cancel, send
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

MACHINES = int(os.environ.get("MACHINES", "30"))
C = "KXU-1-C"
TICKERS = (A, B, C)
OWNERS = (STRATEGY, "quick_flip")
DOLLAR = 10_000
"""$1 for a hundredth of a contract, in $0.000001."""
TTL_US = 30 * SECOND
LONGEST_LAG_US = 3 * SECOND
"""Reads show a write before a search gives up, as DESIGN has it: five misses, four seconds."""

tickers = st.sampled_from(TICKERS)
sides = st.sampled_from(Side)
cents = st.integers(35, 50)
hundredths = st.sampled_from([1, 100, 250, 1_000, 3_333])
picks = st.integers(0, 9)
placing = st.sampled_from([None, None, *(set(Fault) - {Fault.UNAUTHORIZED})])
changing = st.sampled_from([None, Fault.LOST, Fault.UNANSWERED, Fault.REFUSED])


class Seized:
    """A lease as its holder knows it: it learns of nothing but the time."""

    def __init__(self, token: str, floor: Floor) -> None:
        self.token, self._clock = token, floor.clock
        self.expires_wall_us = floor.clock.wall() + TTL_US

    def check(self) -> None:
        if self._clock.wall() >= self.expires_wall_us:
            raise LeaseRanOut("run out")


class DeskMachine(RuleBasedStateMachine):
    floor: Floor
    venue: Venue
    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.home = tempfile.TemporaryDirectory()
        self.fuse = Fuse()
        self.orphans: list[Desk] = []
        self.forecasts = 0
        self.strangers = 0
        self.lives = 0
        self.paid_in = 1_000_000_000
        self.opening = open_floor(Path(self.home.name))

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.floor = self.run(self.opening.__aenter__())
        exchange = self.exchange
        exchange.add_event("KXU-1", [C])
        exchange.set_book(C, BIDS, ASKS)
        self.venue = Venue(exchange, self.fuse)
        self.run(self.floor.ingest())
        self.run(self.take_over())
        self.run(self.look())

    def teardown(self) -> None:
        if hasattr(self, "floor"):
            self.everything_settles()
            self.run(self.floor.store.close())
            self.run(self.opening.__aexit__(None, None, None))
        self.loop.close()
        self.home.cleanup()

    @property
    def exchange(self) -> FakeExchange:
        return self.floor.exchange

    @property
    def clock(self) -> Any:
        return self.floor.clock

    async def take_over(self) -> None:
        """A new process: it takes the lease that ran out, and remembers nothing."""
        self.lives += 1
        lease = Seized(f"life {self.lives}", self.floor)
        row = {
            "name": "trading",
            "token": lease.token,
            "pid": self.lives,
            "host": "here",
            "acquired_wall_us": self.clock.wall(),
            "renewed_wall_us": self.clock.wall(),
            "expires_wall_us": lease.expires_wall_us,
        }
        async with self.floor.store.transaction() as transaction:
            await transaction.upsert(t.LEASES, [row])
            await transaction.commit()
        async with self.floor.store.unit() as unit:
            run = await unit.desk.start_run("test", self.clock.now(), self.clock.wall())
            await unit.commit()
        self.floor.run = run
        store = MortalStore(self.floor.store, self.fuse)
        self.desk = Desk(self.venue, store, self.clock, lease, run)

    async def rise(self) -> None:
        """After a death: the store is opened again, and somebody else trades."""
        self.fuse.put_out()
        self.clock.wall_us += TTL_US
        self.orphans.clear()
        await self.floor.store.close()
        self.floor.store = await fresh_store(Path(self.home.name))
        await self.take_over()

    def act(self, work: Any) -> Any:
        """Let the desk do something; None where it refused, could not, or died."""
        try:
            return self.run(work)
        except Crash:
            self.run(self.rise())
        except (Refused, Unavailable):
            pass
        return None

    async def look(self):
        return await reconcile(
            self.venue, self.venue, self.desk.store, self.clock, in_flight=self.desk.in_flight
        )

    def orders(self, states=frozenset(OrderState)) -> list[Order]:
        found = self.run(self.floor.orders())
        return [order for order in found if order.state in states]

    # What the desk does.

    @rule(
        ticker=tickers,
        owner=st.sampled_from(OWNERS),
        side=sides,
        limit=cents,
        count=hundredths,
        rests=st.booleans(),
        fault=placing,
        tries=st.integers(1, 4),
    )
    def enters(self, ticker, owner, side, limit, count, rests, fault, tries):
        self.exchange.placing = [] if fault is None else [fault] * tries
        intent = taking(
            side,
            f"0.{limit}",
            ticker=ticker,
            event_ticker=ticker.rpartition("-")[0],
            strategy=owner,
            time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
            expires_us=self.clock.now() + 5 * MINUTE if rests else None,
        )
        self.act(send(self.desk, replace(intent, count=Contracts(count))))
        self.exchange.placing = []

    @rule(pick=picks, rests=st.booleans(), fault=placing)
    def leaves(self, pick, rests, fault):
        held = [p for p in self.positions() if p.owner != EXTERNAL and not p.is_flat]
        if not held:
            return
        position = held[pick % len(held)]
        side = position.side.opposite
        limit = "0.3500" if side is Side.ASK else "0.5000"
        self.exchange.placing = [] if fault is None else [fault]
        intent = taking(
            side,
            limit if not rests else ("0.5000" if side is Side.ASK else "0.3500"),
            ticker=position.ticker,
            event_ticker=position.ticker.rpartition("-")[0],
            strategy=position.owner,
            purpose=Purpose.EXIT,
            reduce_only=not rests,
            time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
            expires_us=self.clock.now() + 5 * MINUTE if rests else None,
        )
        self.act(send(self.desk, replace(intent, count=abs(position.net))))
        self.exchange.placing = []

    @rule(pick=picks, fault=changing)
    def cancels(self, pick, fault):
        working = self.orders(WORKING)
        if working:
            self.exchange.cancelling = [] if fault is None else [fault]
            self.act(cancel(self.desk, working[pick % len(working)]))
            self.exchange.cancelling = []

    @rule(pick=picks, fault=changing, share=st.integers(0, 3))
    def makes_smaller(self, pick, fault, share):
        working = self.orders(WORKING)
        if working:
            order = working[pick % len(working)]
            left = Contracts(order.remaining.units * share // 4)
            self.exchange.amending = [] if fault is None else [fault]
            self.act(decrease(self.desk, order, left))
            self.exchange.amending = []

    @rule(pick=picks, fault=changing, limit=cents, count=hundredths)
    def moves(self, pick, fault, limit, count):
        working = [o for o in self.orders(WORKING) if o.intent.purpose is Purpose.ENTRY]
        if working:
            order = working[pick % len(working)]
            asked = Terms(Price(100 * limit), Contracts(count), order.intent.expires_us)
            self.exchange.amending = [] if fault is None else [fault]
            self.act(reprice(self.desk, order, asked))
            self.exchange.amending = []

    @rule(fails_at=st.sampled_from([0, 0, 1, 3, 5]), page=st.sampled_from([2, 100]))
    def reconciles(self, fails_at, page):
        self.venue.fails_at, self.exchange.page_size = fails_at, page
        self.act(self.look())
        self.venue.fails_at, self.exchange.page_size = 0, 100

    @rule(ticker=tickers, p=st.sampled_from([0.2, 0.6]), fault=placing)
    def trades(self, ticker, p, fault):
        """The whole step: propose, size, hold against the controls, send."""
        if self.exchange.markets[ticker].status is not MarketStatus.ACTIVE:
            return
        self.forecasts += 1
        self.run(self.floor.forecast(ticker, p, f"f{self.forecasts}"))
        self.exchange.placing = [] if fault is None else [fault]
        policy = the_policies("oracle").trading
        self.act(trade(self.venue, self.desk, policy=policy))
        self.exchange.placing = []

    @rule()
    def trades_again(self):
        self.act(trade(self.venue, self.desk, policy=the_policies("oracle").trading))

    @rule()
    def tracks(self):
        policies = the_policies("oracle")
        self.act(track(self.venue, self.desk, exits=policies.exits, policy=policies.trading))

    @rule(count=st.integers(1, 5), seed=picks)
    def hears_fills(self, count, seed):
        """The stream tells some of the newest fills, twice and in any order."""
        newest = self.exchange.all_fills[-count:]
        told = [*newest, *newest[:1]]
        random.Random(seed).shuffle(told)
        if told:
            self.act(book_told(self.venue, self.venue, self.desk.store, self.clock, told))

    @rule()
    def takes_everything_back(self):
        self.act(cancel_ours(self.venue, self.desk))

    @rule()
    def flattens(self):
        self.act(flatten(self.venue, self.desk, policy=the_policies("oracle").trading))

    @rule(state=st.sampled_from(DeskState))
    def is_told_how_to_run(self, state):
        self.act(set_desk_state(self.desk.store, self.clock, state, reason="test", who="test"))

    # What happens to it.

    @rule(writes=st.integers(1, 8), after=st.booleans())
    def will_die(self, writes, after):
        self.fuse.light(writes, after=after)

    @rule()
    def dies(self):
        self.run(self.rise())

    @rule()
    def is_taken_over_between_journal_and_request(self):
        """It was suspended there; whoever took over meanwhile reconciles first."""

        async def suspended():
            self.clock.wall_us += TTL_US
            self.orphans.append(self.desk)
            await self.take_over()
            await self.look()

        self.fuse.put_out()
        self.venue.before.append(suspended)
        sent = len(self.exchange.placed)
        self.act(send(self.desk, taking(ticker=B, strategy="quick_flip")))
        assert len(self.exchange.placed) == sent or self.venue.before
        self.venue.before.clear()

    @precondition(lambda self: self.orphans)
    @rule()
    def an_old_holder_wakes_up(self):
        with pytest.raises(LeaseHeld):
            self.run(send(self.orphans[-1], taking()))

    @rule(after=st.booleans())
    def another_lane_looks_while_an_order_is_under_way(self, after):
        async def looks():
            await self.look()

        (self.venue.after if after else self.venue.before).append(looks)

    # What the exchange and others do.

    @rule(seconds=st.sampled_from([0, 1, 3]))
    def reads_lag(self, seconds):
        self.venue.lag(self.clock.now() + min(seconds * SECOND, LONGEST_LAG_US))

    @rule(reads=st.integers(0, 3))
    def new_orders_are_hidden(self, reads):
        self.exchange.hidden_reads = reads

    @rule(seed=st.integers(0, 99))
    def fills_are_told_twice_and_in_any_order(self, seed):
        self.venue.spoils = random.Random(seed)

    @rule(pick=picks, share=st.integers(1, 4))
    def a_resting_order_fills(self, pick, share):
        resting = self.resting()
        if resting:
            report = resting[pick % len(resting)]
            count = max(1, report.remaining.units * share // 4)
            self.exchange.fill_resting(report.order_id, str(Contracts(count)))

    @rule(pick=picks)
    def a_person_cancels_by_hand(self, pick):
        resting = self.resting()
        if resting:
            report = resting[pick % len(resting)]
            self.run(self.exchange.cancel(report.order_id, report.ticker, 0))

    @rule(ticker=tickers, side=sides, limit=cents, count=hundredths, rests=st.booleans())
    def somebody_else_orders(self, ticker, side, limit, count, rests):
        self.strangers += 1
        intent = taking(
            side,
            f"0.{limit}",
            ticker=ticker,
            time_in_force=TimeInForce.GTC if rests else TimeInForce.IOC,
        )
        intent = replace(intent, count=Contracts(count))
        self.run(self.exchange.place(f"web-{self.strangers}", intent))

    @rule(ticker=tickers, best=st.integers(36, 48))
    def the_book_moves(self, ticker, best):
        bids, asks = [(f"0.{best}", "50.00")], [(f"0.{best + 4}", "50.00")]
        self.exchange.set_book(ticker, bids, asks)

    @rule(seconds=st.sampled_from([1, 10, 60, 400]))
    def time_passes(self, seconds):
        self.clock.now_us += seconds * SECOND

    @rule(amount=st.sampled_from([-5_000_000, 20_000_000]))
    def cash_comes_or_goes(self, amount):
        self.paid_in += amount
        self.exchange.cash += Money(amount)
        kind = CashKind.DEPOSIT if amount > 0 else CashKind.WITHDRAWAL
        number = len(self.exchange.movements) + 1
        self.exchange.movements.append(
            CashMovement(f"cash-{number}", kind, Money(amount), self.clock.now())
        )

    @rule(result=st.sampled_from([Result.YES, Result.NO, Result.SCALAR]))
    def a_market_settles(self, result):
        if self.exchange.markets[C].status is MarketStatus.ACTIVE:
            value = Price(3_300) if result is Result.SCALAR else None
            self.exchange.settle(C, result, value)

    @rule(value=st.sampled_from([0, 2_500, 10_000]))
    def a_settlement_is_changed(self, value):
        for index, paid in enumerate(self.exchange.all_settlements):
            revenue = settlement_revenue(paid.net, Price(value))
            self.exchange.cash += revenue - paid.revenue
            self.exchange.all_settlements[index] = replace(
                paid, result=Result.SCALAR, value=Price(value), revenue=revenue
            )

    @rule(active=st.booleans())
    def trading_pauses_or_goes_on(self, active):
        self.exchange.status = replace(self.exchange.status, trading_active=active)

    # What must hold.

    def resting(self):
        return [
            r for r in self.exchange.reports.values() if r.status is ExchangeOrderStatus.RESTING
        ]

    def positions(self):
        async def read():
            async with self.floor.store.unit() as unit:
                return await unit.ledger.positions(open_only=False)

        return self.run(read())

    @invariant()
    def nothing_at_the_exchange_is_more_than_the_desk_counts(self):
        if not hasattr(self, "floor"):
            return
        journal = {order.client_order_id: order for order in self.orders()}
        at_venue = Counter(r.client_order_id for r in self.exchange.reports.values())
        assert set(at_venue.values()) <= {1}
        for report in self.exchange.reports.values():
            order = journal.get(report.client_order_id)
            if order is None:
                assert report.client_order_id.startswith("web-")
                continue
            assert order.state not in NEVER_SEEN, order
            rests = report.status is ExchangeOrderStatus.RESTING
            most = report.filled.units + report.remaining.units * rests
            assert order.filled.units + order.remaining.units >= most, (order, report)
            if rests:
                worse = order.worst_limit.units - report.price.units
                assert worse * order.intent.side.sign >= 0, (order, report)

    @rule()
    def everything_settles(self):
        self.fuse.put_out()
        self.venue.catch_up()
        self.clock.now_us += 10 * SECOND
        found = self.run(self.look())
        assert found.is_settled, found
        self.assert_books_are_true()

    def assert_books_are_true(self) -> None:
        reports = self.exchange.reports
        journal = {order.client_order_id: order for order in self.orders()}
        owners = {
            r.order_id: journal[r.client_order_id].intent.strategy
            for r in reports.values()
            if r.client_order_id in journal
        }
        nets, cash = self.truth(owners)
        held = {(p.ticker, p.owner): p.net.units for p in self.positions() if p.net}
        assert held == nets
        assert cash == self.exchange.cash.units

        async def ledger():
            async with self.floor.store.unit() as unit:
                return await unit.ledger.cash(), await unit.ledger.history()

        ours, history = self.run(ledger())
        assert ours.units == cash
        booked = [entry[0].fill_id for entry in history if isinstance(entry, tuple)]
        assert sorted(booked) == sorted(fill.fill_id for fill in self.exchange.all_fills)
        for entry in history:
            if isinstance(entry, tuple):
                fill, owner = entry
                assert owner == owners.get(fill.order_id, EXTERNAL)
        working = {o.order_id for o in journal.values() if o.state in LIVE}
        assert working == {r.order_id for r in self.resting() if r.order_id in owners}
        assert not [o for o in journal.values() if o.state in UNRESOLVED]
        for report in reports.values():
            if report.order_id in owners:
                order = journal[report.client_order_id]
                assert (order.order_id, order.filled) == (report.order_id, report.filled)
        entries = Counter(
            (o.intent.strategy, o.intent.ticker, o.intent.forecast_id)
            for o in journal.values()
            if o.order_id in reports and o.intent.forecast_id is not None
        )
        assert not entries or max(entries.values()) == 1, entries
        assert self.run(self.floor.store.audit.check()).findings == ()

    def truth(self, owners) -> tuple[dict[tuple[str, str], int], int]:
        """What each owner holds, and cash: YES flows, and $1 held back for each NO contract."""
        nets: Counter[tuple[str, str]] = Counter()
        net: Counter[str] = Counter()
        cash = self.paid_in
        for fill in self.exchange.all_fills:
            count = fill.side.sign * fill.count.units
            cash -= count * fill.price.units + fill.fee.units
            net[fill.ticker] += count
            nets[fill.ticker, owners.get(fill.order_id, EXTERNAL)] += count
        paid = {s.ticker: s.value.units for s in self.exchange.all_settlements}
        for ticker, count in net.items():
            cash += count * paid[ticker] if ticker in paid else -DOLLAR * max(0, -count)
        held = {key: count for key, count in nets.items() if count and key[0] not in paid}
        return held, cash


@pytest.mark.slow
@pytest.mark.timeout(max(600, 6 * MACHINES))
def test_whatever_happens_the_books_come_true():
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=MACHINES,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
