"""The program as a process of its own, and what it leaves behind, read without its own code."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Exited:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The last envelope on stdout: the only one, but of a loop."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def data(self) -> Any:
        return self.envelope["data"]


@dataclass(frozen=True, slots=True)
class Program:
    """`kalshi` with a home of its own; `variables` are added to the environment."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KALSHI_", "XAI_"))}
        return subprocess.Popen(
            [sys.executable, "-m", "kalshi_cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env={**kept, "KALSHI_HOME": str(self.home), **self.variables},
        )

    def run(self, *arguments: str, code: int | None = 0) -> Exited:
        """Run a command to its end, which must have this exit code (None: any)."""
        ended = finished(self.start(*arguments))
        if code is not None:
            assert ended.code == code, f"{arguments}: {ended.code}\n{ended.out}\n{ended.err}"
        return ended

    def data(self, *arguments: str, code: int | None = 0) -> Any:
        """What a command tells with --json."""
        return self.run(*arguments, "--json", code=code).data

    @property
    def desk_db(self) -> Path:
        return self.home / "sim" / "desk.db"

    @property
    def world_db(self) -> Path:
        return self.home / "sim" / "world.db"

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the simulated desk's store."""
        return rows_of(self.desk_db, query, *parameters)


def finished(process: subprocess.Popen[str], *, within_s: float = 110.0) -> Exited:
    """Wait for a process, and free what it held; one that hangs is killed and fails the test."""
    with process:
        try:
            out, err = process.communicate(timeout=within_s)
        except BaseException:
            process.kill()
            raise
    return Exited(process.returncode, out, err)


def rows_of(path: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Ask a database file; an empty answer where it has no such table yet."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=10.0)) as connection:
        try:
            return connection.execute(query, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll a condition in real time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"it never came to {what}"
        time.sleep(0.02)
