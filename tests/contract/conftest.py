"""A store of each kind: a SQLite file, SQLite in memory, and a PostgreSQL database of its own.

`writer` is each of them, and the store of the desk that may die, which writes as they do.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.desk_store import fresh_store
from fakes.mortal import Fuse, MortalStore

from kalshi_cli.adapters.store.store import SqlStore


@pytest.fixture(params=["file", "memory", "postgres"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return tmp_path if request.param == "file" else ":memory:"


@pytest.fixture
async def store(store_place: Path | str) -> AsyncIterator[SqlStore]:
    async with await fresh_store(store_place) as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["itself", "mortal"])
def writer(request: pytest.FixtureRequest, store: SqlStore) -> SqlStore | MortalStore:
    return MortalStore(store, Fuse()) if request.param else store
