"""The audit finds what is wrong, and repair puts right what can be derived."""

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.decisions import NOW, STRATEGY, a_forecast, an_intent
from fakes.desk_store import WALL, fresh_store, seed

from kalshi_cli.adapters.store import vacuuming
from kalshi_cli.adapters.store.derived import derive
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.vacuuming import check_room
from kalshi_cli.domain.account import CashKind, CashMovement
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import Fill, Order, OrderState
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import IntegrityError, StoreBusy, StoreUnusable
from kalshi_cli.ports.audit import Repair


def a_fill(number, side, order_id="o1"):
    cost = Money(20_000)
    at_us = NOW + number * SECOND
    return Fill(
        f"f{number}", order_id, "T", side, Price(4_000), Contracts(1_000), True, cost, at_us
    )


@pytest.fixture
async def store(tmp_path):
    """A desk that bought 10 contracts and sold them again, with everything in order."""
    async with await fresh_store(tmp_path) as opened:
        run = await seed(opened)
        order = Order("k1", an_intent(), OrderState.INTENT, NOW, NOW, run.run_id, 1)
        async with opened.unit() as unit:
            await unit.forecasts.add([a_forecast(run_id=run.run_id)])
            await unit.ledger.add_cash([CashMovement("d1", CashKind.DEPOSIT, Money(10**8), NOW)])
            await unit.commit()
        async with hold_lease(opened, "trading", lambda: WALL) as lease, opened.unit() as unit:
            await unit.journal.record(order, lease.token, lambda: WALL)
            filled = replace(order.moved(OrderState.FILLED, NOW), order_id="o1")
            await unit.journal.save(replace(filled, filled=Contracts(1_000)), Cause.ANSWER)
            fills = [(a_fill(1, Side.BID), STRATEGY), (a_fill(2, Side.ASK, "o2"), "external")]
            await unit.ledger.add_fills([*fills, (a_fill(3, Side.BID, "o3"), "external")])
            derived = derive(await unit.ledger.history())
            await unit.ledger.save_positions(list(derived.positions.values()))
            await unit.ledger.save_round_trips(["T"], list(derived.trips.values()))
            await unit.commit()
        yield opened


