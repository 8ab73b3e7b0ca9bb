"""aiosqlite with one trip to its thread for a statement, where four were a third of a cycle.

SQLAlchemy asks the driver for a cursor, to execute, to fetch and to close, each a trip of a tenth
of a millisecond. Here all four happen on one; answers are read whole, which they are anyway. A
transaction begins on the trip of its first statement: before that there is nothing to lock. Writes
that answer nothing wait for the trip of the next statement, or of the commit: a page of markets is
then written in one go, while this process reads the next page. So do checks, which are weighed on
the driver's thread: an order is weighed, written and committed on one trip.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite

Query = tuple[str, Sequence[Any]]
Rows = Sequence[Sequence[Any]]

_FETCHED_AT_ONCE = 64


class Connection(aiosqlite.Connection):
    """Open by awaiting it."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=_FETCHED_AT_ONCE)
        self._thread.daemon = True  # a process that is told to end does not wait for it
        self._beginning: str | None = None
        self._reads = False
        self._is_begun = False
        self._waiting: list[Callable[[sqlite3.Connection], object]] = []

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    @property
    def is_begun(self) -> bool:
        """Whether a transaction was asked for that has not ended."""
        return self._is_begun

    def begin(self, *, reads: bool = False) -> None:
        """Begin just before the next statement; the transaction may only read, or takes the lock
        of a writer.
        """
        self._beginning, self._reads = "BEGIN" if reads else "BEGIN IMMEDIATE", reads
        self._is_begun = True

    def write_later(self, statement: str, parameters: Sequence[Any]) -> None:
        """Run a write before the next statement or commit; what it raises is raised there."""
        self._waiting.append(lambda under: under.execute(statement, parameters))

    def check_later(self, asked: Sequence[Query], weigh: Callable[[list[Rows]], None]) -> None:
        """Have the rows of queries weighed before the next statement or commit, on the driver's
        thread; what `weigh` raises is raised there, and nothing can be committed then.
        """
        self._waiting.append(lambda under: weigh([under.execute(*q).fetchall() for q in asked]))

    async def commit(self) -> None:
        """Commit what is open: nothing, where no statement ran.

        What cannot be committed is rolled back: SQLAlchemy takes it for ended and does not.
        """
        if not self._waiting and not self.in_transaction:
            self._beginning, self._is_begun = None, False
            return
        try:
            await self.run(sqlite3.Connection.commit)
            self._is_begun = False
        except Exception:
            await self.rollback()
            raise

    async def rollback(self) -> None:
        """Roll back what is open: the pool asks after every commit too, when nothing is.

        Nobody waits for the end of a transaction that only read: what comes next waits in line.
        """
        self._beginning, self._is_begun, self._waiting = None, False, []
        if not self.in_transaction:
            return
        if self._reads:
            self._tx.put_nowait((None, self._conn.rollback))
        else:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do work with the connection on its thread, in the transaction that was asked for."""
        await self._execute(partial(self._work, work))  # type: ignore[no-untyped-call]

    def _work(self, work: Callable[[sqlite3.Connection], None]) -> None:
        if self._beginning is not None:
            self._conn.execute(self._beginning)
            self._beginning = None  # not before it succeeded: nothing may run outside of it
        while self._waiting:
            self._waiting[0](self._conn)
            del self._waiting[0]  # not before it succeeded: nothing may be committed without it
        work(self._conn)


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
