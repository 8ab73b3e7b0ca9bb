"""aiosqlite with one trip to its thread for a statement, where four were a third of a cycle.

SQLAlchemy asks the driver for a cursor, to execute, to fetch and to close, each a trip of a tenth
of a millisecond. Here all four happen on one; answers are read whole, which they are anyway.
"""

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self

import aiosqlite

_FETCHED_AT_ONCE = 64


class Connection(aiosqlite.Connection):
    """Open by awaiting it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=_FETCHED_AT_ONCE)
        self._thread.daemon = True  # a process that is told to end does not wait for it

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    async def rollback(self) -> None:
        """Roll back what is open: the pool asks after every commit too, when nothing is."""
        if self.in_transaction:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do work with the connection on its thread."""
        await self._execute(partial(work, self._conn))  # type: ignore[no-untyped-call]


class Cursor:
    """What SQLAlchemy needs of a cursor; it is closed before anybody sees it."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: tuple[Any, ...] | None = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Self:
        await self._connection.run(
            lambda connection: self._keep(connection.execute(statement, parameters))  # type: ignore[arg-type]
        )
        return self

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> Self:
        await self._connection.run(
            lambda connection: self._keep(connection.executemany(statement, parameters))  # type: ignore[arg-type]
        )
        return self

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        try:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.lastrowid, self.rowcount = cursor.lastrowid, cursor.rowcount
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left to close."""
