"""Inserts in bulk: what becomes of a key that is there, and many rows in one statement."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Dialect, Insert, Table
from sqlalchemy.dialects import sqlite

from kalshi_cli.adapters.store.prepared import Values

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

AT_ONCE = (1_000, 200, 50, 10, 2, 1)
"""Rows of one statement; few sizes, so that SQLite keeps what it made of each text.

A page of the exchange is 200 events, and then some thousand markets.
"""
MANY = 200
"""So many rows of one statement are worth a look for columns that read the same in all."""
MOST_PARAMETERS = 32_000
"""Of one statement of SQLite, a little less than its own limit."""


@lru_cache(maxsize=64)
def plain_insert(table: Table) -> Insert:
    """Of rows whose keys are known to be new."""
    return table.insert()


@lru_cache(maxsize=64)
def new_insert(table: Table, *, is_postgres: bool) -> Insert:
    """Of the rows whose key is not there."""
    return _insert(table, is_postgres=is_postgres).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def upsert(table: Table, names: tuple[str, ...], *, is_postgres: bool) -> ClauseElement:
    """Of rows that overwrite those with their key."""
    statement = _insert(table, is_postgres=is_postgres)
    keys = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


@lru_cache(maxsize=64)
def filling(table: Table, column: str, *, is_postgres: bool) -> Insert:
    """Of rows that give those with their key this column where it is null, and nothing else."""
    statement = _insert(table, is_postgres=is_postgres)
    keys = [key.name for key in table.primary_key]
    told = {column: statement.excluded[column]}
    return statement.on_conflict_do_update(
        index_elements=keys, set_=told, where=table.c[column].is_(None)
    )


def _insert(table: Table, *, is_postgres: bool) -> "sqlite.Insert | postgresql.Insert":
    if is_postgres:
        from sqlalchemy.dialects import postgresql  # 15 ms that SQLite need not pay

        return postgresql.insert(table)
    return sqlite.insert(table)


@lru_cache(maxsize=64)
def compiled(
    statement: ClauseElement, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...]]:
    """The text of a statement, and the names of its parameters in their order."""
    text = statement.compile(dialect=dialect, column_keys=list(names))
    return str(text), tuple(text.positiontup)  # type: ignore[attr-defined]


def many_at_once(
    insert: str, columns: int, rows: Sequence[Values]
) -> Iterator[tuple[str, list[Any]]]:
    """An insert of one row as inserts of many for SQLite, each with its values.

    One row a statement takes back the interpreter's lock after each, and waits for it.
    """
    at = 0
    for size in AT_ONCE:
        while len(rows) - at >= size and size * columns <= MOST_PARAMETERS:
            values = list(chain.from_iterable(rows[at : at + size]))
            constants = _take_constants(values, size) if size >= MANY else ()
            yield _repeated(insert, columns, constants, size), values
            at += size


def _take_constants(values: list[Any], rows: int) -> tuple[tuple[int, str], ...]:
    """Take columns that are None, True or False in all rows out of their values; tell their SQL.

    The driver needs ten times as long for one of these as for a number or a text, and nothing else
    of this process runs meanwhile.
    """
    columns = len(values) // rows
    constants = tuple(
        (column, _sql(values[column]))
        for column in range(columns)
        if (values[column] is None or isinstance(values[column], bool))
        and values[column::columns].count(values[column]) == rows
    )
    for taken, (column, _) in enumerate(constants):
        del values[column - taken :: columns - taken]
    return constants


def _sql(value: bool | None) -> str:  # noqa: FBT001 - what a column holds
    return "NULL" if value is None else str(int(value))


@lru_cache(maxsize=64)
def _repeated(insert: str, columns: int, constants: tuple[tuple[int, str], ...], rows: int) -> str:
    """An insert of one row as an insert of many, in which some columns are constant."""
    filled, one = ["?"] * columns, f"({', '.join('?' * columns)})"
    for column, text in constants:
        filled[column] = text
    return insert.replace(one, ", ".join([f"({', '.join(filled)})"] * rows), 1)


def in_order(
    rows: Sequence[Values], names: tuple[str, ...], order: tuple[str, ...]
) -> Sequence[Values]:
    """Rows of values by their names in another order."""
    return rows if order == names else list(map(itemgetter(*map(names.index, order)), rows))
