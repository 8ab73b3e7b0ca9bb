"""Two processes and one account, on both databases: one of them trades, and never both."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from crash.altered import Altered
from crash.lease_holder import hold
from crash.stopping import stop
from fakes.desk_store import fresh_store
from fakes.forks import fork
from fakes.postgres import Reader, new_database
from fakes.program import PATIENCE_S, Program, rows_of, wait_until
from fakes.served import ServedExchange
from sqlalchemy import select

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.errors import LeaseHeld

pytestmark = pytest.mark.slow
TTL_S = 3.0


@dataclass
class Holder:
    """The other process."""

    process: ForkServerProcess
    pipe: Connection
    store: Path | None
    heard: str = ""

    def hears(self) -> str:
        assert self.pipe.poll(PATIENCE_S)
        said: str = self.pipe.recv()
        return said

    def does(self, what: str) -> None:
        self.pipe.send(what)

    def signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def stops(self) -> None:
        assert self.process.pid is not None
        stop(self.process.pid, self.store)


@pytest.fixture
def place(postgres: str | None, request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return tmp_path if postgres is None else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def host() -> str:
    return socket.gethostname()


@pytest.fixture
def holder(place: Path | str, host: str) -> Iterator[Holder]:
    ours, theirs = multiprocessing.Pipe()
    process = fork(hold, place, TTL_S, host, theirs)
    store = place / "desk.db" if isinstance(place, Path) else None
    other = Holder(process, ours, store)
    assert other.hears() == "holds"
    yield other
    process.kill()
    process.join()


async def is_refused(store: SqlStore) -> str:
    """Why this process may not trade."""
    with pytest.raises(LeaseHeld) as refused:
        async with hold_lease(store, "trading", SystemClock().wall):
            pass
    return str(refused.value)


async def taken_over(store: SqlStore, holder: Holder) -> float:
    """Hold the lease as soon as it may be had, and let the other go on; seconds it took."""
    started = time.monotonic()
    while True:
        try:
            async with hold_lease(store, "trading", SystemClock().wall):
                waited = time.monotonic() - started
                if holder.process.is_alive():
                    holder.signal(signal.SIGCONT)
                    holder.heard = holder.hears()
                return waited
        except LeaseHeld:
            assert time.monotonic() - started < 20 * TTL_S


async def states(store: SqlStore) -> list[str]:
    async with store.transaction(reads=True) as transaction:
        rows = await transaction.rows(select(t.ORDERS.c.state).order_by(t.ORDERS.c.sequence))
    return [row[0] for row in rows]


async def test_an_old_holder_that_wakes_up_writes_nothing(holder: Holder, place: Path | str):
    async with await fresh_store(place) as store:
        holder.does("sends")
        assert holder.hears() == "filled 1"
        holder.stops()
        told = await is_refused(store)  # it is alive: its time must run out
        assert f"Process {holder.process.pid} on {socket.gethostname()} has been trading" in told
        holder.does("sends")
        await taken_over(store, holder)
        assert holder.heard == "lease_held 1"
        assert await states(store) == ["filled"]


async def test_an_old_holder_that_wakes_up_sends_nothing(holder: Holder, place: Path | str):
    """It had journalled the order before it was stopped; whoever took over finds the intent."""
    async with await fresh_store(place) as store:
        holder.does("waits")
        assert holder.hears() == "waits"
        holder.stops()
        assert await states(store) == ["intent"]
        holder.does("goes on")
        await taken_over(store, holder)
        assert holder.heard in {"lease_ran_out 0", "lease_held 0"}
        assert await states(store) == ["intent"]


@pytest.mark.parametrize("host", ["elsewhere"])
async def test_one_killed_on_another_machine_is_waited_for(holder: Holder, place: Path | str):
    async with await fresh_store(place) as store:
        holder.signal(signal.SIGKILL)
        holder.process.join()
        assert f"Process {holder.process.pid} on elsewhere " in await is_refused(store)
        waited = await taken_over(store, holder)
        assert waited > TTL_S / 2  # it was renewed a tenth of it ago, or a little earlier


async def test_one_killed_on_this_machine_is_not_waited_for(holder: Holder, place: Path | str):
    async with await fresh_store(place) as store:
        holder.signal(signal.SIGKILL)
        holder.process.join()
        async with hold_lease(store, "trading", SystemClock().wall) as lease:
            lease.check()


# The program itself.


@pytest.fixture
def exchange() -> Iterator[ServedExchange]:
    with ServedExchange(seed=7) as served:
        yield served


@pytest.fixture
def demo(exchange: ServedExchange, postgres: str | None, tmp_path: Path) -> Iterator[Program]:
    variables = {**exchange.variables, "KALSHI_INTERVALS__TRADE_S": "1"}
    with nullcontext() if postgres is None else new_database(postgres) as url:
        database = {} if url is None else {"KALSHI_DATABASE": url}
        yield Program(tmp_path, variables | database, alter=Altered())


LIVE = "SELECT client_order_id FROM orders WHERE state IN ('resting', 'partially_filled')"


def rows(demo: Program, query: str) -> list[tuple[Any, ...]]:
    """Read without the program's own code, wherever its store is."""
    url = demo.variables.get("KALSHI_DATABASE")
    if url is None:
        return rows_of(demo.home / "demo.db", query)
    with Reader(url) as reader:
        return reader.rows(query)


@pytest.mark.timeout(300)
def test_requests_reach_the_process_that_trades(demo: Program):
    holder = demo.start("run-loop", "--env", "demo", "--forecaster", "baseline", "-q")
    try:
        wait_until(lambda: holder.has_ended() or rows(demo, "SELECT pid FROM leases"), "its lease")
        second = demo.run("trade", "--env", "demo", code=6)
        assert f"Process {holder.pid} on {socket.gethostname()} has been trading" in second.told
        assert demo.run("status", "--json").data["holder"]["pid"] == holder.pid
        told = demo.run("status").told
        assert f"process {holder.pid} on {socket.gethostname()}, since " in told
        taken_back = demo.run("cancel-all", "--json").data
        assert taken_back["answered_by"] == "by the process that trades"
        assert demo.run("halt", "--reason", "smoke", "--json").data["after"] == "halted"
        assert rows(demo, LIVE) == []
        assert not holder.has_ended()
    finally:
        holder.kill()
    assert demo.run("status", "--json").data["holder"] is None
    demo.run("track")