async def test_books_in_order_are_clean(store):
    audit = await store.audit.check()
    assert audit.findings == ()
    assert dict(audit.checked)["fills"] == 3
    assert audit.cash == Money(10**8 - 10 * 400_000 - 3 * 20_000)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE orders SET limit_price_units = 10000", "ORDER_PRICE"),
        ("UPDATE orders SET filled_units = 1001", "ORDER_COUNT"),
        ("UPDATE orders SET state = 'lost'", "ORDER_STATE"),
        ("UPDATE orders SET state = 'resting', order_id = NULL", "ORDER_STATE"),
        ("UPDATE orders SET count_units = 999", "ORDER_OVERFILLED"),
        ("UPDATE fills SET price_units = 0", "FILL_IMPOSSIBLE"),
        ("UPDATE fills SET owner = 'other'", "FILL_ORPHANED"),
        ("UPDATE quotes SET ask_price_units = bid_price_units", "QUOTE_IMPOSSIBLE"),
        ("UPDATE quotes SET bid_price_units = 0", "QUOTE_IMPOSSIBLE"),
        ("UPDATE forecasts SET high = 1.0", "FORECAST_IMPOSSIBLE"),
        ("UPDATE forecasts SET run_id = 'none'", "ROW_ORPHANED"),
        ("UPDATE positions SET net_units = 1", "POSITION_WRONG"),
        ("DELETE FROM positions", "POSITION_WRONG"),
        ("UPDATE round_trips SET fees_units = 0", "TRIP_WRONG"),
        ("UPDATE round_trips SET proceeds_units = 1", "TRIPS_UNBALANCED"),
        ("INSERT INTO daily_ai_cost VALUES (3, 1, 5, 0)", "AI_COST_UNBALANCED"),
        (
            "INSERT INTO rebalanced_shares VALUES ('a', 0.5, 0.6), ('b', 0.5, 0.5)",
            "SHARE_IMPOSSIBLE",
        ),
        ("INSERT INTO rebalanced_shares VALUES ('a', 0.5, -0.1)", "SHARE_IMPOSSIBLE"),
        (
            "INSERT INTO settlements VALUES ('T', 9, 0, 'E', 'yes', 10000, 1000, 9999999, 0, 0)",
            "SETTLEMENT_IMPOSSIBLE",
        ),
        (
            "INSERT INTO settlements VALUES ('T', 9, 0, 'E', 'no', 0, 0, 0, 0, 0)",
            "SETTLEMENT_COUNT",
        ),
        (
            "INSERT INTO orders SELECT 'k2', run_id, 2, strategy, ticker, event_ticker, side,"
            " limit_price_units, count_units, time_in_force, purpose, reason, post_only,"
            " reduce_only, fair, forecast_id, expires_us, exchange_index, 'intent', pending,"
            " NULL, 0, message, created_us, updated_us, NULL, lease_token, 0,"
            " NULL, NULL, NULL, NULL"
            " FROM orders"
            " UNION ALL SELECT 'k3', run_id, 3, strategy, ticker, event_ticker, side,"
            " limit_price_units, count_units, time_in_force, purpose, reason, post_only,"
            " reduce_only, fair, forecast_id, expires_us, exchange_index, 'unknown', pending,"
            " NULL, 0, message, created_us, updated_us, NULL, lease_token, 0,"
            " NULL, NULL, NULL, NULL"
            " FROM orders",
            "ENTRY_DOUBLED",
        ),
    ],
)
async def test_each_wrong_is_found(store, statement, code):
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute(statement)
        connection.commit()
    assert code in {finding.code for finding in (await store.audit.check()).findings}


@pytest.mark.parametrize(
    "damage", ["UPDATE round_trips SET fees_units = 0", "DELETE FROM round_trips"]
)
async def test_repair_derives_again_and_tells_why_each_trip_ended(store, damage):
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute("UPDATE positions SET cost_units = 1 WHERE owner = 'external'")
        connection.execute(
            "INSERT INTO positions SELECT 'U', owner, 5, 1, 0, 0, 0, 0 FROM positions"
        )
        connection.execute("CREATE TEMP TABLE other AS SELECT * FROM orders")
        connection.execute(
            "UPDATE other SET client_order_id = 'k3', order_id = 'o3', sequence = 3,"
            " reason = 'stop_loss'"
        )
        connection.execute("INSERT INTO orders SELECT * FROM other")
        connection.execute(damage)
        connection.commit()
    repaired = await store.audit.repair()
    assert repaired == Repair(positions=3, round_trips=1)
    assert (await store.audit.check()).findings == ()
    (trip,) = await store.reports.round_trips()
    assert trip.trip.reason == "stop_loss"
    assert await store.audit.repair() == Repair(positions=0, round_trips=0)


async def test_vacuum_keeps_everything_and_gives_space_back(store):
    """A thousand pages that were used once: the file is smaller at once, not after a restart."""
    with closing(sqlite3.connect(store.location.path)) as connection:
        connection.execute("CREATE TABLE filler (x BLOB)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(4096000))")
        connection.commit()
        connection.execute("DROP TABLE filler")
        connection.commit()
    space = await store.audit.vacuum()
    assert space.before >= 4_096_000
    files = store.location.path.parent.glob(f"{store.location.path.name}*")
    sizes = {file.suffix: file.stat().st_size for file in files if "-shm" not in file.name}
    assert space.after == sum(sizes.values()) < space.before - 4_000_000
    assert (await store.audit.check()).findings == ()


