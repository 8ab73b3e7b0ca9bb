"""Opening a store: creating it, refusing what is not ours, and what is broken."""

import asyncio
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.desk_store import IDENTITY, WALL, fresh_store

from kalshi_cli.adapters.store.connection import create_file, unfinished
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import (
    ConfigError,
    KalshiError,
    StoreMismatch,
    StoreUnusable,
    StoreVersion,
)


async def opened(path, identity=IDENTITY, *, read_only=False):
    store = await open_store(path, identity, wall_us=WALL, read_only=read_only)
    await store.close()


async def mark(store):
    async with store.unit() as unit:
        await unit.catalog.set_marker("full_pass", 1)
        await unit.commit()


def altered(path, statement):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


async def test_a_missing_store_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "home" / "desk.db"
    await opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["desk.db"]


async def test_an_interrupted_creation_is_begun_again(tmp_path):
    path = tmp_path / "desk.db"
    create_file(path)
    await opened(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["desk.db"]


async def test_one_that_was_finished_but_for_its_note_is_not_begun_again(tmp_path):
    path = tmp_path / "desk.db"
    await opened(path)
    unfinished(path).touch()
    await opened(path)
    path.write_bytes(b"")
    with pytest.raises(StoreUnusable):
        await opened(path)


async def test_a_store_that_was_emptied_is_not_begun_anew(tmp_path):
    path = tmp_path / "desk.db"
    await opened(path)
    path.write_bytes(b"")
    with pytest.raises(StoreUnusable, match="what it held is gone") as refused:
        await opened(path)
    assert "Restore a backup" in refused.value.remedy
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"env": Env.DEMO}, "environment"),
        ({"origin": "https://elsewhere"}, "exchange"),
        ({"account": "other"}, "account"),
        ({"world": "generated/8"}, "world"),
    ],
)
async def test_somebody_elses_store_is_refused(tmp_path, change, said):
    await opened(tmp_path / "desk.db")
    with pytest.raises(StoreMismatch, match=said) as refused:
        await opened(tmp_path / "desk.db", replace(IDENTITY, **change))
    assert refused.value.exit_code == 4
    assert refused.value.remedy


async def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "desk.db"
    altered(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreMismatch):
        await opened(path)
    assert path.read_bytes()[100:] == before[100:]  # the header tells of WAL now


@pytest.mark.parametrize(
    ("version", "error", "said"),
    [
        ("0000", StoreVersion, "older"),
        ("9999", StoreVersion, "newer"),
        ("ae12", StoreMismatch, "not a store"),
    ],
)
async def test_another_schema_is_refused(tmp_path, version, error, said):
    path = tmp_path / "desk.db"
    await opened(path)
    altered(path, f"UPDATE alembic_version SET version_num = '{version}'")
    with pytest.raises(error, match=said) as refused:
        await opened(path)
    assert refused.value.exit_code == 4
    assert ("kalshi migrate" in refused.value.remedy) == (said == "older")


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 99, b"SQLite format 3\0" + b"x" * 9000]
)
async def test_garbage_is_unusable(tmp_path, content):
    path = tmp_path / "desk.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable) as refused:
        await opened(path)
    assert refused.value.exit_code == 7
    assert refused.value.remedy
    assert path.read_bytes() == content


async def test_a_directory_is_unusable(tmp_path):
    with pytest.raises(StoreUnusable):
        await opened(tmp_path)


async def test_a_place_that_cannot_be_made_is_unusable(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnusable, match="cannot be created"):
        await opened(tmp_path / "file" / "desk.db")


@pytest.mark.parametrize("url", ["mysql://host/desk", "postgresql://", "no://:such:url"])
async def test_an_impossible_url_gets_one_line(url):
    with pytest.raises(KalshiError) as refused:
        await opened(url)
    assert "\n" not in str(refused.value)
    assert isinstance(refused.value, ConfigError | StoreUnusable)


async def test_reading_only_never_writes(tmp_path):
    await opened(tmp_path / "new.db", read_only=True)
    store = await open_store(tmp_path / "new.db", IDENTITY, wall_us=WALL, read_only=True)
    async with store:
        assert (await store.reports.summary()).orders == 0
        with pytest.raises(StoreUnusable):
            await mark(store)


