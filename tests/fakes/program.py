"""The program as a process of its own, and what it leaves behind, read without its own code."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Self

from fakes.be_program import Start, be_program
from fakes.forks import fork
from fakes.worlds import begin_once, kept_worlds

PATIENCE_S = 100.0
"""For what is sure to happen: longer, and something hangs."""
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Exited:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """All that it said."""
        return f"{self.out}{self.err}"

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def envelope(self) -> dict[str, Any]:
        """The last envelope on stdout: the only one, but of a loop."""
        return json.loads(self.out.splitlines()[-1])

    @property
    def data(self) -> Any:
        return self.envelope["data"]


@dataclass(frozen=True, slots=True)
class Process:
    """A command under way. What it says is in files: it waits for nobody who listens."""

    forked: ForkServerProcess
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        assert self.forked.pid is not None
        return self.forked.pid

    @property
    def told(self) -> str:
        """All that it said so far."""
        return f"{self.out.read_text()}{self.err.read_text()}"

    def line(self, number: int = 0) -> str:
        """A line of its stdout, once that is there."""
        deadline = time.monotonic() + PATIENCE_S
        while (said := self.out.read_text()).count("\n") <= number:
            assert not self.has_ended(0.005), self.told
            assert time.monotonic() < deadline, f"line {number} never came\n{self.told}"
        return said.splitlines()[number]

    def has_ended(self, within_s: float = 0.0) -> bool:
        """Whether it ends by itself in this time."""
        self.forked.join(within_s)
        return self.forked.exitcode is not None

    def ended(self) -> Exited:
        """Wait for its end; one that hangs is killed and fails the test."""
        if not self.has_ended(PATIENCE_S):
            self.forked.kill()
            raise AssertionError(f"{self.told}\nit still ran after {PATIENCE_S} s")
        assert self.forked.exitcode is not None
        return Exited(self.forked.exitcode, self.out.read_text(), self.err.read_text())

    def kill(self) -> Exited:
        self.forked.kill()
        return self.ended()

    def send_signal(self, number: signal.Signals) -> None:
        if not self.has_ended():
            os.kill(self.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()  # where a test failed, nobody else will


@dataclass(frozen=True, slots=True)
class Program:
    """`kalshi` with a home of its own; `variables` are added to the environment.

    Its processes are forked from one that has imported everything. They `alter` themselves first:
    unless told otherwise, so that a world is not made twice. With `is_apart` each is an interpreter
    of its own, which finds all that for itself.
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    is_apart: bool = False
    alter: Callable[[], None] | None = None

    def start(self, *arguments: str) -> Process:
        """Start a command and leave it running."""
        said = self.home / "said"
        said.mkdir(parents=True, exist_ok=True)
        number = next(_NUMBERS)
        out, err = (said / f"{number}.{stream}" for stream in ("out", "err"))
        out.touch()
        err.touch()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KALSHI_", "XAI_"))}
        variables = {**kept, "KALSHI_HOME": str(self.home), **self.variables}
        alter = self.alter or partial(begin_once, setattr, kept_worlds())
        start = Start(arguments, variables, self.home, out, err, alter, self.is_apart)
        return Process(fork(be_program, start), out, err)

    def run(self, *arguments: str, code: int | None = 0) -> Exited:
        """Run a command to its end, which must have this exit code (None: any)."""
        ended = self.start(*arguments).ended()
        assert code in {None, ended.code}, f"{arguments}: {ended.code}\n{ended.told}"
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
