"""What other processes and signals do to a running loop."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.program import Process, Program, rows_of, wait_until

pytestmark = pytest.mark.slow

LIVE = "SELECT count(*) FROM orders WHERE state IN ('resting', 'partially_filled')"
PLACED = "SELECT count(*) FROM commands WHERE kind = 'place'"
Running = tuple[Program, Process]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A loop without an end, with orders resting."""
    program = Program(tmp_path)
    with program.start("run-loop", "--sim", "--seed", "7", "--json") as process:
        wait_until(lambda: program.rows(LIVE) > [(0,)], "resting orders")
        yield program, process


def count(program: Program, query: str) -> int:
    ((number,),) = rows_of(program.world_db, query)
    return int(number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_its_entries_cancelled(
    running: Running, number: signal.Signals, code: int
):
    program, process = running
    process.send_signal(number)
    ended = process.ended()
    assert ended.code == code
    assert ended.data["left"]["resting"] == []
    assert program.rows(LIVE) == [(0,)]
    assert program.rows("SELECT reason, ended_us IS NULL FROM runs") == [
        (f"stopped by {number.name}", 0)
    ]
    assert program.rows("SELECT count(*) FROM leases") == [(0,)]
    assert program.data("sim", "status")["resting_orders"] == 0


def test_entries_stay_where_the_person_wants_that(tmp_path: Path):
    program = Program(tmp_path, {"KALSHI_TRADING__ON_STOP": "leave"})
    process = program.start("run-loop", "--sim", "--seed", "7", "--json")
    wait_until(lambda: program.rows(LIVE) > [(0,)], "resting orders")
    process.send_signal(signal.SIGINT)
    left = process.ended().data["left"]
    assert left["canceled"] == []
    assert program.rows(LIVE) == [(len(left["resting"]),)]


def test_a_second_loop_is_told_who_is_first(running: Running):
    program, process = running
    second = program.run("run-loop", "--sim", code=6)
    assert f"Process {process.pid} holds the simulated world." in second.err
    assert not process.has_ended()


def test_what_was_earned_is_read_beside_it(running: Running):
    """Nor does it wait for the world, or leave anything in the way of the loop."""
    program, process = running
    before = count(program, PLACED)
    read = program.data("evaluate", "--rebalance", "--dry-run")
    assert read["shares"][0]["measured"]["strategy"] == "directional_trading"
    assert program.rows("SELECT count(*) FROM runs") == [(1,)]
    wait_until(lambda: count(program, PLACED) > before, "another order")
    assert not process.has_ended()


def test_a_halt_from_outside_stops_its_orders_and_not_its_watch(running: Running):
    program, process = running
    assert program.data("halt", "--reason", "smoke")["after"] == "halted"
    placed = count(program, PLACED)
    moves = "SELECT count(*) FROM commands WHERE kind = 'advance'"
    seen = count(program, moves)
    wait_until(lambda: count(program, moves) > seen + 5, "more market time")
    assert not process.has_ended()
    assert count(program, PLACED) <= placed + 1  # the one that had been checked already


def test_a_halt_outlives_whoever_was_trading(tmp_path: Path):
    program = Program(tmp_path)
    program.run("ingest", "--sim", "--seed", "7")
    program.run("analyze", "--sim")
    assert program.data("halt", "--reason", "smoke")["after"] == "halted"
    assert "smoke" in program.run("status").out
    assert program.data("trade", code=6)["orders"] == []
    assert program.data("resume")["after"] == "active"


def test_a_halt_takes_our_orders_back_and_says_so(running: Running):
    program, process = running
    ended = program.run("halt", "--reason", "smoke", "--json")
    told = ended.data["orders"]
    assert " canceled" in told  # though the loop may have taken them back before it is asked
    assert told.endswith("(by the process that trades)")
    assert program.rows(LIVE) == [(0,)]
    assert not process.has_ended()


def test_a_file_halts_a_loop_in_another_process(running: Running):
    program, process = running
    (program.home / "HALT").write_text("pulled the plug\n")  # it may be seen empty at first
    wait_until(lambda: program.rows(LIVE) == [(0,)], "no order that may trade")
    newest = "SELECT state, reason, who FROM desk_states ORDER BY change_id DESC LIMIT 1"
    told = [("halted", "pulled the plug", "HALT")]
    wait_until(lambda: program.rows(newest) == told, "what the file says on record")
    placed = count(program, PLACED)
    assert "pulled the plug" in program.run("resume", code=6).err
    (program.home / "HALT").unlink()
    process.send_signal(signal.SIGTERM)
    assert process.ended().code == 143
    assert "halted" in program.run("status").out
    assert count(program, PLACED) == placed
    assert program.data("resume")["after"] == "active"


def test_whatever_rests_goes_and_the_loop_waits_a_minute(running: Running):
    program, process = running
    ended = program.run("cancel-all", "--include-external", "--json")
    assert ended.data["answered_by"] == "by the process that trades"
    assert ended.data["outcome"].startswith("nothing rests any more")
    assert count(program, "SELECT count(*) FROM commands WHERE kind = 'cancelall'") == 1
    assert len(program.rows("SELECT * FROM markers WHERE name = 'cooling_until'")) == 1
    assert not process.has_ended()


def test_a_flatten_is_carried_out_by_the_loop(running: Running):
    """By the settings that it began with, whatever became of them since."""
    program, process = running
    (program.home / "config.toml").write_text("[trading]\nmax_single_position = 7\n")
    ended = program.run("flatten", "--json", code=None)
    assert ended.code in {0, 6}  # a side of a book may be empty
    assert program.rows("SELECT state FROM desk_states") == [("flatten",)]
    assert program.rows(LIVE) == [(0,)]
    held = program.rows("SELECT ticker FROM positions WHERE net_units != 0")
    assert bool(held) is (ended.code == 6)
    assert not process.has_ended()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_ends_it_at_once(running: Running, number: signal.Signals, code: int):
    """Nothing is wound down then: what rests is found by the next command."""
    program, process = running
    process.send_signal(number)
    wait_until(lambda: "once more to leave at once" in process.told, "what it says of the first")
    process.send_signal(number)
    ended = process.ended()
    assert ended.code == code
    assert "Traceback" not in ended.err
    program.run("track", code=None)
    assert program.rows("SELECT count(*) FROM orders WHERE state IN ('intent', 'unknown')") == [
        (0,)
    ]


def test_a_killed_loop_holds_nobody_up(running: Running, tmp_path: Path):
    program, process = running
    process.kill()
    assert program.rows("SELECT count(*) FROM leases") == [(1,)]
    copy = Program(shutil.copytree(program.home, tmp_path / "copy"))
    copy.run("track")
    assert copy.rows("SELECT count(*) FROM runs WHERE reason IS NULL") == [(1,)]
