"""`kalshi` as processes to be killed: what each opens, sends, writes and loses is its own."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from crash.desk_process import Command, be_kalshi
from crash.dying import Point
from fakes.forks import fork
from fakes.program import rows_of

PATIENCE_S = 100.0
"""For what is sure to happen: longer, and something hangs."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended; `told` is all it wrote."""

    code: int
    told: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def data(self) -> Any:
        """What a command told with --json."""
        return json.loads(self.told.splitlines()[-1])["data"]


@dataclass(frozen=True, slots=True)
class Running:
    """A process under way."""

    process: ForkServerProcess
    output: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def told(self) -> str:
        return self.output.read_text()

    def has_ended(self, within_s: float = 0.0) -> bool:
        """Whether the process ends by itself in this time."""
        self.process.join(within_s)
        return self.process.exitcode is not None

    def ended(self, within_s: float = PATIENCE_S) -> Ended:
        """Wait for the process."""
        assert self.has_ended(within_s), f"{self.told}\nit still runs after {within_s} s"
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, self.told)

    def kill(self) -> Ended:
        self.process.kill()
        return self.ended()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


def start(command: Command) -> Running:
    """Start a command in the home that its variables name."""
    Path(command.variables["KALSHI_HOME"]).mkdir(parents=True, exist_ok=True)
    command.output.touch()
    return Running(fork(be_kalshi, command), command.output)


def stop(pid: int, store: Path | None) -> None:
    """Stop a process between two writes to a store: stopped in one, it would keep it locked."""
    with ExitStack() as locked:
        if store is not None:
            writes = locked.enter_context(closing(sqlite3.connect(store, timeout=PATIENCE_S)))
            writes.execute("BEGIN IMMEDIATE")
        os.kill(pid, signal.SIGSTOP)
        while _state(pid) != "T":  # its last thread stops a moment after the signal
            pass


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@dataclass(frozen=True, slots=True)
class Forked:
    """`kalshi` with a home of its own; `variables` are added to the environment."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    outputs: Iterator[int] = field(default_factory=count)

    def start(self, *arguments: str, point: Point | None = None) -> Running:
        variables = {"KALSHI_HOME": str(self.home), **self.variables}
        output = self.home / f"output.{next(self.outputs)}"
        return start(Command(arguments, variables, output, point))

    def run(self, *arguments: str, point: Point | None = None, code: int | None = 0) -> Ended:
        """Run a command to its end, which must have this exit code (None: any)."""
        ended = self.start(*arguments, point=point).ended()
        assert code in {None, ended.code}, f"{arguments}: {ended.code}\n{ended.told}"
        return ended

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the simulated desk's store."""
        return rows_of(self.desk_db, query)

    @property
    def desk_db(self) -> Path:
        return self.home / "sim" / "desk.db"

    @property
    def world_db(self) -> Path:
        return self.home / "sim" / "world.db"
