"""Killed at any point of a migration, a store is as it was or as it shall be, and never between."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from crash.altered import Altered
from crash.dying import Point
from fakes.program import Program
from sqlalchemy import create_engine

from kalshi_cli.adapters.store import migrate, schema
from kalshi_cli.adapters.store.version import HEAD

pytestmark = pytest.mark.slow
FIRST = "0001"
BACKUP = "kalshi_cli.adapters.store.migrate:_back_up"
CHANGE = "alembic.ddl.impl:DefaultImpl._exec"
COMMIT = "kalshi_cli.adapters.store.transaction:Transaction.commit"
KEPT = ("runs", "orders", "fills", "settlements", "cash_movements", "balance_snapshots")
"""Tables with rows to lose, those that others refer to first."""
ROWS = 3


def rows_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tables that matter, in the columns of the first schema."""
    with closing(sqlite3.connect(path)) as store:
        return {
            table: [
                dict(zip(columns, row, strict=True))
                for row in store.execute(f"SELECT {', '.join(map(quoted, columns))} FROM {table}")
            ]
            for table, columns in FIRST_COLUMNS.items()
        }


def quoted(name: str) -> str:
    return f'"{name}"'


FIRST_COLUMNS: dict[str, list[str]] = {}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of the first schema, with rows in it."""
    path = tmp_path / "sim" / "desk.db"
    path.parent.mkdir()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(schema.config(connection), FIRST)
    engine.dispose()
    with closing(sqlite3.connect(path)) as store:
        for table in KEPT:
            found = store.execute(f"PRAGMA table_info({table})").fetchall()
            FIRST_COLUMNS[table] = [column[1] for column in found]
            marks = ", ".join("?" * len(found))
            for number in range(ROWS):
                row = [value(name, kind, number) for _, name, kind, *_ in found]
                store.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        store.commit()
    return path


def value(name: str, kind: str, number: int) -> object:
    """Some value of a column; nothing refers to a forecast."""
    if name == "forecast_id":
        return None
    is_text = kind.startswith(("VARCHAR", "TEXT"))
    return f"{name} {number}" if is_text else number % 2 if kind == "BOOLEAN" else number


@pytest.mark.parametrize(
    ("when", "where", "number"),
    [
        ("before", BACKUP, 1),
        ("after", BACKUP, 1),
        *(("before", CHANGE, number) for number in (1, 2, 5, 9, 14, 20)),
        ("before", COMMIT, 1),
        ("after", COMMIT, 1),
    ],
)
def test_a_kill_leaves_a_whole_store(old: Path, when: str, where: str, number: int):
    before, home = rows_of(old), old.parent.parent
    deadly = Program(home, alter=Altered(Point(when, where, number)))
    died = deadly.run("migrate", "--sim", code=None)
    assert died.was_killed, died.told

    committed = (when, where) == ("after", COMMIT)
    with closing(sqlite3.connect(old)) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    assert asyncio.run(migrate.status(old)).current == (HEAD if committed else FIRST)
    assert rows_of(old) == before
    if (when, where) != ("before", BACKUP):  # it is made before anything changes
        assert rows_of(old.with_name(f"{old.name}.{FIRST}.backup")) == before
    done = asyncio.run(migrate.upgrade(old))
    assert (done.after, bool(done.steps)) == (HEAD, not committed)
    assert rows_of(old) == before
