"""Connections stay open between transactions, and no transaction sees another's."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes.desk_store import WALL, fresh_store
from sqlalchemy import func, select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.connection import locate
from kalshi_cli.adapters.store.glance import Glance
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.adapters.store.worker import Rows
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.errors import Refused
from kalshi_cli.ports.desk import Brakes

COOLING = "cooling"
COUNT = Prepared(select(func.count()).select_from(t.MARKERS))
INSTANT = Prepared(select(t.MARKERS.c.instant_us).where(t.MARKERS.c.name == given("name")))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await fresh_store(tmp_path) as opened:
        yield opened


async def marked(store: SqlStore, name: str, instant_us: int, *, commit: bool = True) -> None:
    async with store.unit() as unit:
        await unit.catalog.set_marker(name, instant_us)
        if commit:
            await unit.commit()


async def counted(store: SqlStore, *, reads: bool = True) -> int:
    async with store.transaction(reads=reads) as transaction:
        return await transaction.number(COUNT) or 0


async def halted(store: SqlStore, state: DeskState) -> None:
    async with store.unit() as unit:
        await unit.desk.set_state(state, reason="r", who="w", at_us=1, wall_us=WALL)
        await unit.commit()


async def test_what_was_not_committed_is_not_there_for_who_comes_next(store: SqlStore) -> None:
    await marked(store, "a", 1)
    await marked(store, "b", 2, commit=False)
    assert (await counted(store), await counted(store, reads=False)) == (1, 1)
    await marked(store, "c", 3)
    assert await counted(store) == 2


async def test_what_went_wrong_leaves_a_connection_that_works(store: SqlStore) -> None:
    async def goes_wrong() -> None:
        async with store.unit() as unit:
            await unit.catalog.set_marker("a", 1)
            assert await unit.catalog.marker("a") == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await goes_wrong()
    assert await counted(store) == 0
    await marked(store, "b", 2)
    assert await counted(store, reads=False) == 1


async def test_prepared_statements_and_others_are_of_one_transaction(store: SqlStore) -> None:
    other = select(func.count()).select_from(t.MARKERS)
    for commit in (True, False):
        async with store.transaction() as transaction:
            await transaction.upsert(t.MARKERS, [{"name": str(commit), "instant_us": 1}])
            assert await transaction.number(other) == 1 + (not commit)  # through SQLAlchemy
            assert await transaction.number(COUNT) == 1 + (not commit)
            if commit:
                await transaction.commit()
    assert await counted(store) == 1


async def test_a_reader_sees_one_instant_and_the_next_one_the_next(store: SqlStore) -> None:
    for seen in (0, 1):
        async with store.transaction(reads=True) as reading:
            assert await reading.number(COUNT) == seen
            await marked(store, f"m{seen}", 1)
            assert await reading.number(COUNT) == seen


async def test_what_is_checked_is_told_in_its_order_and_before_what_is_written_later(
    store: SqlStore,
) -> None:
    await marked(store, "a", 7)
    told: list[list[Sequence[Any]]] = []

    def weigh(found: list[Rows]) -> None:
        told.extend(list(rows) for rows in found)

    async with store.transaction() as transaction:
        await transaction.check([(INSTANT, {"name": "b"}), (COUNT, {}), (COUNT, {})], weigh)
        await transaction.upsert(t.MARKERS, [{"name": "b", "instant_us": 1}])
        assert told == []
        await transaction.commit()
    assert told == [[], [(1,)], [(1,)]]


async def test_nothing_of_a_transaction_is_left_whose_check_fails(store: SqlStore) -> None:
    def refuse(found: list[Rows]) -> None:
        raise Refused(f"{found[0][0][0]} markers are enough.")

    async def writes() -> None:
        async with store.transaction() as transaction:
            await transaction.upsert(t.MARKERS, [{"name": "a", "instant_us": 1}])
            await transaction.check([(COUNT, {})], refuse)
            await transaction.upsert(t.MARKERS, [{"name": "b", "instant_us": 1}])
            await transaction.commit()

    with pytest.raises(Refused, match="1 markers are enough"):
        await writes()
    assert await counted(store) == 0
    await marked(store, "c", 1)
    assert await counted(store, reads=False) == 1


async def test_the_log_is_carried_over_and_no_commit_has_to(store: SqlStore) -> None:
    path = store.location.path
    assert path is not None
    await store.carry_over()
    await marked(store, "a", 1)
    alone = path.with_name("alone.db")
    alone.write_bytes(path.read_bytes())
    assert numbers_in(alone) == 0  # the commit wrote to the log only
    await store.carry_over()
    alone.write_bytes(path.read_bytes())
    assert numbers_in(alone) == 1


def numbers_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM markers").fetchone()[0])


async def test_brakes_are_those_committed_last_by_whatever_process(store: SqlStore) -> None:
    assert await store.brakes(COOLING) == Brakes(DeskState.ACTIVE, None)
    async with SqlStore(store.location) as another:
        await halted(another, DeskState.HALTED)
        assert await store.brakes(COOLING) == Brakes(DeskState.HALTED, None)
        await marked(another, COOLING, 5)
        async with another.unit() as unit:
            await unit.catalog.set_marker(COOLING, 9)
            assert await store.brakes(COOLING) == Brakes(DeskState.HALTED, 5)
            await unit.commit()
        await halted(another, DeskState.REDUCE_ONLY)
    assert await store.brakes(COOLING) == Brakes(DeskState.REDUCE_ONLY, 9)


async def test_what_anybody_commits_shows_as_a_change_and_nothing_else_does(
    store: SqlStore, tmp_path: Path
) -> None:
    before = store.changes()
    assert before is not None
    assert await counted(store) == 0
    await marked(store, "a", 1, commit=False)
    assert store.changes() == before
    await marked(store, "a", 1)
    ours = store.changes()
    assert ours != before
    assert store.changes() == ours
    async with await fresh_store(tmp_path) as another:
        await marked(another, "b", 1)
        assert store.changes() != ours


async def test_a_change_is_seen_though_the_look_for_it_was_opened_anew(store: SqlStore) -> None:
    before = store.changes()
    store._glance.close()
    await marked(store, "a", 1)
    assert store.changes() != before


async def test_in_memory_nobody_can_tell_of_changes() -> None:
    async with await fresh_store(":memory:") as in_memory:
        assert in_memory.changes() is None


async def test_brakes_are_read_the_longer_way_where_they_cannot_be_read_at_once(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await halted(store, DeskState.HALTED)
    monkeypatch.setattr(Glance, "row", lambda *_: None)
    assert await store.brakes(COOLING) == Brakes(DeskState.HALTED, None)
    async with await fresh_store(":memory:") as in_memory:
        assert await in_memory.brakes(COOLING) == Brakes(DeskState.ACTIVE, None)


def test_a_glance_makes_no_file_and_knows_nothing_of_what_it_cannot_read(tmp_path: Path) -> None:
    for text in ("no database at all", None):
        path = tmp_path / "is # it?.db"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text * 100)
        glance = Glance(locate(path))
        assert glance.row(COUNT, {}) is None
        glance.close()
        assert path.exists() is (text is not None)
