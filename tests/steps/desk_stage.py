"""Where a desk is driven: one store and one loop, set back to the same beginning each time."""

import asyncio
import copy
import sqlite3
from dataclasses import replace

from fakes.at_once import store_at_once
from fakes.clock import FakeClock
from fakes.desk_store import WALL
from fakes.exchange import FakeExchange
from fakes.floor import ASKS, BIDS, STRATEGY, Floor, taking

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue, LeaseRanOut
from kalshi_cli.steps.execution import Desk, send
from kalshi_cli.steps.reconcile import reconcile_desk

A, B, C, D = TICKERS = ("KXT-1-A", "KXT-1-B", "KXU-1-C", "KXV-1-D")
FRESH = ("KXW-1-E", "KXW-1-F", "KXW-1-G")
"""Of one event, in which one at the most ends YES. Nothing is held there in the beginning."""
OTHER = "quick_flip"
PAID_IN = 1_000_000_000
"""What the account begins with, in $0.000001."""
TTL_US = 30 * SECOND


class Crossing(FakeExchange):
    """Nobody keeps our orders from crossing each other, or what others now want: a book of that
    is the others' alone.
    """

    def book(self, ticker: str) -> OrderBook:
        try:
            return super().book(ticker)
        except InvalidValue:
            kept, self.reports = self.reports, {}
            try:
                return super().book(ticker)
            finally:
                self.reports = kept


class Seized:
    """A lease as its holder knows it: it learns of nothing but the time."""

    def __init__(self, token: str, clock: FakeClock) -> None:
        self.token, self._clock = token, clock
        self.expires_wall_us = clock.wall() + TTL_US

    def check(self) -> None:
        if self._clock.wall() >= self.expires_wall_us:
            raise LeaseRanOut("run out")


class Stage:
    """One store and one loop for all machines: each begins with the same books and exchange."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.store, self.books = self.loop.run_until_complete(store_at_once())
        self._books = sqlite3.connect(":memory:")
        self._exchange = self.loop.run_until_complete(self._opened())

    async def _opened(self) -> FakeExchange:
        """Four markets, two of which may settle. Something is held in each, two orders rest; and
        three more of another event.
        """
        clock = FakeClock(wall_us=WALL)
        exchange = Crossing(clock)
        for event, markets in (("KXT-1", [A, B]), ("KXU-1", [C]), ("KXV-1", [D])):
            exchange.add_event(event, markets, fees=FeeTerms("quadratic"))
        exchange.add_event("KXW-1", FRESH, exclusive=True, fees=FeeTerms("quadratic"))
        for ticker in (*TICKERS, *FRESH):
            exchange.set_book(ticker, BIDS, ASKS)
        floor = await self.floor(exchange)
        lease = await seize(floor, "the first")
        desk = Desk(exchange, self.store, clock, lease, floor.run)
        await floor.ingest()
        await reconcile_desk(exchange, desk)
        for ticker, owner in ((A, STRATEGY), (B, OTHER), (C, STRATEGY), (D, OTHER)):
            side, limit = (Side.BID, "0.4400") if owner == STRATEGY else (Side.ASK, "0.4000")
            wanted = taking(side, limit, "5.00", ticker=ticker, event_ticker=ticker[:5])
            await send(desk, replace(wanted, strategy=owner))
        for ticker in (A, B):
            resting = {"time_in_force": TimeInForce.GTC, "expires_us": clock.now() + HOUR}
            await send(desk, taking(limit="0.4100", ticker=ticker, **resting))
        await reconcile_desk(exchange, desk)
        self.books.backup(self._books)
        return exchange

    async def floor(self, exchange: FakeExchange) -> Floor:
        async with self.store.unit() as unit:
            clock = exchange.clock
            run = await unit.desk.start_run("test", clock.now(), clock.wall())
            await unit.commit()
        return Floor(exchange, self.store, clock, None, run)

    def again(self) -> FakeExchange:
        """Everything as it was in the beginning."""
        self.books.rollback()  # a desk that died may have left a transaction open
        self._books.backup(self.books)
        return copy.deepcopy(self._exchange)

    def close(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self._books.close()
        self.loop.close()


async def seize(floor: Floor, token: str) -> Seized:
    """Take the lease, whoever has it."""
    lease = Seized(token, floor.clock)
    now = floor.clock.wall()
    row = {"name": "trading", "token": token, "pid": 1, "host": "here"}
    times = {"acquired_wall_us": now, "renewed_wall_us": now}
    async with floor.store.transaction() as transaction:
        await transaction.upsert(
            t.LEASES, [{**row, **times, "expires_wall_us": lease.expires_wall_us}]
        )
        await transaction.commit()
    return lease
