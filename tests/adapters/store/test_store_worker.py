"""A transaction begins with its first statement, on the same trip, and nothing runs outside it."""

import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from kalshi_cli.adapters.store.worker import Connection


async def opened(path: Path) -> Connection:
    connection = Connection(
        partial(sqlite3.connect, path, timeout=0, isolation_level=None, check_same_thread=False)
    )
    await connection
    return connection


async def test_the_lock_is_taken_with_the_first_statement(tmp_path: Path) -> None:
    connection = await opened(tmp_path / "a.db")
    connection.begin_with("BEGIN IMMEDIATE")
    assert not connection.in_transaction
    await connection.cursor().execute("SELECT 1")
    assert connection.in_transaction
    other = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()
    await connection.close()


async def test_nothing_runs_where_the_lock_is_not_given(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "a.db", timeout=0, isolation_level=None)
    other.execute("CREATE TABLE seen (number)")
    other.execute("BEGIN IMMEDIATE")
    connection = await opened(tmp_path / "a.db")
    connection.begin_with("BEGIN IMMEDIATE")
    for number in (1, 2):  # the second attempt must not take the first for begun
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await connection.cursor().execute("INSERT INTO seen VALUES (?)", (number,))
    other.execute("COMMIT")
    await connection.cursor().execute("INSERT INTO seen VALUES (3)")
    await connection.commit()
    assert other.execute("SELECT number FROM seen").fetchall() == [(3,)]
    other.close()
    await connection.close()


@pytest.mark.parametrize("end", [Connection.commit, Connection.rollback])
async def test_a_transaction_without_statements_leaves_nothing_behind(
    tmp_path: Path, end: Callable[[Connection], Awaitable[None]]
) -> None:
    connection = await opened(tmp_path / "a.db")
    connection.begin_with("BEGIN IMMEDIATE")
    await end(connection)
    await connection.cursor().execute("CREATE TABLE seen (number)")
    assert not connection.in_transaction
    await connection.close()
