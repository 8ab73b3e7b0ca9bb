"""What other processes and signals do to a running loop."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.program import Program, finished, rows_of, wait_until

pytestmark = pytest.mark.slow

LIVE = "SELECT count(*) FROM orders WHERE state IN ('resting', 'partially_filled')"
PLACED = "SELECT count(*) FROM commands WHERE kind = 'place'"
Running = tuple[Program, "subprocess.Popen[str]"]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A loop without an end, with orders resting."""
    program = Program(tmp_path)
    process = program.start("run-loop", "--sim", "--seed", "7", "--json")
    try:
        wait_until(lambda: program.rows(LIVE) > [(0,)], "resting orders")
        yield program, process
    finally:
        if process.poll() is None:
            process.kill()
            finished(process)


def count(program: Program, query: str) -> int:
    ((number,),) = rows_of(program.world_db, query)
    return int(number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_its_entries_cancelled(
    running: Running, number: signal.Signals, code: int
):
    program, process = running
    process.send_signal(number)
    ended = finished(process)
    assert ended.code == code
    assert ended.data["left"]["resting"] == []
    assert program.rows(LIVE) == [(0,)]
    assert program.rows("SELECT reason, ended_us IS NULL FROM runs") == [(number.name, 0)]
    assert program.rows("SELECT count(*) FROM leases") == [(0,)]
    assert program.data("sim", "status")["resting_orders"] == 0


def test_entries_stay_where_the_person_wants_that(tmp_path: Path):
    program = Program(tmp_path, {"KALSHI_TRADING__ON_STOP": "leave"})
    process = program.start("run-loop", "--sim", "--seed", "7", "--json")
    wait_until(lambda: program.rows(LIVE) > [(0,)], "resting orders")
    process.send_signal(signal.SIGINT)
    left = finished(process).data["left"]
    assert left["canceled"] == []
    assert program.rows(LIVE) == [(len(left["resting"]),)]


def test_a_second_loop_is_told_who_is_first(running: Running):
    program, process = running
    second = program.run("run-loop", "--sim", code=6)
    assert f"Process {process.pid} holds the simulated world." in second.err
    assert process.poll() is None


def test_a_halt_from_outside_stops_its_orders_and_not_its_watch(running: Running):
    program, process = running
    assert program.data("halt", "--reason", "smoke")["after"] == "halted"
    placed = count(program, PLACED)
    moves = "SELECT count(*) FROM commands WHERE kind = 'advance'"
    seen = count(program, moves)
    wait_until(lambda: count(program, moves) > seen + 5, "more market time")
    assert process.poll() is None
    assert count(program, PLACED) <= placed + 1  # the one that had been checked already
    process.send_signal(signal.SIGINT)
    assert finished(process).code == 130
    assert "smoke" in program.run("status").out
    assert program.data("trade", code=6)["orders"] == []
    assert program.data("resume")["after"] == "active"


def test_a_killed_loop_holds_nobody_up(running: Running, tmp_path: Path):
    program, process = running
    process.kill()
    finished(process)
    assert program.rows("SELECT count(*) FROM leases") == [(1,)]
    copy = Program(shutil.copytree(program.home, tmp_path / "copy"))
    copy.run("track")
    assert copy.rows("SELECT count(*) FROM runs WHERE reason IS NULL") == [(1,)]
