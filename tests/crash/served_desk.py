"""A served exchange that misbehaves, and a desk that trades on it until it is killed."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crash.account import Owner
from crash.agreement import books_of, disagreements
from crash.dying import Point
from fakes.program import Program, finished, rows_of
from fakes.served import EPOCH

SPEED = 60
WORLD = Path(__file__).with_name("world.toml")
TESTS = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0
HARD = {
    "KALSHI_INTERVALS__INGEST_S": "20",
    "KALSHI_INTERVALS__ANALYZE_S": "20",
    "KALSHI_INTERVALS__TRADE_S": "5",
    "KALSHI_INTERVALS__TRACK_S": "10",
    "KALSHI_INTERVALS__EVALUATE_S": "120",
    "KALSHI_TRADING__RESTING_MINUTES": "20",
    "KALSHI_TRADING__MIN_CONFIDENCE_TO_TRADE": "0.01",
    "KALSHI_TRADING__MIN_CONFIDENCE_THRESHOLD": "0.01",
    "KALSHI_TRADING__MAX_SINGLE_POSITION": "0.002",
    "KALSHI_AI__ANALYSIS_COOLDOWN_HOURS": "0.005",
    "KALSHI_AI__MAX_ANALYSES_PER_DAY": "100000",
    "KALSHI_EXITS__DIRECTIONAL_MAX_HOLD_HOURS": "0.05",
    "KALSHI_FILTERS__MIN_VOLUME": "0",
    "KALSHI_FILTERS__MIN_MINUTES_TO_CLOSE": "1",
    "KALSHI_RISK__REENTRY_COOLDOWN_HOURS": "0.01",
    "KALSHI_RISK__MAX_POSITIONS": "unlimited",
    "KALSHI_RISK__MAX_TRADES_PER_HOUR": "unlimited",
    "KALSHI_RISK__MAX_ORDERS_PER_MINUTE": "unlimited",
    "KALSHI_RISK__MAX_ENTRIES_PER_MARKET": "unlimited",
    "KALSHI_RISK__MAX_DAILY_LOSS": "unlimited",
    "KALSHI_RISK__MAX_DRAWDOWN": "unlimited",
    "KALSHI_RISK__MAX_BOOK_AGE_S": "600",
}
"""Short rounds, many small orders, and positions that are left after minutes."""
ORDERS = "/portfolio/events/orders"
CHANGES = (
    {"method": "POST", "path": ORDERS},
    {"method": "POST", "path": f"{ORDERS}/*"},
    {"method": "DELETE", "path": f"{ORDERS}/*"},
)
FAULTS: tuple[dict[str, Any], ...] = (
    *({"fault": "drop_response", "probability": 0.03, **each} for each in CHANGES),
    *({"fault": "drop_request", "probability": 0.03, **each} for each in CHANGES),
    *({"fault": "error_after", "probability": 0.02, **each} for each in CHANGES),
    *({"fault": "error_before", "probability": 0.02, "status": 502, **each} for each in CHANGES),
    *({"fault": "too_many_requests", "probability": 0.02, **each} for each in CHANGES),
    *(
        {"fault": "latency", "ms": 0, "jitter_ms": 60, "after": after, "probability": 0.3, **each}
        for each in CHANGES
        for after in (False, True)
    ),
    {"fault": "stale_reads", "ms": 2_000, "probability": 0.2},
    {"fault": "error_before", "method": "GET", "path": "/portfolio/*", "probability": 0.01},
    {"fault": "short_page", "path": "/portfolio/*", "rows": 50, "probability": 0.2},
    {"fault": "gap", "probability": 0.01},
    {"fault": "duplicate", "probability": 0.03},
    {"fault": "reordering", "probability": 0.02},
    {"fault": "reset", "probability": 0.001},
    {"fault": "stall", "ms": 300, "probability": 0.002},
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended; `told` is all it wrote."""

    code: int
    told: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass(slots=True)
