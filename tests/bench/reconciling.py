"""What reconciling costs: 10,000 orders and 50,000 fills read whole, and one with nothing new."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store import ledger_mapping
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.identity import EXTERNAL, Env, StoreIdentity
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill, OrderReport
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.reconcile import reconcile
from tests.bench.measure import Measured
from tests.fakes.exchange import FakeExchange

ORDERS = 10_000
FILLS = 50_000
MARKETS = 200
ROWS_A_PAGE = 1_000


def measure(home: Path) -> list[Measured]:
    """The first pass beside writing its rows bare, and one that finds nothing new."""
    return asyncio.run(_reconciled(home))


class _Busy(FakeExchange):
    """An account that traded a lot; every fill opens, so that the books are easy to hold."""

    def busy(self) -> None:
        now = self.clock.now()
        self.page_size = ROWS_A_PAGE
        self.add_event("KXB-1", [f"KXB-1-{n}" for n in range(MARKETS)])
        per_order = FILLS // ORDERS
        for number in range(ORDERS):
            ticker = f"KXB-1-{number % MARKETS}"
            order_id = f"order-{number}"
            self.reports[order_id] = OrderReport(
                order_id,
                f"theirs-{number}",
                ticker,
                Side.BID,
                Price(4_000),
                Contracts(100 * per_order),
                Contracts(100 * per_order),
                Contracts(0),
                ExchangeOrderStatus.EXECUTED,
                now,
            )
            self.all_fills += [
                Fill(
                    f"fill-{number}-{part}",
                    order_id,
                    ticker,
                    Side.BID,
                    Price(4_000),
                    Contracts(100),
                    True,
                    NO_MONEY,
                    now + number,
                )
                for part in range(per_order)
            ]
            self.nets[ticker] = self.nets.get(ticker, Contracts(0)) + Contracts(100 * per_order)
        self.cash -= Money(FILLS * 400_000)


async def _reconciled(home: Path) -> list[Measured]:
    clock = SystemClock()
    exchange = _Busy(clock, cash=Money.parse("1000000.00"))
    exchange.busy()
    bare_s = _written_bare(home / "bare.db", exchange.all_fills)
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    async with await open_store(home / "desk.db", identity, wall_us=clock.wall()) as store:
        started = time.perf_counter()
        found = await reconcile(exchange, exchange, store, clock)
        first_s = time.perf_counter() - started
        assert (found.complete, len(found.new_fills), found.differences) == (True, FILLS, ())
        started = time.perf_counter()
        found = await reconcile(exchange, exchange, store, clock)
        again_s = time.perf_counter() - started
        assert (found.new_fills, found.differences) == ((), ())
    return [
        Measured(
            f"first reconcile of {ORDERS:,} orders and {FILLS:,} fills",
            first_s,
            "raw executemany of the fills",
            bare_s,
        ),
        Measured("reconcile again, nothing new", again_s, "raw executemany of the fills", bare_s),
    ]


def _written_bare(file: Path, fills: Sequence[Fill]) -> float:
    rows = [tuple(ledger_mapping.fill_row(fill, EXTERNAL).values()) for fill in fills]
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        columns = ", ".join(f"c{n}" for n in range(len(rows[0])))
        database.execute(f"CREATE TABLE fills ({columns}, PRIMARY KEY (c0))")
        started = time.perf_counter()
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO fills VALUES ({marks})", rows)
        database.commit()
        return time.perf_counter() - started
