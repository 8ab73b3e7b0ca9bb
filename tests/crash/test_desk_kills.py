"""Killed at random moments, on an exchange that errs: no order twice, none lost, no fill lost.

`DESK_KILLS=1008 pytest tests/crash/test_desk_kills.py` shows what the suite has no time for.
"""

import os
import random
import time
from pathlib import Path

import pytest
from crash.served_desk import LOOP, ServedDesk, served_desk
from fakes.program import Process

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("DESK_KILLS", "8"))
A_WORLD = min(KILLS, 24)
"""Kills of one desk: then a new world begins, before its exchange closes for the night. Twice as
many where few orders came between them: a busy machine lets a desk do little before it is killed.
"""
AN_AUDIT = 4
LONGEST_S = 6.0
"""A desk that does not wait for others starts and sends its first orders in two seconds or so."""
PATIENCE_S = 60.0
"""An hour of the market's: then there is nothing to trade."""
MOST_NEWS = 8


def strike(desk: ServedDesk, moments: random.Random) -> None:
    """Kill a loop: as it starts, as it works, or when something has just happened to an order."""
    draw = moments.random()
    running = desk.start(*LOOP)
    if draw < 0.15:
        time.sleep(moments.uniform(0.0, LONGEST_S / 4))
    elif draw < 0.35:
        time.sleep(moments.uniform(0.0, LONGEST_S))
    else:
        for _ in range(moments.randint(1, MOST_NEWS)):
            _wait_for_news(desk, running)
        time.sleep(moments.uniform(0.0, 0.02 if draw < 0.75 else 0.2))
    ended = running.kill()
    assert ended.was_killed, ended.told


def _wait_for_news(desk: ServedDesk, running: Process) -> None:
    """Until an order is journalled or changes; not for ever, where nothing is to be traded."""
    before, deadline = _trail(desk), time.monotonic() + PATIENCE_S
    while _trail(desk) == before and time.monotonic() < deadline:
        if running.has_ended(0.001):  # which shows in how it ended
            return


def _trail(desk: ServedDesk) -> list[tuple[object, ...]]:
    return desk.rows("SELECT max(event_id) FROM order_events")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("world", range(-(-KILLS // A_WORLD)))
def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, postgres: str | None, world: int):
    moments = random.Random(world)
    with served_desk(tmp_path, seed=world + 1, postgres=postgres) as desk:
        for kill in range(1, 2 * A_WORLD + 1):
            desk.misbehave(seed=1_000 * world + kill)
            strike(desk, moments)
            if kill % AN_AUDIT == 0 or kill >= A_WORLD:
                desk.audit()
                account = desk.owner.account()
                has_shown = len(account.orders) > A_WORLD and bool(account.fills)
                if kill >= A_WORLD and has_shown:
                    break
    assert has_shown  # or the test would have shown less than it says
