"""A file is looked over before anything is traded on what it says."""

import os
import sqlite3
from contextlib import closing

import pytest
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store.soundness import MONEY, check_sound
from kalshi_cli.errors import StoreUnusable

PAGE = 4096


def damage(path, name, *, at=0):
    """Flip bits in the head of the first page of a table or an index, where its structure is."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, (name,)).fetchone()
    content = bytearray(path.read_bytes())
    content[(page - 1) * PAGE + at] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture
async def path(tmp_path):
    async with await fresh_store(tmp_path) as store:
        return store.location.path


async def checked(path, *, whole):
    async with await fresh_store(path.parent) as store:
        await check_sound(store, whole=whole)


@pytest.fixture(params=["file", "memory", "postgres"])
def place(request, tmp_path):
    places = {"file": tmp_path, "memory": ":memory:"}
    return places.get(request.param) or request.getfixturevalue("postgres_url")


@pytest.mark.parametrize("whole", [False, True])
async def test_a_sound_store_passes(place, whole):
    async with await fresh_store(place) as store:
        await check_sound(store, whole=whole)


async def test_each_table_is_of_money_or_of_what_markets_and_models_say(path):
    """Whoever adds a table decides here of which it is."""
    markets = {"series", "events", "markets", "quotes", "quote_history", "incentives"}
    markets |= {"fee_changes"}
    models = {"forecasts", "ai_calls", "ai_texts", "daily_ai_cost"}
    told = {"denials", "funnel_counts", "stops", "stop_days", "performance_snapshots"}
    told |= {"order_events"}
    measured = {"markouts", "trials", "seen_of_others", "alembic_version"}
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in connection.execute(query)}
    assert tables - set(MONEY) == markets | models | told | measured
    assert set(MONEY) <= tables


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("table", MONEY)
async def test_damage_to_what_money_hangs_on_is_found(path, table, whole):
    damage(path, table, at=5)  # where the rows begin
    with pytest.raises(StoreUnusable, match=r"^The store .*/desk\.db is damaged: .+\.$") as refused:
        await checked(path, whole=whole)
    assert refused.value.exit_code == 7
    assert "Restore a backup" in str(refused.value.remedy)


async def test_a_page_that_is_none_is_found(path):
    damage(path, "orders")
    with pytest.raises(StoreUnusable, match=r"is damaged: orders cannot be read\.$") as refused:
        await checked(path, whole=False)
    assert "Restore a backup (none is beside it)" in str(refused.value.remedy)


@pytest.mark.parametrize("table", ["quote_history", "order_events"])
async def test_damage_elsewhere_is_found_by_who_looks_at_all_of_it(path, table):
    """And of what grows with every change of an order, no page is read by the others."""
    damage(path, table, at=5)
    await checked(path, whole=False)
    with pytest.raises(StoreUnusable, match="is damaged"):
        await checked(path, whole=True)


@pytest.mark.parametrize("table", ["ai_texts", "order_events", "trials"])
async def test_a_page_that_is_none_is_listed_whatever_it_is_of(path, table):
    damage(path, table)
    with pytest.raises(StoreUnusable, match=f"is damaged: {table} cannot be read"):
        await checked(path, whole=True)
    async with await fresh_store(path.parent) as store:
        try:
            told = [finding.detail for finding in (await store.audit.check()).findings]
        except StoreUnusable as error:  # where other rows refer to it
            told = [str(error)]
    assert any(f"{table} cannot be read" in each for each in told)


async def test_what_is_damaged_is_listed_though_the_rows_cannot_be_read(path):
    """Two pages of noise: the look itself tells of both, and which backup there is."""
    damage(path, "fills", at=5)
    damage(path, "orders")
    async with await fresh_store(path.parent) as store:
        with pytest.raises(StoreUnusable, match=r"is damaged: .+; .+") as refused:
            await store.audit.check()
        assert "(none is beside it)" in refused.value.remedy
        older, newer = (path.with_name(f"desk.db.0021.backup{end}") for end in ("", ".2"))
        older.touch()
        newer.touch()
        os.utime(older, (1, 1))
        with pytest.raises(StoreUnusable) as refused:
            await store.audit.check()
        assert f"the newest beside it is {newer})" in refused.value.remedy
