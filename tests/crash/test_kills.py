"""Killed at any moment and started again, the desk loses nothing and sends nothing twice.

The world's file and the desk's store are separate, so a kill may fall between any two commits.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest
from fakes.program import Program, finished

from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.adapters.sim.world.store import WorldStore
from kalshi_cli.engine.exchange import Exchange

pytestmark = pytest.mark.slow

KILLS = 20
DYING = str(Path(__file__).with_name("dying.py"))
FIRST = ("run-loop", "--sim", "--seed", "7", "-q")
EARLY, WORKING, SENDING = "early", "working", "sending"
VICTIMS = (
    (("run-loop", "-q"), WORKING),
    (("run-loop", "-q"), SENDING),
    (("trade",), WORKING),
    (("run-loop", "-q"), SENDING),
    (("track",), EARLY),
    (("run-loop", "-q"), WORKING),
    (("ingest",), WORKING),
    (("trade",), SENDING),
    (("run-loop", "-q"), EARLY),
    (("analyze",), WORKING),
    (("run-loop", "-q"), SENDING),
)
NEVER_THERE = ("not_sent", "absent", "rejected")
EXCHANGE_STATUS = {
    "resting": "resting",
    "partially_filled": "resting",
    "filled": "executed",
    "canceled": "canceled",
    "expired": "canceled",
}


def exchange_of(program: Program) -> Exchange:
    """The exchange as its file tells it: the log applied to the newest snapshot."""
    store = WorldStore(program.world_db)
    origin = store.origin()
    assert origin is not None
    host = Host(store, origin, snapshots=False)
    host.close()
    return host.exchange


def intents(program: Program) -> set[str]:
    """Orders that were journalled and whose answer is not on record."""
    return {
        row[0] for row in program.rows("SELECT client_order_id FROM orders WHERE state = 'intent'")
    }


def runs(program: Program) -> set[str]:
    return {row[0] for row in program.rows("SELECT run_id FROM runs")}


def wait_for_more(
    look: Callable[[], set[str]], process: "subprocess.Popen[str]", within_s: float
) -> None:
    """Return when there is something new to see, or nothing more is to be expected."""
    old, deadline = look(), time.monotonic() + within_s
    while process.poll() is None and time.monotonic() < deadline:
        if look() - old:
            return


def strike(
    program: Program, process: "subprocess.Popen[str]", moment: str, moments: random.Random
) -> None:
    """Kill a command: while it starts, while it works, or a moment after it journalled an order,
    before that was sent, before it was answered, or before the answer was written down.
    """
    if moment is EARLY:
        time.sleep(moments.uniform(0.2, 1.0))
    elif moment is WORKING:
        wait_for_more(lambda: runs(program), process, 10.0)
        time.sleep(moments.uniform(0.0, 1.0 if "run-loop" in process.args else 0.2))
    else:
        wait_for_more(lambda: intents(program), process, 3.0)
        time.sleep(moments.uniform(0.0, 0.004))
    process.kill()


def assert_nothing_was_lost_or_repeated(program: Program) -> None:
    """The desk's orders, fills, positions and cash are the exchange's, one for one."""
    report = program.data("inspect-db")
    assert report["audit"]["findings"] == report["differences"] == []
    exchange = exchange_of(program)
    assert report["audit"]["cash"] == str(exchange.account.cash)
    orders = program.rows("SELECT client_order_id, state, order_id, filled_units FROM orders")
    assert {row[1] for row in orders} <= {*NEVER_THERE, *EXCHANGE_STATUS}
    sent = {row[0]: row for row in orders if row[1] not in NEVER_THERE}
    there = {order.client_order_id: order for order in exchange.orders.values()}
    assert sent.keys() == there.keys()
    assert len(there) == len(exchange.orders) > 0
    for client_order_id, state, order_id, filled in sent.values():
        order = there[client_order_id]
        assert (order.order_id, order.filled.units) == (order_id, filled)
        assert order.status == EXCHANGE_STATUS[state]
    entries = program.rows(
        "SELECT strategy, ticker, forecast_id FROM orders"
        " WHERE purpose = 'entry' AND state NOT IN ('not_sent', 'absent', 'rejected')"
    )
    assert len(entries) == len(set(entries))
    fills = program.rows("SELECT fill_id, owner FROM fills")
    assert {fill_id for fill_id, _ in fills} == {fill.fill_id for fill in exchange.account.fills}
    assert {owner for _, owner in fills} <= {"directional_trading"}
    held = dict(program.rows("SELECT ticker, net_units FROM positions WHERE net_units != 0"))
    assert held == {
        ticker: position.net.units
        for ticker, position in exchange.account.positions.items()
        if position.net
    }


@pytest.mark.timeout(240)
def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path):
    program = Program(tmp_path)
    moments, killed = random.Random(2027), 0
    for arguments, moment in cycle(VICTIMS):
        process = program.start(*(arguments if program.world_db.exists() else FIRST))
        strike(program, process, moment, moments)
        ended = finished(process)
        assert ended.code in {0, -signal.SIGKILL}, ended.err
        killed += ended.code != 0
        if killed == KILLS:
            break
    for step in ("trade", "track"):
        program.run(step)
    assert_nothing_was_lost_or_repeated(program)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a desk that is about to trade. Copy it."""
    home = tmp_path_factory.mktemp("forecast")
    program = Program(home)
    program.run("ingest", "--sim", "--seed", "7")
    program.run("analyze")
    return home


PLACE = "kalshi_cli.adapters.kalshi.trading:KalshiTrading.place"


@pytest.mark.parametrize(("when", "became"), [("before", "absent"), ("after", "resting")])
def test_killed_around_a_request_it_finds_out_what_became_of_the_order(
    forecast: Path, tmp_path: Path, when: str, became: str
):
    program = Program(shutil.copytree(forecast, tmp_path / "home"))
    died = subprocess.run(
        [sys.executable, DYING, when, PLACE, "2", "trade", "--no-advance"],
        check=False,
        capture_output=True,
        env={**os.environ, "KALSHI_HOME": str(program.home)},
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    (doubtful,) = intents(program)
    program.run("trade", "--no-advance")
    states = dict(program.rows("SELECT client_order_id, state FROM orders"))
    assert states[doubtful] == became
    assert_nothing_was_lost_or_repeated(program)
