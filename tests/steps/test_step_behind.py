"""Writes that nobody waits for: in what order they are, and who hears that one failed."""

import asyncio

import pytest
from fakes.desk_store import fresh_store

from kalshi_cli.errors import StoreBusy, StoreUnusable
from kalshi_cli.steps.behind import WriteBehind


@pytest.fixture
async def store(tmp_path):
    async with await fresh_store(tmp_path) as opened:
        yield opened


def marks(name):
    async def write(unit):
        await unit.catalog.set_marker(name, 1)

    return write


async def fails(_):
    raise StoreUnusable("the disk is full")


async def marked(store, name):
    async with store.unit(reads=True) as unit:
        return await unit.catalog.marker(name)


async def test_what_is_asked_for_later_is_written_with_it_or_after_it(store):
    seen = []

    async def looks(unit):
        seen.append(await unit.catalog.marker("first"))

    behind = WriteBehind(store)
    behind.write(marks("first"))
    await store.write(looks)
    assert seen == [1]
    await behind.end()


async def test_nobody_waits_for_it(store):
    behind = WriteBehind(store)
    behind.write(marks("first"))
    assert await marked(store, "first") is None
    await behind.end()
    assert await marked(store, "first") == 1


async def test_whoever_asked_may_be_cancelled_and_it_is_written(store):
    behind, began = WriteBehind(store), asyncio.Event()

    async def asks():
        behind.write(marks("first"))
        began.set()
        await asyncio.Event().wait()

    asking = asyncio.create_task(asks())
    await began.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await behind.end()
    assert await marked(store, "first") == 1


async def test_a_failure_is_told_to_whoever_looks_and_at_the_end(store):
    behind = WriteBehind(store)
    behind.check()
    behind.write(fails)
    behind.write(marks("second"))
    with pytest.raises(StoreUnusable, match="disk is full"):
        await behind.end()
    with pytest.raises(StoreUnusable, match="disk is full"):
        behind.check()
    assert await marked(store, "second") == 1  # no other is lost with it


async def test_one_that_found_the_store_busy_is_tried_again(store):
    tries = []

    async def write(unit):
        tries.append(1)
        if len(tries) == 1:
            raise StoreBusy("somebody else is writing")
        await unit.catalog.set_marker("first", 1)

    behind = WriteBehind(store)
    behind.write(write)
    await behind.end()
    assert (len(tries), await marked(store, "first")) == (2, 1)
