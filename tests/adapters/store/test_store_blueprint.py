"""A new store is made by the text of its schema, which is what the migrations build."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fakes.desk_store import fresh_store
from sqlalchemy import create_engine

from kalshi_cli.adapters.store import blueprint, schema
from kalshi_cli.adapters.store.version import HEAD

REPOSITORY = Path(__file__).parents[3]


def contents(path: Path) -> list[list[str]]:
    """All that is in a database, but whose it is: statements, as lines in any order."""
    with closing(sqlite3.connect(path)) as connection:
        statements = [row for row in connection.iterdump() if 'INTO "identity"' not in row]
    return sorted(sorted(line.strip(", \t") for line in each.splitlines()) for each in statements)


def migrated(path: Path) -> Path:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        schema.upgrade_schema(connection)
    engine.dispose()
    return path


async def test_it_makes_what_the_migrations_build(tmp_path):
    async with await fresh_store(tmp_path):
        pass
    made, built = contents(tmp_path / "desk.db"), contents(migrated(tmp_path / "migrated.db"))
    assert [f"INSERT INTO \"alembic_version\" VALUES('{HEAD}');"] in made
    assert len(made) > 50
    assert made == built


def test_it_is_drawn_from_them_as_it_stands():
    assert (REPOSITORY / blueprint.PATH).read_text() == blueprint.drawn(), (
        "run python -m kalshi_cli.cli.documents"
    )


async def test_one_that_is_older_than_the_migrations_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(blueprint, "HEAD", "9999")
    assert blueprint.blueprint() == ()
    async with await fresh_store(tmp_path):
        pass
    assert contents(tmp_path / "desk.db") == contents(migrated(tmp_path / "migrated.db"))
