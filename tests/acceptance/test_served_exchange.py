"""`kalshi sim serve` as a process of its own, and the desk trading on it over the wire."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fakes.program import Process, Program
from fakes.served import EPOCH

from kalshi_cli.domain.instant import DAY, HOUR, SECOND, parse_rfc3339

pytestmark = pytest.mark.slow
FIELDS = ["base_url", "ws_url", "api_key_id", "private_key_path"]
BRISK = {"KALSHI_INTERVALS__TRADE_S": "1", "KALSHI_INTERVALS__TRACK_S": "1"}


@contextmanager
def serving(
    home: Path, *options: str, by: signal.Signals = signal.SIGINT
) -> Iterator[tuple[dict[str, Any], Process]]:
    """A served exchange: its line and its process, which is stopped at the end by a signal."""
    process = Program(home).start("sim", "serve", *options)
    line = process.line()
    try:
        yield json.loads(line), process
    finally:
        process.send_signal(by)
        ended = process.ended()
    assert ended.code == {signal.SIGINT: 130, signal.SIGTERM: 143}[by], ended.err
    assert ended.out == f"{line}\n"
    assert "Traceback" not in ended.err


def variables(line: dict[str, Any], suffix: str = "") -> dict[str, str]:
    """What a person pastes."""
    found = {
        "KALSHI_BASE_URL": line["base_url"] + suffix,
        "KALSHI_WS_URL": line["ws_url"],
        "KALSHI_API_KEY": line["api_key_id"],
        "KALSHI_PRIVATE_KEY": line["private_key_path"],
    }
    return found | ({"KALSHI_SIM_CLOCK": json.dumps(line["clock"])} if "clock" in line else {})


def hold_still(desk: Program) -> None:
    """Pause trading: a fill between two commands would be news, and no mistake."""
    base_url = desk.variables["KALSHI_BASE_URL"].removesuffix("/trade-api/v2")
    assert httpx.post(f"{base_url}/sim/pause").status_code == 200


def assert_a_loop_trades(desk: Program) -> None:
    """Two cycles over the wire, after which desk and exchange agree to the last unit."""
    loop = desk.data("run-loop", "--env", "demo", "--cycles", "2", "--forecaster", "baseline")
    assert loop["stopped"]["cycles"] == 2
    assert desk.data("status", "--env", "demo")["summary"]["orders"] > 0
    hold_still(desk)
    desk.run("track", "--env", "demo")
    report = desk.data("inspect-db", "--env", "demo")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]


@pytest.mark.parametrize(("key", "suffix"), [("--json", ""), ("--rsa", "/trade-api/v2")])
def test_the_demo_trades_on_it(tmp_path: Path, key: str, suffix: str):
    with serving(tmp_path / "world", "--port", "0", "--epoch", EPOCH, "--seed", "7", key) as (
        line,
        _,
    ):
        assert list(line) == [*FIELDS, "clock"]
        assert line["clock"]["virtual0"] == parse_rfc3339(EPOCH)
        pem = Path(line["private_key_path"]).read_bytes()
        kind = RSAPrivateKey if key == "--rsa" else Ed25519PrivateKey
        assert isinstance(load_pem_private_key(pem, None), kind)
        assert_a_loop_trades(Program(tmp_path / "desk", variables(line, suffix) | BRISK))


def test_at_another_speed_the_desk_lives_by_the_worlds_clock(tmp_path: Path):
    options = ("--port", "0", "--epoch", EPOCH, "--seed", "7", "--speed", "30")
    with serving(tmp_path / "world", *options) as (line, _):
        assert line["clock"]["speed"] == 30
        desk = Program(tmp_path / "desk", variables(line))
        loop = desk.data("run-loop", "--env", "demo", "--cycles", "2", "--forecaster", "baseline")
    passed = parse_rfc3339(loop["stopped"]["at"]) - line["clock"]["virtual0"]
    assert passed > 60 * SECOND  # the second round of trading is due a minute of market time later


def test_a_world_goes_on_from_where_it_stood(tmp_path: Path):
    options = ("--port", "0", "--epoch", EPOCH, "--seed", "7", "--speed", "3600")
    with serving(tmp_path, *options) as (line, _):
        began = line["clock"]["virtual0"]
        while (now := world_time(line)) < began + 3 * HOUR:
            time.sleep(0.1)  # the exchange refuses more than twenty reads a second
    with serving(tmp_path, "--port", "0", "--speed", "1", by=signal.SIGTERM) as (line, _):
        assert now <= line["clock"]["virtual0"] < began + 30 * DAY
        assert line["clock"]["speed"] == 1
    with serving(tmp_path, "--port", "0", "--seed", "8", "--fresh") as (line, _):
        assert list(line) == FIELDS  # it begins now, and lives in real time
    for other in (("--seed", "7"), ("--epoch", EPOCH)):
        assert Program(tmp_path).run("sim", "serve", *other, code=2).out == ""


def world_time(line: dict[str, Any]) -> int:
    """Market time by the newest public trade."""
    answer = httpx.get(f"{line['base_url']}/trade-api/v2/markets/trades").raise_for_status()
    trades = answer.json()["trades"]
    return max((parse_rfc3339(trade["created_time"]) for trade in trades), default=0)


def test_a_held_world_and_a_busy_port_are_told_in_a_line(tmp_path: Path):
    with serving(tmp_path, "--port", "0") as (line, process):
        held = Program(tmp_path).run("sim", "status", code=6)
        told = f"Process {process.pid} serves the simulated world at {line['base_url']}"
        assert told in held.err
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        refused = Program(tmp_path).run("sim", "serve", "--port", port, code=4)
    assert refused.out == ""
    assert refused.err.splitlines()[-1].startswith(f"error: Port {port} cannot be served: ")


def test_people_get_lines_to_paste(tmp_path: Path):
    program = Program(tmp_path)
    process = program.start("sim", "serve", "--port", "0", "--speed", "2")
    line = json.loads(process.line())
    process.send_signal(signal.SIGINT)
    exported = [row for row in process.ended().err.splitlines() if row.startswith("export ")]
    script = "\n".join([*exported, *(f'echo "${name}"' for name in variables(line))])
    told = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert told.stdout.splitlines() == list(variables(line).values())
