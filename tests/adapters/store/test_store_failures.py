"""A store that somebody else keeps busy is told apart from one that is broken."""

import sqlite3
from contextlib import closing

import pytest
from fakes.desk_store import fresh_store, seed
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


async def test_a_lane_that_writes_too_long_keeps_the_others_waiting_and_no_more(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(store, "BUSY_S", 0.05)
    async with await fresh_store(tmp_path) as desk:
        async with desk.unit():
            with pytest.raises(StoreBusy, match="unit of work open"):
                await seed(desk)
        await seed(desk)
