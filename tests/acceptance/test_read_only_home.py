"""A home in which nothing can be written, a copy on another disk say, can be looked at."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from conftest import Ended, Kalshi

pytestmark = pytest.mark.slow
PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
HALTED = """
    INSERT INTO desk_states (state, reason, who, at_us, changed_wall_us)
    VALUES ('halted', 'written last', 'test', 1, 1)
"""


def obey_permissions() -> None:
    """Root writes where nobody may: the program that it becomes does not."""
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


def on(home: Path, *arguments: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", "kalshi_cli", *arguments],
        env={**os.environ, "KALSHI_HOME": str(home)},
        preexec_fn=obey_permissions,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    there = [(path, path.stat().st_mode) for path in (home, *home.rglob("*"))]
    for path, mode in there:
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in there:
            path.chmod(mode)


def one_line(ended: Ended) -> str:
    assert "Traceback" not in ended.err
    (line,) = (line for line in ended.err.splitlines() if line.startswith("error: "))
    return line


@pytest.fixture
def home(kalshi: Kalshi, kalshi_home: Path) -> Path:
    assert kalshi("run-loop", "--sim", "--seed", "7", "--once", "-q").code == 0
    return kalshi_home


@pytest.mark.parametrize(
    "line", ["status", "inspect orders", "why", "evaluate", "strategies list", "migrate --check"]
)
def test_who_looks_there_sees_what_there_is(kalshi: Kalshi, home: Path, line: str):
    command = [*line.split(), "--json"]
    before = kalshi(*command).json
    with read_only(home):
        ended = on(home, *command)
    assert ended.code == 0, ended.err
    assert ended.json["data"] == before["data"]
    assert "nothing is logged" in ended.json["warnings"][0]


def test_a_store_is_inspected_there_and_compared_with_nothing(kalshi: Kalshi, home: Path):
    """A simulated exchange is made of files, too."""
    before = kalshi("inspect-db", "--json").json
    with read_only(home):
        ended = on(home, "inspect-db", "--json")
    assert ended.json["data"]["audit"] == before["data"]["audit"]
    assert "cannot be" in ended.json["data"]["not_compared"]
    assert ended.code == 7
    one_line(ended)


def test_what_a_killed_writer_left_there_is_seen_or_its_lack_is_told(home: Path, tmp_path: Path):
    """The file alone would not show it: what was committed last is in the log beside it."""
    left = tmp_path / "left"
    store = left / "sim" / "desk.db"
    with closing(sqlite3.connect(home / "sim" / "desk.db")) as writer:
        writer.execute(HALTED)
        writer.commit()
        shutil.copytree(home, left)
    with read_only(left):
        seen = on(left, "status", "--json")
    store.with_name("desk.db-shm").unlink()
    with read_only(left):
        refused = on(left, "status")
    assert seen.json["data"]["summary"]["state"] == "halted"
    assert refused.code == 7
    assert f"{store} cannot be used" in one_line(refused)
    assert "may write there" in one_line(refused)


def test_a_store_that_nobody_may_read_is_refused(home: Path):
    (home / "sim" / "desk.db").chmod(0)
    refused = on(home, "status")
    assert refused.code == 7
    assert "desk.db cannot be used: unable to open" in one_line(refused)
