"""Statements inside one transaction, for every part of a unit and for reports."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar, cast, overload

from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    ClauseElement,
    ColumnElement,
    Connection,
    Executable,
    Insert,
    Row,
    Select,
    String,
    Table,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import TypeEngine

from kalshi_cli.adapters.store.bulk import (
    compiled,
    filling,
    in_order,
    many_at_once,
    new_insert,
    plain_insert,
    upsert,
)
from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.adapters.store.prepared import Prepared, Values
from kalshi_cli.adapters.store.worker import Connection as Driver
from kalshi_cli.adapters.store.worker import Rows

Item = TypeVar("Item")
AnyRow = Row[*tuple[Any, ...]]
Parameters = Mapping[str, Any]
NO_PARAMETERS: Parameters = MappingProxyType({})
CHUNK = 1_000
"""Values of one IN list: both databases stop at 32,767 parameters."""


def among(column: ColumnElement[str], *, is_postgres: bool) -> ColumnElement[bool]:
    """Whether a column is one of `:names`, which is one parameter however many names there are.

    A list of as many parameters as names takes longer to write than the query takes to run.
    """
    if is_postgres:
        return column == any_(_names(ARRAY(String)))
    names = func.json_each(_names(JSON())).table_valued("value")
    return column.in_(select(names.c.value))


def _names(kind: TypeEngine[Any]) -> BindParameter[Any]:
    return bindparam("names", type_=kind, required=False)


class Transaction:
    """Runs statements on a connection that is in a transaction."""

    def __init__(
        self,
        connection: AsyncConnection,
        where: str,
        *,
        under: Driver | None = None,
        reads: bool = False,
    ) -> None:
        """`under` is the connection to SQLite below, where that may be used without SQLAlchemy."""
        self._connection = connection
        self._where = where
        self._under = under
        self._reads = reads
        self.is_postgres = connection.dialect.name == "postgresql"

    async def run(self, work: Callable[[Connection], None]) -> None:
        """Do synchronous work, such as a migration, inside this transaction."""
        with translated(self._where):
            await self._connection.run_sync(work)

    async def run_each(self, statements: Sequence[str]) -> None:
        """Run statements of SQL, one after the other."""
        with translated(self._where):
            for statement in statements:
                await self._connection.exec_driver_sql(statement)

    async def commit(self) -> None:
        with translated(self._where):
            if self._under is None or self._connection.in_transaction():
                await self._connection.commit()
            else:
                await self._under.commit()

    async def end(self) -> None:
        """Roll back what was not committed."""
        with translated(self._where):
            if self._under is None or self._connection.in_transaction():
                await self._connection.rollback()
            else:
                await self._under.rollback()

    @overload
    async def rows(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> Sequence[AnyRow]: ...
    @overload
    async def rows(
        self, statement: Prepared, parameters: Parameters | None = None
    ) -> Sequence[Values]: ...
    @overload
    async def rows(
        self, statement: Executable | Prepared, parameters: Parameters | None = None
    ) -> Sequence[AnyRow] | Sequence[Values]: ...
    async def rows(
        self, statement: Executable | Prepared, parameters: Parameters | None = None
    ) -> Sequence[AnyRow] | Sequence[Values]:
        """The rows of a query; those of a prepared one know no names."""
        with translated(self._where):
            if isinstance(statement, Prepared) and not self.is_postgres:
                return statement.converted((await self._run(statement, parameters))[0])
            return (await self._connection.execute(_plain(statement), parameters)).all()

    async def rows_among(
        self, query: Select[*tuple[Any, ...]], column: ColumnElement[str], names: Collection[str]
    ) -> Sequence[Values]:
        """The rows of a query, which is a constant, where a column is one of many names."""
        if not names:
            return ()
        chosen = _chosen(query, column, is_postgres=self.is_postgres)
        return await self.rows(chosen, {"names": list(names)})

    @overload
    async def first(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> AnyRow | None: ...
    @overload
    async def first(
        self, statement: Prepared, parameters: Parameters | None = None
    ) -> Values | None: ...
    async def first(
        self, statement: Executable | Prepared, parameters: Parameters | None = None
    ) -> AnyRow | Values | None:
        """The first row of a query; None where it has none."""
        with translated(self._where):
            if isinstance(statement, Prepared) and not self.is_postgres:
                rows = statement.converted((await self._run(statement, parameters))[0])
                return rows[0] if rows else None
            return (await self._connection.execute(_plain(statement), parameters)).first()

    async def check(
        self, asked: Sequence[tuple[Prepared, Parameters]], weigh: Callable[[list[Rows]], None]
    ) -> None:
        """Have the rows of queries weighed before anything more is written; what `weigh` raises is
        raised here, or with what comes next: SQLite has it done on that trip, in its own thread.
        """
        if self.is_postgres:
            weigh([await self.rows(*each) for each in asked])
            return

        def converted(found: list[Rows]) -> None:
            weigh([q.converted(rows) for (q, _), rows in zip(asked, found, strict=True)])

        with translated(self._where):
            driver = await self._driver()
            driver.check_later([(q.sql, q.values(given)) for q, given in asked], converted)

    async def number(
        self, statement: Executable | Prepared, parameters: Parameters | None = None
    ) -> int | None:
        """One whole number; PostgreSQL sums BIGINT into NUMERIC, which `int` takes exactly."""
        (row,) = await self.rows(statement, parameters) or (None,)
        return None if row is None or row[0] is None else int(row[0])

    async def write(
        self,
        statement: Executable,
        parameters: Parameters | Sequence[Parameters] | None = None,
    ) -> int:
        """Run a write, once for each set of parameters; how many rows it touched."""
        with translated(self._where):
            return (await self._connection.execute(statement, parameters)).rowcount

    async def write_prepared(self, statement: Prepared, parameters: Parameters) -> int:
        """Run a write once; how many rows it touched."""
        if self.is_postgres:
            return await self.write(statement.statement, parameters)
        with translated(self._where):
            return (await self._run(statement, parameters))[1]

    async def write_prepared_later(self, statement: Prepared, parameters: Parameters) -> None:
        """Run a write once; SQLite does so on the trip of what comes next."""
        if self.is_postgres:
            await self.write(statement.statement, parameters)
            return
        driver = await self._driver()
        driver.write_later(statement.sql, statement.values(parameters))

    async def _run(
        self, prepared: Prepared, parameters: Parameters | None
    ) -> tuple[Sequence[Values], int]:
        """The rows of a statement on SQLite, and how many it touched."""
        driver = await self._driver()
        cursor = driver.cursor()
        await cursor.execute(prepared.sql, prepared.values(parameters or NO_PARAMETERS))
        return await cursor.fetchall(), cursor.rowcount

    async def write_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a write for each row as the driver does it, which converts no value on the way."""
        if not rows:
            return 0
        sql, order = compiled(statement, tuple(rows[0]), self._connection.dialect)
        with translated(self._where):
            parameters = list(map(itemgetter(*order), rows))
            result = await self._connection.exec_driver_sql(sql, parameters)
        return result.rowcount

    async def upsert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows or overwrite those with their key."""
        if rows:
            names = tuple(rows[0])
            values = list(map(itemgetter(*names), rows))
            await self.upsert_values(table, names, values)

    async def upsert_values(
        self, table: Table, names: Sequence[str], rows: Sequence[Values]
    ) -> None:
        """The same for rows that are values alone, in the order of the columns named."""
        if rows:
            insert = upsert(table, tuple(names), is_postgres=self.is_postgres)
            await self._put(insert, tuple(names), rows)

    async def fill(self, table: Table, rows: Sequence[Mapping[str, Any]], column: str) -> None:
        """Insert rows; of those with their key that are there, only a `column` that is null is
        written.
        """
        if rows:
            await self._put_rows(filling(table, column, is_postgres=self.is_postgres), rows)

    async def append(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows whose keys are known to be new."""
        if rows:
            await self._put_rows(plain_insert(table), rows)

    async def insert_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows whose key is not there; leave the others as they are."""
        if rows:
            await self._put_rows(new_insert(table, is_postgres=self.is_postgres), rows)

    async def _put_rows(self, insert: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
        if self.is_postgres:
            await self.write(insert, rows)
            return
        names = tuple(rows[0])
        await self._put(insert, names, [tuple(row[name] for name in names) for row in rows])

    async def _put(
        self, insert: ClauseElement, names: tuple[str, ...], rows: Sequence[Values]
    ) -> None:
        """Insert rows; SQLite does so on the trip of what comes next."""
        sql, order = compiled(insert, names, self._connection.dialect)
        rows = in_order(rows, names, order)
        if self.is_postgres:
            with translated(self._where):
                await self._connection.exec_driver_sql(sql, rows)
            return
        driver = await self._driver()
        for statement, values in many_at_once(sql, len(names), rows):
            driver.write_later(statement, values)

    async def _driver(self) -> Driver:
        """The connection to SQLite under this transaction, which is open from now on."""
        if self._under is not None:
            if not self._under.is_begun:
                self._under.begin(reads=self._reads)
            return self._under
        if not self._connection.in_transaction():
            await self._connection.begin()
        raw = await self._connection.get_raw_connection()
        return cast(Driver, raw.driver_connection)


def _plain(statement: Executable | Prepared) -> Executable:
    return statement.statement if isinstance(statement, Prepared) else statement


@lru_cache(maxsize=64)
def _chosen(
    query: Select[*tuple[Any, ...]], column: ColumnElement[str], *, is_postgres: bool
) -> Prepared:
    """A query where a column is one of `:names`."""
    return Prepared(query.where(among(column, is_postgres=is_postgres)))


@asynccontextmanager
async def begun(engine: AsyncEngine, where: str) -> AsyncIterator[Transaction]:
    """A transaction, rolled back unless committed."""
    with translated(where):
        connection = await engine.connect()
    try:
        yield Transaction(connection, where)
    finally:
        # Shielded: a cancelled task must still give its connection back.
        await asyncio.shield(connection.close())


def chunks(items: Collection[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """The items, some at a time."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
