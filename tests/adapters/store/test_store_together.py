"""Writes that are asked for side by side are committed together.

What comes of each is shown where every store is: `tests/contract/test_store_contract.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.desk_store import fresh_store
from fakes.mortal import Crash, Fuse, MortalStore
from sqlalchemy import text

from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.errors import StoreBusy, StoreUnusable


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await fresh_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def units(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> list[SqlStore]:
    """A row for each transaction that writes."""
    begun: list[SqlStore] = []
    whole = SqlStore.unit

    @asynccontextmanager
    async def unit(self: SqlStore, *, reads: bool = False) -> AsyncIterator[Any]:
        if not reads:
            begun.append(self)
        async with whole(self, reads=reads) as opened:
            yield opened

    monkeypatch.setattr(SqlStore, "unit", unit)
    return begun


def marking(name: str, instant_us: int = 1) -> Any:
    async def mark(unit: Any) -> str:
        await unit.catalog.set_marker(name, instant_us)
        return name

    return mark


async def marked(store: SqlStore, name: str) -> int | None:
    async with store.unit(reads=True) as unit:
        return await unit.catalog.marker(name)


async def test_twenty_side_by_side_take_one_transaction_and_each_has_its_answer(
    store: SqlStore, units: list[SqlStore]
) -> None:
    names = [f"n{number}" for number in range(20)]
    assert await asyncio.gather(*(store.write(marking(name)) for name in names)) == names
    assert len(units) == 1
    assert [await marked(store, name) for name in names] == [1] * 20


async def test_who_comes_while_one_is_under_way_goes_into_the_next(
    store: SqlStore, units: list[SqlStore]
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(unit: Any) -> None:
        begun.set()
        await goes_on.wait()

    first = asyncio.create_task(store.write(slow))
    await begun.wait()
    later = [asyncio.create_task(store.write(marking(name))) for name in "abc"]
    await asyncio.sleep(0)  # noqa: TID251 - all of them ask
    assert not any(task.done() for task in later)
    goes_on.set()
    await asyncio.gather(first, *later)
    assert len(units) == 2


@pytest.mark.parametrize("statement", ["SELECT :it", "SELECT :it FROM nowhere"])
async def test_one_that_the_database_cannot_do_takes_no_other_along(
    store: SqlStore, statement: str
) -> None:
    """No database takes an object for a value, and none has that table."""

    async def unusable(unit: Any) -> None:
        await unit.transaction.rows(text(statement), {"it": object()})

    answers = await asyncio.gather(
        store.write(marking("a")),
        store.write(unusable),
        store.write(marking("b")),
        return_exceptions=True,
    )
    assert (answers[0], answers[2]) == ("a", "b")
    assert isinstance(answers[1], StoreUnusable)
    assert [await marked(store, name) for name in "ab"] == [1, 1]


async def test_a_store_that_is_busy_is_busy_for_all_of_them_once(
    store: SqlStore, units: list[SqlStore]
) -> None:
    async def busy(unit: Any) -> None:
        raise StoreBusy("somebody writes")

    answers = await asyncio.gather(
        store.write(marking("a")), store.write(busy), return_exceptions=True
    )
    assert [type(each) for each in answers] == [StoreBusy, StoreBusy]
    assert len(units) == 1
    assert await marked(store, "a") is None
    assert await store.write(marking("a")) == "a"


async def test_who_gives_up_while_the_transaction_waits_for_its_turn_leaves_nothing(
    store: SqlStore,
) -> None:
    async with store.unit() as unit:
        await unit.catalog.set_marker("other", 1)  # nobody else can write from here on
        given_up = asyncio.create_task(store.write(marking("a")))
        kept = asyncio.create_task(store.write(marking("b")))
        for _ in range(5):
            await asyncio.sleep(0)  # noqa: TID251 - both are taken into one transaction
        given_up.cancel()
        await unit.commit()
    assert await kept == "b"
    assert (await marked(store, "a"), await marked(store, "b")) == (None, 1)


async def test_who_gives_up_later_is_written_all_the_same_before_the_store_closes(
    tmp_path: Path,
) -> None:
    async with await fresh_store(tmp_path) as store:
        begun, goes_on = asyncio.Event(), asyncio.Event()

        async def slow(unit: Any) -> None:
            begun.set()
            await goes_on.wait()
            await unit.catalog.set_marker("a", 1)

        waiting = asyncio.create_task(store.write(slow))
        await begun.wait()
        waiting.cancel()
        goes_on.set()
    async with await fresh_store(tmp_path) as again:
        assert await marked(again, "a") == 1


async def test_nothing_is_there_for_others_before_it_is_told_and_all_is_then(
    store: SqlStore,
) -> None:
    seen: list[int | None] = []

    async def looked(unit: Any) -> None:
        await unit.catalog.set_marker("a", 1)
        seen.append(await marked(store, "a"))

    await store.write(looked)
    assert (seen, await marked(store, "a")) == ([None], 1)


@pytest.mark.parametrize("after", [False, True])
async def test_who_dies_at_a_commit_loses_all_that_went_together_or_nothing(
    store: SqlStore, after: bool
) -> None:
    """As the desk of the state machine dies; nothing that it was about to do comes after."""
    fuse = Fuse()
    mortal = MortalStore(store, fuse)
    fuse.light(1, after=after)
    asked = [mortal.write(marking(name)) for name in "ab"]
    died = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in died] == [Crash, Crash]
    assert [await marked(store, name) for name in "ab"] == [1 if after else None] * 2
    with pytest.raises(Crash):
        await mortal.write(marking("c"))
    assert await marked(store, "c") is None
