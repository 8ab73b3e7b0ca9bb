"""A machine whose clock is wrong: told once, and nothing traded, but everything else goes on.

The exchange is served from this process. Both ends sign and check by the clock that is set wrong
here, while the server's `Date` is real.
"""

import time
from collections.abc import Callable, Iterator

import pytest
from fakes.served import ServedExchange
from starlette.types import ASGIApp

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.sim import serving
from kalshi_cli.adapters.sim.http.dated import Dated
from kalshi_cli.domain.instant import SECOND

BASELINE = ("--forecaster", "baseline")
Shift = Callable[[int], None]


def _really_dated(application: ASGIApp, _: object) -> Dated:
    """Answers dated by the real clock, whatever this machine's is set to."""
    return Dated(application, lambda: time.time_ns() // 1_000)


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedExchange]:
    monkeypatch.setattr(serving, "Dated", _really_dated)
    with ServedExchange(seed=7) as served:
        for name, value in served.variables.items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
def set_ahead(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Set this machine's clock ahead by so many seconds."""
    right = SystemClock.wall

    def shift(seconds: int) -> None:
        monkeypatch.setattr(SystemClock, "wall", lambda self: right(self) + seconds * SECOND)

    return shift


def test_a_wrong_clock_stops_trading_and_nothing_else(kalshi, exchange, set_ahead: Shift):
    right = kalshi("ingest", "--json").json
    assert (right["env"], right["ok"]) == ("demo", True)
    assert not [each for each in right["warnings"] if "clock" in each]
    assert kalshi("analyze", *BASELINE).code == 0

    set_ahead(5)
    refused = kalshi("trade", "--json")
    assert refused.code == 4
    error = refused.json["error"]
    assert "ahead of the exchange's: nothing is sent but cancels." in error["message"]
    assert error["remedy"].startswith("Set the clock (NTP)")
    assert refused.err.count("Set the clock") == 1
    assert kalshi("inspect", "orders", "--json").json["data"] == []

    tracked = kalshi("track", "--json")
    assert tracked.code == 0
    (told,) = [each for each in tracked.json["warnings"] if "clock" in each]
    assert "set it (NTP): from 3 s on nothing is traded" in told
    assert tracked.err.count("set it (NTP)") == 1
    checks = {row["name"]: row for row in kalshi("doctor", "--json").json["data"]["checks"]}
    assert checks["clock"]["result"] == "FAILED"

    set_ahead(0)
    traded = kalshi("trade", "--json")
    assert traded.code == 0
    orders = traded.json["data"]["orders"]
    assert orders
    resting = next(each["client_order_id"] for each in orders if each["state"] == "resting")
    set_ahead(5)
    assert kalshi("cancel", resting, "--json").json["data"]["outcome"].startswith("canceled")


@pytest.mark.parametrize(("command", "after_it"), [("flatten", "flatten"), ("halt", "halted")])
def test_by_a_wrong_clock_a_flatten_takes_our_orders_back(
    kalshi, exchange, set_ahead: Shift, command: str, after_it: str
):
    kalshi("ingest")
    kalshi("analyze", *BASELINE)
    orders = kalshi("trade", "--json").json["data"]["orders"]
    resting = {each["client_order_id"] for each in orders if each["state"] == "resting"}
    assert resting

    set_ahead(5)
    done = kalshi(command, *(["--flatten"] if command == "halt" else []), "--json")
    after = kalshi("inspect", "orders", "--json").json["data"]
    states = {row["client_order_id"]: row["state"] for row in after}
    assert {states[each] for each in resting} == {"canceled"}
    assert (done.code, done.json["data"]["after"]) == (0, after_it)
