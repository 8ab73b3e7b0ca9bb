"""Statements inside one transaction, for every part of a unit and for reports."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kalshi_cli.adapters.store.connection import READS
from kalshi_cli.adapters.store.failures import translated

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Item = TypeVar("Item")
AnyRow = Row[*tuple[Any, ...]]
CHUNK = 1_000
"""Values of one IN list: both databases stop at 32,767 parameters."""


class Transaction:
    """Runs statements on a connection that is in a transaction."""

    def __init__(self, connection: AsyncConnection, where: str) -> None:
        self._connection = connection
        self._where = where

    @property
    def is_postgres(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    async def run(self, work: Callable[[Connection], None]) -> None:
        """Do synchronous work, such as a migration, inside this transaction."""
        with translated(self._where):
            await self._connection.run_sync(work)

    async def commit(self) -> None:
        with translated(self._where):
            await self._connection.commit()

    async def rows(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[AnyRow]:
        with translated(self._where):
            result = await self._connection.execute(statement, parameters)
            return result.all()

    async def first(self, statement: Executable) -> AnyRow | None:
        with translated(self._where):
            return (await self._connection.execute(statement)).first()

    async def number(self, statement: Executable) -> int | None:
        """One whole number; PostgreSQL sums BIGINT into NUMERIC, which `int` takes exactly."""
        with translated(self._where):
            value = (await self._connection.execute(statement)).scalar_one_or_none()
        return None if value is None else int(value)

    async def write(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """Run a write, once for each set of parameters; how many rows it touched."""
        with translated(self._where):
            return (await self._connection.execute(statement, parameters)).rowcount

    async def upsert(
        self, table: Table, rows: Sequence[Mapping[str, Any]], *, newer_by: str | None = None
    ) -> None:
        """Insert rows or overwrite those with their key; `newer_by` keeps a newer row as it is."""
        if rows:
            statement = self._insert(table)
            keys = [column.name for column in table.primary_key]
            changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
            newer = (
                None if newer_by is None else (statement.excluded[newer_by] >= table.c[newer_by])
            )
            await self.write(
                statement.on_conflict_do_update(index_elements=keys, set_=changes, where=newer),
                rows,
            )

    async def append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows whose keys are known to be new."""
        if rows:
            await self.write(table.insert(), rows)

    async def insert_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows whose key is not there; leave the others as they are."""
        if rows:
            await self.write(self._insert(table).on_conflict_do_nothing(), rows)

    def _insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        if self.is_postgres:
            from sqlalchemy.dialects import postgresql  # 15 ms that SQLite need not pay

            return postgresql.insert(table)
        return sqlite.insert(table)


@asynccontextmanager
async def begun(engine: AsyncEngine, where: str, *, reads: bool) -> AsyncIterator[Transaction]:
    """A transaction, rolled back unless committed; one that only `reads` takes no lock."""
    with translated(where):
        connection = await engine.connect()
    try:
        if reads:
            await connection.execution_options(**READS)
        yield Transaction(connection, where)
    finally:
        # Shielded: a cancelled task must still give its connection back.
        await asyncio.shield(connection.close())


def chunks(items: Collection[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """The items, some at a time."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