async def test_a_reader_does_not_wait_for_a_writer(tmp_path):
    async with (
        await fresh_store(tmp_path) as writer,
        await fresh_store(tmp_path) as reader,
        writer.unit() as unit,
    ):
        await unit.catalog.set_marker("full_pass", 1)
        async with asyncio.timeout(5):
            assert (await reader.reports.summary()).orders == 0


async def test_writers_of_one_process_take_turns(tmp_path):
    async with await fresh_store(tmp_path) as store:

        async def count() -> None:
            for _ in range(10):
                async with store.unit() as unit:
                    before = await unit.catalog.marker("count") or 0
                    await unit.catalog.set_marker("count", before + 1)
                    await unit.commit()

        await asyncio.gather(*(count() for _ in range(5)))
        async with store.unit() as unit:
            assert await unit.catalog.marker("count") == 50


async def test_the_nonce_comes_from_the_world_where_there_is_one(tmp_path):
    async def nonce(name, identity):
        store = await open_store(tmp_path / name, identity, wall_us=WALL)
        async with store, store.unit() as unit:
            return await unit.desk.nonce()

    real = replace(IDENTITY, world="")
    assert await nonce("a", IDENTITY) == await nonce("b", IDENTITY)
    assert await nonce("a", IDENTITY) != await nonce("c", replace(IDENTITY, world="generated/8"))
    assert await nonce("d", real) != await nonce("e", real)
    assert await nonce("d", real) == await nonce("d", real)


WRITER = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from fakes.desk_store import IDENTITY, WALL
from kalshi_cli.adapters.store.connection import create_file, unfinished
from kalshi_cli.adapters.store.store import open_store

async def main():
    async with await open_store({path!r}, IDENTITY, wall_us=WALL) as store:
        {work}

asyncio.run(main())
"""
COUNT = """for _ in range(20):
            async with store.unit() as unit:
                before = await unit.catalog.marker("count") or 0
                await unit.catalog.set_marker("count", before + 1)
                await unit.commit()"""
PAIRS = """while True:
            async with store.unit() as unit:
                before = await unit.catalog.marker("first") or 0
                await unit.catalog.set_marker("first", before + 1)
                await unit.catalog.set_marker("second", before + 1)
                await unit.commit()
            print(before + 1, flush=True)"""
FILL = """for number in range(100000):
            async with store.unit() as unit:
                await unit.catalog.set_marker(str(number) * 50, 1)
                await unit.commit()"""


def start(path, work, **options):
    tests = str(Path(__file__).parents[2])
    code = WRITER.format(tests=tests, path=str(path), work=work)
    return subprocess.Popen([sys.executable, "-c", code], **options)


def found(path, read):
    async def go():
        async with await open_store(path, IDENTITY, wall_us=WALL) as store:
            return await read(store)

    return asyncio.run(go())


def marker(name):
    async def read(store):
        async with store.unit() as unit:
            return await unit.catalog.marker(name)

    return read


@pytest.mark.slow
def test_processes_create_one_store_and_lose_no_write(tmp_path):
    path = tmp_path / "desk.db"
    writers = [start(path, COUNT) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert found(path, marker("count")) == 60


def small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))


@pytest.mark.slow
def test_a_full_disk_stops_with_everything_committed_intact(tmp_path):
    path = tmp_path / "desk.db"
    asyncio.run(opened(path))
    writer = start(path, FILL, preexec_fn=small_files, stderr=subprocess.PIPE, text=True)
    _, said = writer.communicate(timeout=60)
    assert "StoreUnusable" in said.splitlines()[-1]
    assert found(path, lambda store: store.audit.check()).findings == ()
    assert found(path, marker("0" * 50)) == 1


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_units(tmp_path):
    """Each unit writes two rows that must be equal; killed writers leave no half."""
    path = tmp_path / "desk.db"
    asyncio.run(opened(path))
    last = 0
    for number in range(3):
        writer = start(path, PAIRS, stdout=subprocess.PIPE, text=True)
        for _ in range(2 + 3 * number):
            last = max(last, int(writer.stdout.readline()))
        writer.kill()
        writer.communicate(timeout=60)
        first, second = found(path, marker("first")), found(path, marker("second"))
        assert first == second
        assert first >= last  # what was said to be committed is there
