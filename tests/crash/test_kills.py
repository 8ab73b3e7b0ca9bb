"""Killed at any moment and started again, the desk loses nothing and sends nothing twice.

The world's file and the desk's store are separate, so a kill may fall between any two commits.
`KILLS=220 pytest tests/crash/test_kills.py` shows what the suite has no time for.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from crash.altered import Altered
from crash.dying import Point
from crash.own_world import assert_nothing_was_lost_or_repeated
from fakes.program import Process, Program

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "11"))
FIRST = ("run-loop", "--sim", "--seed", "7", "-q")
LOOP = ("run-loop", "--cycles", "20", "-q")
WHATEVER_IT_LOSES = {
    "KALSHI_RISK__MAX_DAILY_LOSS": "unlimited",
    "KALSHI_RISK__MAX_DRAWDOWN": "unlimited",
}
"""A desk that lost too much enters nothing more, and to kill that one shows little."""
EARLY, WORKING, SENDING = "early", "working", "sending"
VICTIMS = (
    (LOOP, WORKING),
    (LOOP, SENDING),
    (("trade",), WORKING),
    (LOOP, SENDING),
    (("track",), EARLY),
    (LOOP, WORKING),
    (("ingest",), WORKING),
    (("trade",), SENDING),
    (LOOP, EARLY),
    (("analyze",), WORKING),
    (LOOP, SENDING),
)


def intents(program: Program) -> set[str]:
    """Orders that were journalled and whose answer is not on record."""
    return {
        row[0] for row in program.rows("SELECT client_order_id FROM orders WHERE state = 'intent'")
    }


def runs(program: Program) -> set[str]:
    return {row[0] for row in program.rows("SELECT run_id FROM runs")}


def wait_for_more(look: Callable[[], set[str]], running: Process) -> None:
    """Return when there is something new to see, or nothing more is to be expected."""
    old = look()
    while not running.has_ended() and not look() - old:
        pass


def strike(program: Program, running: Process, moment: str, moments: random.Random) -> None:
    """Kill a command: while it starts, while it works, or a moment after it journalled an order,
    before that was sent, before it was answered, or before the answer was written down.
    """
    if moment is EARLY:
        time.sleep(moments.uniform(0.0, 0.3))
    elif moment is WORKING:
        wait_for_more(lambda: runs(program), running)
        time.sleep(moments.uniform(0.0, 0.5))
    else:
        wait_for_more(lambda: intents(program), running)
        time.sleep(moments.uniform(0.0, 0.004))


@pytest.mark.timeout(240 + 20 * KILLS)
def test_kills_lose_nothing_of_a_desk_and_its_world(tmp_path: Path):
    program = Program(tmp_path, WHATEVER_IT_LOSES, alter=Altered())
    moments, killed = random.Random(2027), 0
    for arguments, moment in cycle(VICTIMS):
        running = program.start(*(arguments if program.world_db.exists() else FIRST))
        strike(program, running, moment, moments)
        ended = running.kill()
        assert ended.code in {0, -signal.SIGKILL}, ended.told
        killed += ended.was_killed
        if killed == KILLS:
            break
    # No order of a set is the same to it.
    survivor = Program(tmp_path, WHATEVER_IT_LOSES, is_apart=True)
    for step in ("trade", "track"):
        survivor.run(step)
    assert_nothing_was_lost_or_repeated(program)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a desk that is about to trade. Copy it."""
    home = tmp_path_factory.mktemp("forecast")
    program = Program(home, alter=Altered())
    program.run("ingest", "--sim", "--seed", "7")
    program.run("analyze")
    return home


PLACE = "kalshi_cli.adapters.kalshi.trading:KalshiTrading.place"


@pytest.mark.parametrize(("when", "became"), [("before", "absent"), ("after", "resting")])
def test_killed_around_a_request_it_finds_out_what_became_of_the_order(
    forecast: Path, tmp_path: Path, when: str, became: str
):
    program = Program(shutil.copytree(forecast, tmp_path / "home"), alter=Altered())
    deadly = replace(program, alter=Altered(Point(when, PLACE, 2)))
    died = deadly.run("trade", "--no-advance", code=None)
    assert died.was_killed, died.told
    (doubtful,) = intents(program)
    program.run("trade", "--no-advance")
    states = dict(program.rows("SELECT client_order_id, state FROM orders"))
    assert states[doubtful] == became
    assert_nothing_was_lost_or_repeated(program)
