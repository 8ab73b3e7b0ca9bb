"""Alembic is the only way to a schema, and brings an older one forward without loss."""

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from fakes.desk_store import IDENTITY, WALL, fresh_store
from sqlalchemy import create_engine

from kalshi_cli.adapters.store import migrate, schema, version
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.errors import NotFound, StoreUnusable, StoreVersion

HEAD, NEXT = version.HEAD, f"{int(version.HEAD) + 1:04d}"
NEXT_STEP = f'''"""Remember who was asked."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    with op.batch_alter_table("markers") as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=True))
    op.execute("UPDATE markers SET note = 'kept'")
'''


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """The program as it will be after one more migration."""
    scripts = tmp_path / "migrations"
    shutil.copytree(Path(schema.__file__).parent / "migrations", scripts)
    (scripts / "versions" / f"{NEXT}_note.py").write_text(NEXT_STEP)
    monkeypatch.setattr(schema, "SCRIPTS", str(scripts))
    for module in (schema, version, migrate):
        monkeypatch.setattr(module, "HEAD", NEXT)


async def an_old_store(tmp_path):
    async with await fresh_store(tmp_path) as store, store.unit() as unit:
        await unit.catalog.set_marker("full_pass", 7)
        await unit.commit()
    return tmp_path / "desk.db"


async def test_head_is_the_newest_revision():
    scripts = schema.ScriptDirectory.from_config(schema.config())
    assert scripts.get_heads() == [version.HEAD]
    numbers = sorted(step.revision for step in scripts.walk_revisions())
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


async def test_a_new_store_has_nothing_pending(tmp_path):
    missing = await migrate.status(tmp_path / "desk.db")
    assert (missing.current, missing.head) == (None, HEAD)
    assert not (tmp_path / "desk.db").exists()
    path = await an_old_store(tmp_path)
    assert (await migrate.status(path)).pending == ()
    done = await migrate.upgrade(path)
    assert (done.before, done.after, done.steps, done.backup) == (HEAD, HEAD, (), None)


async def test_there_must_be_something_to_migrate(tmp_path):
    with pytest.raises(NotFound):
        await migrate.upgrade(tmp_path / "desk.db")


async def test_an_older_store_is_backed_up_and_brought_forward(tmp_path, newer):
    version.HEAD = schema.HEAD = HEAD
    path = await an_old_store(tmp_path)
    version.HEAD = schema.HEAD = NEXT
    with pytest.raises(StoreVersion, match="older"):
        await open_store(path, IDENTITY, wall_us=WALL)
    assert (await migrate.status(path)).pending == (f"{NEXT} Remember who was asked.",)

    done = await migrate.upgrade(path)

    assert (done.before, done.after) == (HEAD, NEXT)
    assert done.backup == tmp_path / f"desk.db.{HEAD}.backup"
    assert stat.S_IMODE(done.backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(done.backup)) as backup, closing(sqlite3.connect(path)) as now:
        assert backup.execute("SELECT * FROM markers").fetchall() == [("full_pass", 7)]
        assert now.execute("SELECT * FROM markers").fetchall() == [("full_pass", 7, "kept")]
    assert (await migrate.upgrade(path)).steps == ()
    async with await open_store(path, IDENTITY, wall_us=WALL) as store:
        assert (await store.audit.check()).findings == ()


async def test_without_a_backup_nothing_is_migrated(tmp_path, newer):
    version.HEAD = schema.HEAD = HEAD
    path = await an_old_store(tmp_path)
    version.HEAD = schema.HEAD = NEXT
    with pytest.raises(StoreUnusable, match="backup"):
        await migrate.upgrade(path, backup_to=tmp_path / "nowhere" / "b")
    assert (await migrate.status(path)).current == HEAD


async def test_a_migration_that_fails_leaves_the_store_as_it_was(tmp_path, newer):
    version.HEAD = schema.HEAD = HEAD
    path = await an_old_store(tmp_path)
    version.HEAD = schema.HEAD = NEXT
    step = Path(schema.SCRIPTS) / "versions" / f"{NEXT}_note.py"
    step.write_text(NEXT_STEP + "    op.execute('SELECT * FROM nothing')\n")
    with pytest.raises(StoreUnusable):
        await migrate.upgrade(path)
    assert (await migrate.status(path)).current == HEAD
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("SELECT * FROM markers").fetchall() == [("full_pass", 7)]


async def test_a_step_that_fails_takes_back_those_before_it(tmp_path, newer):
    path = tmp_path / "desk.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(schema.config(connection), "0001")
    engine.dispose()
    step = Path(schema.SCRIPTS) / "versions" / f"{NEXT}_note.py"
    step.write_text(NEXT_STEP + "    op.execute('SELECT * FROM nothing')\n")
    with pytest.raises(StoreUnusable):
        await migrate.upgrade(path)
    assert (await migrate.status(path)).current == "0001"


async def test_fees_announced_before_they_were_kept_are_read_by_the_next_pass(tmp_path):
    path = tmp_path / "desk.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(schema.config(connection), "0022")
    engine.dispose()
    with closing(sqlite3.connect(path)) as before, before:
        rows = [("fees_change", 9), ("full_pass", 7), ("series_pass", 7), ("cash_known", 5)]
        before.executemany("INSERT INTO markers VALUES (?, ?)", rows)
    await migrate.upgrade(path)
    with closing(sqlite3.connect(path)) as now:
        assert now.execute("SELECT * FROM markers").fetchall() == [("cash_known", 5)]


async def test_it_works_from_any_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert await an_old_store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["desk.db"]
