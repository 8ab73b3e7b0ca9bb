"""What an order costs: the journal around it, and its way through HTTP to the exchange."""

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderIntent, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Place
from kalshi_cli.ports.exchange import (
    Cancellation,
    CancellationKind,
    Permit,
    Placement,
    PlacementKind,
)
from kalshi_cli.steps.execution import Desk, send
from tests.bench.measure import Measured, percentile
from tests.fakes.decisions import resting

ORDERS = 200
BESIDE_S = 0.010
"""What deciding and building may add to the commit before the wire."""


def measure(home: Path) -> list[Measured]:
    """The rows of an order."""
    return [*asyncio.run(_journalled(home)), asyncio.run(_carried())]


@dataclass(slots=True)
class _Instant:
    """An exchange that takes no time, and notes when it was reached."""

    reached: float = 0.0
    placed: int = 0

    async def place(
        self, client_order_id: str, intent: OrderIntent, *, group_id: str, permit: Permit
    ) -> Placement:
        del client_order_id, group_id
        await permit()
        self.reached = time.perf_counter()
        self.placed += 1
        return Placement(PlacementKind.ACCEPTED, f"o-{self.placed}", Contracts(0), intent.count)

    async def cancel(self, order_id: str, ticker: str, exchange_index: int) -> Cancellation:
        del order_id, ticker, exchange_index
        return Cancellation(CancellationKind.GONE)


async def _journalled(home: Path) -> list[Measured]:
    """`send` on a store in a file, and in turns a bare commit of a row that is as long."""
    clock, exchange = SystemClock(), _Instant()
    to_wire: list[float] = []
    whole: list[float] = []
    commits: list[float] = []
    identity = StoreIdentity(Env.SIM, "", "", "bench")
    store = await open_store(home / "desk.db", identity, wall_us=clock.wall())
    with closing(_bare(home / "bare.db")) as bare:
        async with store, hold_lease(store, "bench", clock.wall) as lease:
            async with store.unit() as unit:
                run = await unit.desk.start_run("bench", clock.now(), clock.wall())
                await unit.commit()
            desk = Desk(exchange, store, clock, lease, run)
            for number in range(ORDERS):
                started = time.perf_counter()
                await send(desk, resting(ticker=f"T{number}", forecast_id=None))
                whole.append(time.perf_counter() - started)
                to_wire.append(exchange.reached - started)
                commits.append(_commit(bare, number))
    commit_99, commit_50 = percentile(commits, 0.99), percentile(commits, 0.5)
    return [
        Measured(
            "an order from decision to wire, p99",
            percentile(to_wire, 0.99),
            "one fsynced commit, p99",
            commit_99,
            most_s=commit_99 + BESIDE_S,
        ),
        Measured(
            "an order's journal, before and after (median)",
            percentile(whole, 0.5),
            "one fsynced commit",
            commit_50,
        ),
    ]


def _bare(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, body TEXT)")
    return database


def _commit(database: sqlite3.Connection, number: int) -> float:
    started = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO orders VALUES (?, ?)", (number, "x" * 300))
    database.execute("COMMIT")
    return time.perf_counter() - started


async def _carried() -> Measured:
    """An order through our client, HTTP and the exchange's API, beside the engine alone."""
    carried: list[float] = []
    engine: list[float] = []
    async with open_simulation(None, seed=7) as simulation:
        host = simulation._host
        ticker = next(iter(simulation._exchange.catalog.markets))
        connection = connect(
            base_url=simulation.origin,
            signer=Signer.from_pem(simulation.key_id, simulation.private_key_pem),
            clock=simulation.clock,
            transport=simulation.transport(),
            paced=False,
        )
        simulation.advance(simulation.now_us + 1)
        async with connection:
            assert connection.trading is not None
            for number in range(ORDERS):
                intent = resting(limit="0.0100", count="1.00", ticker=ticker, expires_us=None)
                started = time.perf_counter()
                placed = await connection.trading.place(f"a{number}", intent)
                carried.append(time.perf_counter() - started)
                assert placed.kind is PlacementKind.ACCEPTED, placed
                command = Place(
                    f"b{number}", ticker, Side.BID, Price(100), Contracts(100), TimeInForce.GTC
                )
                started = time.perf_counter()
                host.apply(command)
                engine.append(time.perf_counter() - started)
    return Measured(
        "an order through HTTP in-process (median)",
        percentile(carried, 0.5),
        "the engine alone",
        percentile(engine, 0.5),
    )
