"""A store that the disk damaged is refused in one line, and never begun anew.

`FLIPS=20 pytest tests/crash/test_damaged_store.py` damages more of them.
"""

import os
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from crash.agreement import books_of, disagreements
from crash.forked import Ended, Forked
from crash.served_desk import LOOP, served_desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FLIPS = int(os.environ.get("FLIPS", "2"))
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a desk that has traded."""
    home = tmp_path_factory.mktemp("sound")
    Forked(home).run("run-loop", "--sim", "--seed", "7", "--once", "-q")
    return home


@pytest.fixture
def program(sound: Path, tmp_path: Path) -> Forked:
    return Forked(shutil.copytree(sound, tmp_path / "home"))


def is_whole(path: Path) -> bool:
    """By SQLite's own word."""
    try:
        with closing(sqlite3.connect(path)) as store:
            return store.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def assert_refused(ended: Ended) -> None:
    """In one line, which says what to do."""
    assert ended.code == 7, ended.told
    (line,) = (line for line in ended.told.splitlines() if line.startswith("error: "))
    assert "Restore" in line, line
    assert "Traceback" not in ended.told


@pytest.mark.parametrize("flip", range(FLIPS))
def test_flipped_bits_are_found_or_do_no_harm(program: Forked, flip: int):
    store, draws = program.desk_db, random.Random(flip)
    content = bytearray(store.read_bytes())
    for _ in range(8):  # the head of a page, where its structure is
        page = draws.randrange(1, len(content) // PAGE)
        content[page * PAGE + draws.randrange(16)] ^= 1 << draws.randrange(8)
    store.write_bytes(content)
    whole = is_whole(store)
    ended = program.run("inspect-db", "--json", code=None)
    assert ended.code in ({0, 7} if whole else {7}), ended.told
    assert "Traceback" not in ended.told
    ended = program.run("trade", code=None)
    assert ended.code in {0, 7}, ended.told
    assert "Traceback" not in ended.told


@pytest.mark.parametrize("kept", ["nothing", "half a page", "a page", "half"])
def test_what_is_cut_off_is_not_begun_anew(program: Forked, kept: str):
    store = program.desk_db
    size = store.stat().st_size
    os.truncate(store, {"nothing": 0, "half a page": 2048, "a page": PAGE, "half": size // 2}[kept])
    left = store.read_bytes()
    for command in ("track", "status"):
        assert_refused(program.run(command, code=None))
        assert store.read_bytes() == left


def test_what_a_cut_log_forgot_is_read_anew(tmp_path: Path):
    """The newest commits are gone: their orders come back as somebody's, and all money is right."""
    with served_desk(tmp_path, seed=60) as desk:
        running = desk.start(*LOOP)
        desk.wait_until(lambda: len(desk.rows("SELECT * FROM fills")) >= 12)
        changes = "SELECT * FROM order_events"
        told = len(desk.rows(changes))
        assert running.kill().was_killed
        log = desk.store.with_name(f"{desk.store.name}-wal")
        os.truncate(log, log.stat().st_size * 2 // 3)
        assert len(desk.rows(changes)) < told, "nothing was forgotten: nothing was tried"
        desk.owner.control("POST", "/pause", {})
        for _ in range(2):
            tracked = desk.run("track", "--env", "demo", "--json")
        found = disagreements(books_of(desk.store), desk.owner.account())
    assert tracked.code == 0, tracked.told
    assert all(each.endswith("is at the exchange and not in the journal") for each in found), found
