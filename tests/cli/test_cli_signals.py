"""A stop by signal: gracefully in a loop, with the signal's exit code, and on record."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_loop_stops_by_signal_and_says_what_is_left(
    tmp_path: Path, number: signal.Signals, code: int
):
    arguments = ["-m", "kalshi_cli", "run-loop", "--sim", "--seed", "7", "--json"]
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["data"]["number"] == 1
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert running.returncode == code
    last = json.loads(out.splitlines()[-1])
    assert last["ok"]
    assert last["data"]["stopped"]["reason"] == number.name
    assert last["data"]["left"] is not None
    assert "once more to leave at once" in err
    assert "Traceback" not in err


LEAVING = """
import asyncio, sys, time
from kalshi_cli.cli.runtime import run_async
from kalshi_cli.errors import KalshiError

async def action():
    print("ready", flush=True)
    await asyncio.Event().wait()

try:
    run_async(action())
except KalshiError as error:
    print("leaving", flush=True)
    time.sleep(60)  # whatever takes long at the end
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_more_signal_while_it_leaves_keeps_the_exit_code(number: signal.Signals, code: int):
    with subprocess.Popen(
        [sys.executable, "-c", LEAVING],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        assert running.stdout.readline() == "leaving\n"
        running.send_signal(number)
        assert running.wait(timeout=30) == code
