"""A transaction begins with its first statement, on the same trip, and nothing runs outside it.

Writes that wait run in their order before what comes next, and nothing is committed without them.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
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
    connection.begin()
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
    connection.begin()
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
    connection.begin()
    await end(connection)
    await connection.cursor().execute("CREATE TABLE seen (number)")
    assert not connection.in_transaction
    await connection.close()


async def test_a_write_waits_for_what_comes_next_and_runs_before_it(tmp_path: Path) -> None:
    connection = await opened(tmp_path / "a.db")
    await connection.cursor().execute("CREATE TABLE seen (number)")
    connection.begin()
    connection.write_later("INSERT INTO seen VALUES (?), (?)", (1, 2))
    connection.write_later("UPDATE seen SET number = number * ?", (10,))
    assert not connection.in_transaction
    cursor = await connection.cursor().execute("SELECT number FROM seen ORDER BY number")
    assert await cursor.fetchall() == [(10,), (20,)]
    connection.write_later("DELETE FROM seen WHERE number = ?", (10,))
    await connection.commit()
    assert not connection.in_transaction
    assert numbers(tmp_path) == [(20,)]
    await connection.close()


async def test_what_was_not_committed_is_forgotten_with_the_writes_that_wait(
    tmp_path: Path,
) -> None:
    connection = await opened(tmp_path / "a.db")
    await connection.cursor().execute("CREATE TABLE seen (number)")
    connection.begin()
    connection.write_later("INSERT INTO seen VALUES (?)", (1,))
    await connection.rollback()
    await connection.commit()
    assert numbers(tmp_path) == []
    await connection.close()


async def test_the_end_of_a_read_waits_in_line_and_nobody_for_it(tmp_path: Path) -> None:
    connection = await opened(tmp_path / "a.db")
    await connection.cursor().execute("CREATE TABLE seen (number)")
    connection.begin(reads=True)
    await connection.cursor().execute("SELECT number FROM seen")
    await connection.rollback()
    connection.begin()  # within the other transaction it would be refused
    await connection.cursor().execute("INSERT INTO seen VALUES (1)")
    await connection.commit()
    assert not connection.in_transaction
    assert numbers(tmp_path) == [(1,)]
    await connection.close()


async def test_nothing_is_committed_without_a_write_that_failed(tmp_path: Path) -> None:
    connection = await opened(tmp_path / "a.db")
    await connection.cursor().execute("CREATE TABLE seen (number NOT NULL)")
    connection.begin()
    connection.write_later("INSERT INTO seen VALUES (?)", (1,))
    connection.write_later("INSERT INTO seen VALUES (?)", (None,))
    for _ in range(2):  # who catches the first error is not let through the second time
        with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
            await connection.cursor().execute("SELECT 1")
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        await connection.commit()
    assert not connection.in_transaction
    assert numbers(tmp_path) == []
    await connection.close()


def numbers(path: Path) -> list[tuple[int]]:
    """What another connection sees."""
    with closing(sqlite3.connect(path / "a.db")) as other:
        return other.execute("SELECT number FROM seen").fetchall()