async def test_a_vacuum_under_a_reader_says_that_the_space_is_still_taken(store):
    """Their pages stay in the file, and the new ones in the log, until they are gone."""
    with closing(sqlite3.connect(store.location.path, isolation_level=None)) as other:
        other.execute("CREATE TABLE filler AS SELECT zeroblob(1000000) AS x")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM filler").fetchone()
        space = await store.audit.vacuum()
        assert space.is_read
        assert space.after > space.before
        other.execute("ROLLBACK")
        space = await store.audit.vacuum()
        assert not space.is_read
        assert space.after < space.before


async def test_a_vacuum_waits_for_another_writer_no_longer_than_for_a_page(store, monkeypatch):
    with closing(sqlite3.connect(store.location.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreBusy):
            await store.audit.vacuum()
    assert 0.5 <= time.monotonic() - began < 5


def room(monkeypatch, tmp_path, free):
    """Disks by their directory's name, with so many bytes free; SQLite's is `there`."""
    there = tmp_path / "there"
    there.mkdir(exist_ok=True)
    monkeypatch.setenv("SQLITE_TMPDIR", str(there))
    usage = shutil.disk_usage(tmp_path)
    disks = list(free)
    monkeypatch.setattr(vacuuming, "_disk", lambda place: disks.index(place.name) % len(disks))
    monkeypatch.setattr(shutil, "disk_usage", lambda at: usage._replace(free=free[at.name]))


async def test_a_vacuum_needs_room_beside_the_store_and_where_sqlite_copies(
    store, tmp_path, monkeypatch
):
    size = sum(f.stat().st_size for f in tmp_path.glob("desk.db*") if "-shm" not in f.name)
    here = tmp_path.name
    for copied, beside, elsewhere, short in (
        (False, size, size, None),
        (False, size - 1, size, tmp_path),
        (False, size, size - 1, tmp_path / "there"),
        (True, 2 * size, size, None),
        (True, 2 * size - 1, size, tmp_path),
    ):
        room(monkeypatch, tmp_path, {here: beside, "there": elsewhere})
        if short is None:
            check_room(store.location, copied=copied)
        else:
            with pytest.raises(IntegrityError, match=f"are free in {short}, and"):
                check_room(store.location, copied=copied)


async def test_on_one_disk_a_vacuum_needs_room_for_both(store, tmp_path, monkeypatch):
    size = sum(f.stat().st_size for f in tmp_path.glob("desk.db*") if "-shm" not in f.name)
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    free = shutil.disk_usage(".")._replace(free=2 * size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    check_room(store.location, copied=False)
    with pytest.raises(IntegrityError, match="are free in"):
        check_room(store.location, copied=True)
    short = free._replace(free=2 * size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: short)
    with pytest.raises(IntegrityError, match="are free in"):
        check_room(store.location, copied=False)


SPIED = """
import os, sqlite3
from contextlib import suppress

def look():
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            seen.add(os.path.dirname(os.readlink(f"/proc/self/fd/{number}")))

seen = set()
store = sqlite3.connect("copied.db", isolation_level=None)
store.execute("CREATE TABLE filler AS WITH RECURSIVE n(i) AS (VALUES (1)"
    " UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i, randomblob(1000) FROM n")
store.execute("PRAGMA cache_size=10")
store.set_progress_handler(look, 2000)
store.execute("VACUUM")
print(*seen, sep="\\n")
"""
"""Tells in which directories a process has files open while it vacuums."""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no list of open files here")
def test_sqlite_copies_where_the_room_is_looked_for(tmp_path, monkeypatch):
    """In a process of its own: SQLite asks for its directory once."""
    there = tmp_path / "there"
    there.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("TMPDIR", str(there))
    assert vacuuming.temporary_directory() == there
    spied = subprocess.run(
        [sys.executable, "-c", SPIED], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(there) in spied.stdout.splitlines()


async def test_a_damaged_file_is_found(store):
    path = store.location.path
    await store.close()
    with path.open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096 * 4)
    assert await is_found_damaged(store)


async def is_found_damaged(store):
    """Where the damage leaves anything readable the audit says so; else reading fails."""
    try:
        return bool((await store.audit.check()).findings)
    except StoreUnusable:
        return True
