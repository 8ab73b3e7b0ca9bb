"""A served exchange that misbehaves, and a desk that trades on it until it is killed."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crash.account import Owner
from crash.agreement import Asks, books_of, disagreements
from crash.altered import Altered
from crash.dying import Point
from fakes.postgres import Reader, new_database
from fakes.program import PATIENCE_S, Exited, Process, Program, rows_of
from fakes.served import EPOCH

SPEED = 60
WORLD = Path(__file__).with_name("world.toml")
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


@dataclass(slots=True)
class ServedDesk:
    """`kalshi` on a served exchange, as a process at a time; `rows` asks its store."""

    home: Path
    owner: Owner
    variables: dict[str, str]
    rows: Asks
    running: Process | None = None

    @property
    def store(self) -> Path | str:
        """The file that its store is, or the URL where it is."""
        return self.variables.get("KALSHI_DATABASE") or self.home / "demo.db"

    def start(
        self,
        *arguments: str,
        point: Point | None = None,
        change: str = "",
        lease_s: float | None = None,
        **variables: str,
    ) -> Process:
        """Start a command; see `Altered`. What still runs, as a test failed, is killed."""
        if self.running is not None:
            self.running.kill()
        altered = Altered(point, change, lease_s, has_opinions=True)
        program = Program(self.home, self.variables | variables, alter=altered)
        self.running = program.start(*arguments)
        return self.running

    def run(self, *arguments: str, **variables: str) -> Exited:
        return self.start(*arguments, **variables).ended()

    def wait_until(self, happened: Callable[[], object]) -> None:
        """Wait for something that the process under way is sure to bring about."""
        assert self.running is not None
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert not self.running.has_ended(0.002), self.running.told
            assert time.monotonic() < deadline, f"it never came to that\n{self.running.told}"

    def advance(self, span: str) -> None:
        """Let the market's time pass at once; processes started from now on know."""
        clock = self.owner.control("POST", "/advance", {"span": span})["clock"]
        self.variables = self.variables | {"KALSHI_SIM_CLOCK": json.dumps(clock)}

    def misbehave(self, rules: Sequence[dict[str, Any]] = FAULTS, seed: int = 0) -> None:
        """Let the exchange err from now on; draws follow from the seed."""
        self.owner.control("PUT", "/faults", {"seed": seed, "rules": list(rules)})

    def behave(self) -> None:
        self.owner.control("DELETE", "/faults")

    def audit(self, *, pause: bool = True) -> None:
        """Reconcile once, with nothing going wrong and nobody trading; then books and account
        must agree in all.

        A pause cancels our orders: it is for exchanges where others trade. Orders expire and
        markets settle all the same: where the account was another before and after, it is looked
        at again.
        """
        if pause:
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
        found = disagreements(books_of(self.rows), account)
        assert not found, "\n".join([*found, tracked.told])
        assert tracked.code == 0, tracked.told
        if pause:
            self.owner.control("POST", "/resume", {})


LOOP = ("run-loop", "--env", "demo", "--forecaster", "baseline", "--json")


@contextmanager
def served_desk(
    home: Path, seed: int, world: Path = WORLD, postgres: str | None = None
) -> Iterator[ServedDesk]:
    """A new world, served by a process of its own, and a new desk on it, whose store is a file or
    a new database of a PostgreSQL server.
    """
    options = ["--port", "0", "--epoch", EPOCH, "--seed", str(seed), "--speed", str(SPEED)]
    options += ["--world", str(world), "--tier", "premier", "--json", "-q"]
    exchange = Program(home / "world", alter=Altered()).start("sim", "serve", *options)
    try:
        told = json.loads(exchange.line())
        owner = Owner(told, Path(told["private_key_path"]).read_text())
        desk_home = home / "desk"
        desk_home.mkdir()
        variables = _variables(told, desk_home)
        with owner.http, _asked(desk_home, postgres, variables) as rows:
            desk = ServedDesk(desk_home, owner, variables, rows)
            try:
                yield desk
            finally:
                if desk.running is not None:
                    desk.running.kill()
    finally:
        exchange.kill()


@contextmanager
def _asked(home: Path, postgres: str | None, variables: dict[str, str]) -> Iterator[Asks]:
    """Who answers queries of the store; where it is goes into the variables."""
    if postgres is None:
        yield partial(rows_of, home / "demo.db")
        return
    with new_database(postgres) as url, Reader(url) as reader:
        variables["KALSHI_DATABASE"] = url
        yield reader.rows


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
