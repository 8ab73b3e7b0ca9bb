"""The desk on an exchange across a real connection, in real time: what `--env demo` does."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.program import Program, rows_of, wait_until
from fakes.served import ServedExchange

from kalshi_cli.domain.instant import DAY, HOUR

pytestmark = pytest.mark.slow
LIVE = "SELECT client_order_id FROM orders WHERE state IN ('resting', 'partially_filled')"
HELD = "SELECT net_units FROM positions WHERE net_units != 0 AND ticker = ?"
BASELINE = ("--forecaster", "baseline")


@pytest.fixture
def exchange() -> Iterator[ServedExchange]:
    with ServedExchange(seed=7) as served:
        yield served


@pytest.fixture
def demo(exchange: ServedExchange, tmp_path: Path) -> Program:
    kept = {"KALSHI_TRADING__CANCEL_ENTRIES_ON_PAUSE": "false"}  # some tests pause the exchange
    return Program(tmp_path, {**exchange.variables, **kept})


def test_each_step_works_over_http(exchange: ServedExchange, demo: Program):
    ingested = demo.run("ingest", "--env", "demo", "--json")
    assert ingested.envelope["env"] == "demo"
    assert ingested.data["eligible"] > 0
    assert len(demo.data("analyze", *BASELINE)["forecasts"]) > 0
    orders = demo.data("trade")["orders"]
    assert orders
    assert {order["state"] for order in orders} <= {"resting", "partially_filled", "filled"}
    exchange.holds_still()
    assert demo.data("track")["reconciled"]["complete"]
    assert demo.data("status")["summary"]["orders"] == len(orders)
    checks = {row["name"]: row["result"] for row in demo.data("doctor")["checks"]}
    assert checks["exchange"] == checks["clock"] == checks["store"] == checks["keys"] == "ok"
    report = demo.data("inspect-db")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]
    cancelled = demo.data("cancel", orders[0]["client_order_id"])
    assert (cancelled["answered_by"], cancelled["outcome"][:8]) == ("by this command", "canceled")


@pytest.mark.parametrize("apart_us", [-HOUR, 60 * DAY])
def test_a_desk_of_another_time_does_nothing(
    exchange: ServedExchange, tmp_path: Path, apart_us: int
):
    """As after a restart of the exchange, or where its clock was never given."""
    clock = json.loads(exchange.variables["KALSHI_SIM_CLOCK"])
    clock["virtual0"] += apart_us
    desk = Program(tmp_path, {**exchange.variables, "KALSHI_SIM_CLOCK": json.dumps(clock)})
    refused = desk.run("ingest", "--env", "demo", code=4)
    assert " at the exchange, and " in refused.err
    assert "KALSHI_SIM_CLOCK" in refused.err
    assert not list(tmp_path.glob("*.db"))
    rows = {row["name"]: row for row in desk.data("doctor", "--env", "demo", code=4)["checks"]}
    assert rows["market time"]["result"] == "FAILED"


def test_a_running_loop_answers_other_processes(exchange: ServedExchange, tmp_path: Path):
    seconds = {"KALSHI_INTERVALS__TRACK_S": "1", "KALSHI_INTERVALS__TRADE_S": "1"}
    demo = Program(tmp_path, {**exchange.variables, **seconds})
    store = tmp_path / "demo.db"
    bought = exchange.buys_one()
    process = demo.start("run-loop", "--env", "demo", *BASELINE, "-q")
    wait_until(lambda: rows_of(store, LIVE), "a resting order")
    second = demo.run("run-loop", "--env", "demo", code=6)
    assert f"Process {process.pid} on " in second.err

    ((order,), *_) = rows_of(store, LIVE)
    cancelled = demo.data("cancel", order)
    assert cancelled["answered_by"] == "by the process that trades"
    assert rows_of(store, f"{LIVE} AND client_order_id = ?", order) == []
    assert demo.run("cancel", "k1none", code=3).err.count("k1none") == 1

    wait_until(lambda: rows_of(store, HELD, bought), "the position on record")
    assert demo.data("close", bought)["outcome"] == "flat"
    assert rows_of(store, HELD, bought) == []

    exchange.holds_still()
    process.send_signal(signal.SIGINT)
    assert process.ended().code == 130
    assert rows_of(store, LIVE) == []
    assert rows_of(store, "SELECT reason FROM runs WHERE command = 'run-loop'") == [
        ("stopped by SIGINT",),
    ]
    assert demo.data("inspect-db")["differences"] == []