class ServedDesk:
    """`kalshi` on a served exchange, as a process at a time."""

    home: Path
    owner: Owner
    variables: dict[str, str]
    worker: "subprocess.Popen[bytes]"
    pid: int = 0
    outputs: int = 0
    last: Path = field(default_factory=Path)

    @property
    def store(self) -> Path:
        return self.home / "demo.db"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the desk's store."""
        return rows_of(self.store, query)

    def start(self, *arguments: str, point: Point | None = None, change: str = "") -> None:
        """Start a command, which may kill itself at a point; `change` is as the worker says."""
        self.outputs += 1
        self.last = self.home / f"output.{self.outputs}"
        self.last.touch()
        line = {
            "arguments": arguments,
            "variables": self.variables,
            "output": str(self.last),
            "change": change,
            "point": [point.when, point.where, point.number] if point else None,
        }
        assert self.worker.stdin is not None
        self.worker.stdin.write(json.dumps(line).encode() + b"\n")
        self.worker.stdin.flush()
        self.pid = self._told(PATIENCE_S)["pid"]

    def has_ended(self, within_s: float) -> bool:
        """Whether the process ends by itself in this time."""
        return bool(select.select([self.worker.stdout], [], [], within_s)[0])

    def ended(self, within_s: float = PATIENCE_S) -> Ended:
        """Wait for the process."""
        return Ended(self._told(within_s)["code"], self.last.read_text())

    def kill(self) -> Ended:
        with suppress(ProcessLookupError):  # it ended by itself, which is told
            os.kill(self.pid, signal.SIGKILL)
        return self.ended()

    def run(self, *arguments: str, point: Point | None = None) -> Ended:
        self.start(*arguments, point=point)
        return self.ended()

    def _told(self, within_s: float) -> dict[str, Any]:
        assert self.worker.stdout is not None
        assert self.has_ended(within_s), f"{self.last.read_text()}\nnothing in {within_s} s"
        line: dict[str, Any] = json.loads(self.worker.stdout.readline())
        return line

    def misbehave(self, rules: Sequence[dict[str, Any]] = FAULTS, seed: int = 0) -> None:
        """Let the exchange err from now on; draws follow from the seed."""
        self.owner.control("PUT", "/faults", {"seed": seed, "rules": list(rules)})

    def behave(self) -> None:
        self.owner.control("DELETE", "/faults")

    def audit(self) -> None:
        """Reconcile once, with nothing going wrong and nobody trading; then books and account
        must agree in all.

        Orders expire and markets settle all the same: where the account was another before and
        after, it is looked at again.
        """
        self.owner.control("POST", "/pause", {})
        self.behave()
        for _ in range(10):
            before = self.owner.account()
            tracked = self.run("track", "--env", "demo", "--json")
            account = self.owner.account()
            if account == before:
                break
        else:
            raise AssertionError("the account never held still")
        found = disagreements(books_of(self.store), account)
        assert not found, "\n".join([*found, tracked.told])
        assert tracked.code == 0, tracked.told
        self.owner.control("POST", "/resume", {})


LOOP = ("run-loop", "--env", "demo", "--forecaster", "baseline", "--json")


@contextmanager
def served_desk(home: Path, seed: int) -> Iterator[ServedDesk]:
    """A new world, served by a process of its own, and a new desk on it."""
    options = ["--port", "0", "--epoch", EPOCH, "--seed", str(seed), "--speed", str(SPEED)]
    options += ["--world", str(WORLD)]
    serving = Program(home / "world").start(
        "sim", "serve", *options, "--tier", "premier", "--json", "-q"
    )
    try:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        if not line:
            raise AssertionError(finished(serving).err)
        told = json.loads(line)
        desk_home = home / "desk"
        desk_home.mkdir()
        owner = Owner(told, Path(told["private_key_path"]).read_text())
        with worker() as running, owner.http:
            yield ServedDesk(desk_home, owner, _variables(told, desk_home), running)
    finally:
        serving.kill()
        finished(serving)


def _variables(told: dict[str, Any], home: Path) -> dict[str, str]:
    return {
        **HARD,
        "KALSHI_HOME": str(home),
        "KALSHI_BASE_URL": told["base_url"],
        "KALSHI_WS_URL": told["ws_url"],
        "KALSHI_API_KEY": told["api_key_id"],
        "KALSHI_PRIVATE_KEY": told["private_key_path"],
        "KALSHI_SIM_CLOCK": json.dumps(told["clock"]),
    }


@contextmanager
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "crash.desk_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        bufsize=0,
        start_new_session=True,
    ) as worker:
        try:
            yield worker
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
