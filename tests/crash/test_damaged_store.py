"""A store that the disk damaged is refused in one line, and never begun anew.

`FLIPS=20 pytest tests/crash/test_damaged_store.py` damages more of them.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from crash.agreement import books_of, disagreements
from crash.altered import Altered
from crash.own_world import assert_nothing_was_lost_or_repeated, orders_there
from crash.served_desk import LOOP, served_desk
from fakes.program import Exited, Program

from kalshi_cli.adapters.store.soundness import MONEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FLIPS = int(os.environ.get("FLIPS", "2"))
PAGE = 4096
CHECK = "PRAGMA quick_check"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a desk that has traded."""
    home = tmp_path_factory.mktemp("sound")
    Program(home, alter=Altered()).run("run-loop", "--sim", "--seed", "7", "--once", "-q")
    return home


@pytest.fixture
def program(sound: Path, tmp_path: Path) -> Program:
    return Program(shutil.copytree(sound, tmp_path / "home"), alter=Altered())


def is_whole(path: Path, tables: Sequence[str] = ("",)) -> bool:
    """By SQLite's own word, of these tables alone or of all that the file holds."""
    try:
        with closing(sqlite3.connect(path)) as store:
            asked = [f"PRAGMA quick_check({table})" if table else CHECK for table in tables]
            return all(store.execute(each).fetchall() == [("ok",)] for each in asked)
    except sqlite3.DatabaseError:
        return False


def assert_refused(ended: Exited) -> None:
    """In one line, which says what to do."""
    assert ended.code == 7, ended.told
    (line,) = (line for line in ended.told.splitlines() if line.startswith("error: "))
    assert "Restore" in line, line
    assert "Traceback" not in ended.told


def flip_bits(store: Path, draws: random.Random) -> None:
    """In the heads of pages, where their structure is."""
    content = bytearray(store.read_bytes())
    for _ in range(8):
        page = draws.randrange(1, len(content) // PAGE)
        content[page * PAGE + draws.randrange(16)] ^= 1 << draws.randrange(8)
    store.write_bytes(content)


@pytest.mark.parametrize("flip", range(FLIPS))
def test_flipped_bits_are_found_or_do_no_harm(program: Program, flip: int):
    """A loop goes only on a whole store, one command only on whole books: else nothing is sent and
    nothing written. What goes leaves no order at the exchange that is not in the journal.
    """
    store, there = program.desk_db, orders_there(program)
    flip_bits(store, random.Random(flip))
    whole, books = is_whole(store), is_whole(store, MONEY)
    assert there, "nothing was traded: nothing was tried"
    looked = program.run("inspect-db", "--json", code=None)
    assert "Traceback" not in looked.told
    assert looked.code in ({0, 7} if whole else {7}), looked.told
    left = store.read_bytes()
    if not whole:
        assert_refused(program.run("run-loop", "--once", "-q", code=None))
        assert store.read_bytes() == left
    traded = program.run("trade", code=None)
    assert "Traceback" not in traded.told
    if not books:
        assert_refused(traded)
        assert (store.read_bytes(), orders_there(program)) == (left, there)
        return
    assert traded.code in ({0} if whole else {0, 7}), traded.told
    journalled = [row[0] for row in program.rows("SELECT client_order_id FROM orders")]
    assert len(journalled) == len(set(journalled))
    assert there <= orders_there(program) <= set(journalled)
    if whole:
        assert_nothing_was_lost_or_repeated(program)


@pytest.mark.parametrize("table", ["orders", "fills", "desk_states"])
def test_who_trades_is_refused_on_damaged_books(program: Program, table: str):
    """Before anything is sent, also where no step would have met the damage."""
    store, there = program.desk_db, orders_there(program)
    with closing(sqlite3.connect(store)) as opened:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = opened.execute(query, (table,)).fetchone()
    content = bytearray(store.read_bytes())
    content[(page - 1) * PAGE + 5] ^= 0xFF  # where its rows begin
    store.write_bytes(content)
    for command in (("trade",), ("track",), ("run-loop", "--once", "-q")):
        assert_refused(program.run(*command, code=None))
    assert (store.read_bytes(), orders_there(program)) == (bytes(content), there)


@pytest.mark.parametrize("kept", ["nothing", "half a page", "a page", "half"])
def test_what_is_cut_off_is_not_begun_anew(program: Program, kept: str):
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
        log = desk.home / "demo.db-wal"
        os.truncate(log, log.stat().st_size * 2 // 3)
        assert len(desk.rows(changes)) < told, "nothing was forgotten: nothing was tried"
        desk.owner.control("POST", "/pause", {})
        for _ in range(2):
            tracked = desk.run("track", "--env", "demo", "--json")
        found = disagreements(books_of(desk.rows), desk.owner.account())
    assert tracked.code == 0, tracked.told
    assert all(each.endswith("is at the exchange and not in the journal") for each in found), found
