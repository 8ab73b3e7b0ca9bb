"""Where a store is, and how to connect to it: SQLite by path or URL, PostgreSQL by URL.

Both give one writer at a time. SQLite takes its write lock when a unit begins (`BEGIN IMMEDIATE`,
with its first statement): taking it later, at the first write, fails at once when somebody else
wrote in between. PostgreSQL
takes an advisory lock that lasts as long as the transaction.
"""

import os
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, StaticPool, event, make_url
from sqlalchemy import Connection as Connected
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kalshi_cli.adapters.at_rest import uri_to_read
from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.adapters.store.worker import Connection
from kalshi_cli.errors import ConfigError, StoreUnusable

BUSY_S = 10
"""How long to wait for another writer."""
READS = {"kalshi_reads": True}
"""Execution option of an engine whose transactions only read: they wait for nobody."""
BARE = {"isolation_level": "AUTOCOMMIT"}
"""Execution option of statements that no transaction may surround."""
WRITER_LOCK = 0x6B616C736869
"""The advisory lock of PostgreSQL that whoever writes holds."""
_LOG_PAGES = 10_000
"""So long may the write-ahead log grow, 40 MB, before a commit has to carry it over itself. The
keeper of a lease does so every few seconds, and whoever closes the store last.
"""
_PRAGMAS = (
    "busy_timeout=10000",
    "journal_mode=WAL",
    "synchronous=FULL",
    f"wal_autocheckpoint={_LOG_PAGES}",
)


@dataclass(frozen=True, slots=True)
class Location:
    """`path` is None in memory and on PostgreSQL."""

    url: URL
    path: Path | None

    @property
    def is_postgres(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    @property
    def is_memory(self) -> bool:
        return self.path is None and not self.is_postgres

    @property
    def is_missing(self) -> bool:
        return self.path is not None and not self.path.exists()

    @property
    def is_empty(self) -> bool:
        """Whether there is a file without a byte."""
        return self.path is not None and self.path.is_file() and not self.path.stat().st_size

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody is making it, or died of it; any other empty file lost what it held."""
        return self.path is not None and unfinished(self.path).exists()

    def __str__(self) -> str:
        if self.path is not None:
            return f"The store {self.path}"
        return "The store in memory" if self.is_memory else f"The store {self.url}"


def locate(url_or_path: str | Path) -> Location:
    """Understand a path, `:memory:`, `sqlite:///...` or `postgresql://...`."""
    text = str(url_or_path)
    if "://" not in text:
        text = f"sqlite:///{text}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"{text!r} is no database URL.", remedy=_URLS) from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        return Location(url.set(drivername="postgresql+asyncpg"), None)
    if backend != "sqlite":
        raise ConfigError(f"A store cannot be kept in {backend}.", remedy=_URLS)
    sqlite = url.set(drivername="sqlite+aiosqlite")
    if url.database in {None, "", ":memory:"}:
        return Location(sqlite.set(database=None), None)
    path = Path(url.database or "").expanduser()
    return Location(sqlite.set(database=str(path)), path)


_URLS = "Use a path, sqlite:///PATH or postgresql://USER@HOST/DATABASE."


def unfinished(path: Path) -> Path:
    """A note beside a store until it is made."""
    return path.with_name(f"{path.name}-unfinished")


def create_file(path: Path) -> None:
    """Make an empty database file that only its owner may read; SQLite's side files follow it.

    The note that it is unfinished is there before it: see `finish`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in (unfinished(path), path):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnusable(
            f"The store {path} cannot be created: {error.strerror}.",
            remedy="Check that its directory can be written, or set KALSHI_HOME.",
        ) from error


def finish(path: Path) -> None:
    """Take the note away: what a store holds from now on is never begun anew."""
    with translated(f"The store {path}"):
        unfinished(path).unlink(missing_ok=True)


def probe(location: Location, *, read_only: bool = False) -> None:
    """Raise `StoreUnusable` for a file that is no database or cannot be opened.

    Asked before there is an engine, because a driver that fails to connect leaves a thread behind.
    """
    if location.path is None:
        return
    file, is_uri = (uri_to_read(location.path), True) if read_only else (location.path, False)
    with (
        translated(str(location)),
        closing(sqlite3.connect(file, timeout=BUSY_S, uri=is_uri)) as connection,
    ):
        connection.execute("PRAGMA schema_version").fetchone()


def make_engine(
    location: Location, *, read_only: bool = False, foreign_keys: bool = True
) -> AsyncEngine:
    """An engine whose transactions begin as described above."""
    if location.is_postgres:
        return _postgres_engine(location, read_only=read_only)
    options: dict[str, Any] = {"poolclass": StaticPool} if location.is_memory else {}
    connector = _connector(location, read_only=read_only)
    engine = create_async_engine(location.url, async_creator=connector, **options)
    pragmas = [*_PRAGMAS, f"foreign_keys={int(foreign_keys)}", f"query_only={int(read_only)}"]

    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Connected) -> None:
        if _is_bare(connection):
            return
        driver = cast(Connection, connection.connection.driver_connection)  # of `_connector`
        if not driver.is_begun:  # a transaction of `kept` may ask SQLAlchemy as well
            driver.begin(reads=read_only or _only_reads(connection))

    return engine


def _connector(
    location: Location, *, read_only: bool
) -> Callable[[], Coroutine[Any, Any, Connection]]:
    """How the engine connects to a file or to memory."""
    arguments, options = location.url.get_dialect()().create_connect_args(location.url)

    async def connected() -> Connection:
        connect = partial(sqlite3.connect, *arguments, **options)
        if read_only and location.path is not None:
            options["uri"] = True
            connect = partial(sqlite3.connect, uri_to_read(location.path), **options)
        connection = Connection(connect)
        await connection
        return connection

    return connected


def _postgres_engine(location: Location, *, read_only: bool) -> AsyncEngine:
    try:
        engine = create_async_engine(location.url)
    except ModuleNotFoundError as error:
        raise ConfigError(
            "A store on PostgreSQL needs asyncpg.", remedy="Install `kalshi-cli[postgres]`."
        ) from error

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Connected) -> None:
        if _is_bare(connection):
            return
        if read_only or _only_reads(connection):
            # One look, one moment: what several queries find belongs together, as in SQLite.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_S}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

    return engine


def _only_reads(connection: Connected) -> bool:
    return bool(connection.get_execution_options().get("kalshi_reads"))


def _is_bare(connection: Connected) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
