"""A desk that is stopped in the middle of its work loses the account to another, and knows it.

`STOPS=8 pytest tests/crash/test_stopped_desk.py` stops more of them, for as long as a lease lasts.
"""

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from crash.served_desk import LOOP, ServedDesk, served_desk
from crash.stopping import stop
from fakes.program import PATIENCE_S

from kalshi_cli.adapters.clock import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
STOPS = int(os.environ.get("STOPS", "1"))
LEASE_S = 30.0 if STOPS > 1 else 6.0
ORDERS = 3


def sent_by(desk: ServedDesk, run_id: str) -> list[tuple[object, ...]]:
    return desk.rows(f"SELECT client_order_id FROM orders WHERE run_id = '{run_id}'")


def run_that_trades(desk: ServedDesk, other_than: str = "") -> str:
    """The run that has sent a few orders, once it has."""
    query = (
        f"SELECT run_id FROM orders WHERE run_id != '{other_than}'"
        f" GROUP BY run_id HAVING count(*) >= {ORDERS}"
    )
    desk.wait_until(lambda: desk.rows(query))
    return str(desk.rows(query)[0][0])


def wait_until_the_lease_is_over(desk: ServedDesk) -> None:
    (expires_wall_us,) = desk.rows("SELECT expires_wall_us FROM leases")[0]
    deadline = time.monotonic() + PATIENCE_S
    while SystemClock().wall() <= expires_wall_us:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("moment", range(STOPS))
def test_it_sends_nothing_after_another_has_the_account(
    tmp_path: Path, postgres: str | None, moment: int
):
    with served_desk(tmp_path, seed=moment + 40, postgres=postgres) as first:
        second = replace(first)
        old = first.start(*LOOP, lease_s=LEASE_S)
        run = run_that_trades(first)
        time.sleep(random.Random(moment).uniform(0.0, 0.1))
        stop(old.pid, first.store)
        held = second.run("track", "--env", "demo")
        assert held.code == 6, held.told  # it may only have paused
        assert f"Process {old.pid} on " in held.told
        wait_until_the_lease_is_over(first)
        new = second.start(*LOOP, lease_s=LEASE_S)
        run_that_trades(second, other_than=run)
        before = sent_by(first, run)

        old.send_signal(signal.SIGCONT)

        ended = old.ended()
        assert ended.code == 6, ended.told
        assert sent_by(first, run) == before
        assert new.kill().was_killed
        second.audit()
