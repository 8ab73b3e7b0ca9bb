"""A store that somebody else keeps busy is told apart from one that is broken."""

import asyncio
import multiprocessing
import os
import signal
import socket
import sqlite3
from contextlib import closing

import pytest
from fakes.desk_store import WALL, fresh_store, seed
from sqlalchemy import exc

from kalshi_cli.adapters.store import connection, store
from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.errors import StoreBusy, StoreUnusable


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("database is locked", StoreBusy),
        ("database table is locked: orders", StoreBusy),
        ("canceling statement due to lock timeout", StoreBusy),
        ("database disk image is malformed", StoreUnusable),
        ("database or disk is full", StoreUnusable),
        ("attempt to write a readonly database", StoreUnusable),
    ],
)
def test_busy_is_not_broken(said, kind):
    with pytest.raises(StoreUnusable) as raised, translated("desk.db"):
        raise exc.OperationalError("COMMIT", {}, sqlite3.OperationalError(said))
    assert type(raised.value) is kind
    assert said in str(raised.value)
    assert raised.value.remedy


async def test_another_process_that_writes_too_long_keeps_us_waiting_and_no_more(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(connection, "_PRAGMAS", ("busy_timeout=50", "journal_mode=WAL"))
    async with await fresh_store(tmp_path) as desk:
        await seed(desk)
        with closing(sqlite3.connect(tmp_path / "desk.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match=r"desk\.db is busy: database is locked"):
                await seed(desk, "U")
            async with desk.unit(reads=True) as unit:
                assert await unit.catalog.known_markets({"T", "U"}) == {"T"}
        await seed(desk, "U")
        async with desk.unit(reads=True) as unit:
            assert await unit.catalog.known_markets({"T", "U"}) == {"T", "U"}


def stopped_in_a_write(path, begun):
    """What a trading process does that is stopped while it writes."""
    with closing(sqlite3.connect(path)) as file:
        row = ("trading", "token", os.getpid(), socket.gethostname(), WALL, WALL, WALL)
        names = "name, token, pid, host, acquired_wall_us, renewed_wall_us, expires_wall_us"
        file.execute(f"INSERT INTO leases ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        file.commit()
        file.execute("BEGIN IMMEDIATE")
        begun.set()
        os.kill(os.getpid(), signal.SIGSTOP)


async def test_a_process_that_is_stopped_while_it_writes_is_named(tmp_path, monkeypatch):
    """Its lease says which it is; one that is gone, or lives elsewhere, is not blamed."""
    monkeypatch.setattr(connection, "_PRAGMAS", ("busy_timeout=50", "journal_mode=WAL"))
    forks = multiprocessing.get_context("spawn")
    begun = forks.Event()
    async with await fresh_store(tmp_path) as desk:
        other = forks.Process(target=stopped_in_a_write, args=(tmp_path / "desk.db", begun))
        other.start()
        try:
            pid = other.pid
            assert await asyncio.to_thread(begun.wait, 30)
            with pytest.raises(StoreBusy) as busy:
                await seed(desk)
            assert str(busy.value).endswith(f"database is locked; process {pid} trades with it.")
            assert f"`kill -CONT {pid}` lets it go on" in busy.value.remedy
            assert busy.value.exit_code == 7
        finally:
            os.kill(other.pid, signal.SIGCONT)
            other.join()
        with closing(sqlite3.connect(tmp_path / "desk.db")) as file:
            file.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match=r"database is locked\.$"):
                await seed(desk)


async def test_on_postgresql_who_keeps_the_lock_is_named_too(postgres_url, monkeypatch):
    import asyncpg

    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    other, trader = await asyncpg.connect(postgres_url), os.getppid()
    try:
        async with await fresh_store(postgres_url) as desk:
            row = ("trading", "token", trader, socket.gethostname(), WALL, WALL, WALL)
            await other.execute("INSERT INTO leases VALUES ($1, $2, $3, $4, $5, $6, $7)", *row)
            async with other.transaction():
                await other.execute(f"SELECT pg_advisory_xact_lock({connection.WRITER_LOCK})")
                with pytest.raises(StoreBusy, match=f"; process {trader} trades with it"):
                    await seed(desk)
            await seed(desk)
    finally:
        await other.close()


async def test_a_lane_that_writes_too_long_keeps_the_others_waiting_and_no_more(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(store, "BUSY_S", 0.05)
    async with await fresh_store(tmp_path) as desk:
        async with desk.unit():
            with pytest.raises(StoreBusy, match="unit of work open"):
                await seed(desk)
        await seed(desk)
