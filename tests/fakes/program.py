"""The program as a process of its own, and what it leaves behind, read without its own code."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Self, TextIO

from fakes.be_program import Start, be_program
from fakes.forks import fork
from fakes.worlds import kept_worlds

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
class Process:
    """A forked process, used as one of `subprocess` is."""

    forked: ForkServerProcess
    stdout: TextIO
    stderr: TextIO

    @classmethod
    def started(
        cls, arguments: tuple[str, ...], variables: Mapping[str, str], directory: Path
    ) -> Self:
        (out, told_out), (err, told_err) = os.pipe(), os.pipe()
        ends = [Connection(told, readable=False) for told in (told_out, told_err)]
        start = Start(arguments, variables, directory, *ends, kept_worlds())
        forked = fork(be_program, start)
        for end in ends:
            end.close()
        return cls(forked, *(os.fdopen(heard, encoding="utf-8") for heard in (out, err)))

    @property
    def pid(self) -> int:
        assert self.forked.pid is not None
        return self.forked.pid

    @property
    def returncode(self) -> int | None:
        return self.forked.exitcode

    def poll(self) -> int | None:
        return self.forked.exitcode

    def wait(self, timeout: float) -> int:
        self.forked.join(timeout)
        if self.forked.exitcode is None:
            raise subprocess.TimeoutExpired("kalshi", timeout)
        return self.forked.exitcode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What is still to be heard of it, once it has ended."""
        with ThreadPoolExecutor(2) as pool:
            heard = [pool.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                out, err = (each.result(timeout) for each in heard)
            except BaseException:
                self.kill()  # then there is an end to what it says
                raise
        self.wait(timeout)
        return out, err

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()  # nobody else will, and a test that failed should say so at once
        self.stdout.close()
        self.stderr.close()
        self.forked.join()


Started = Process | subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Program:
    """`kalshi` with a home of its own; `variables` are added to the environment.

    Its processes are forked from one that has imported everything, and a world is not made twice.
    With `is_apart` each is an interpreter of its own, which finds all that for itself.
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    is_apart: bool = False

    def start(self, *arguments: str) -> Started:
        """Start a command and leave it running."""
        self.home.mkdir(parents=True, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KALSHI_", "XAI_"))}
        variables = {**kept, "KALSHI_HOME": str(self.home), **self.variables}
        if not self.is_apart:
            return Process.started(arguments, variables, self.home)
        return subprocess.Popen(
            [sys.executable, "-m", "kalshi_cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=variables,
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


def finished(process: Started, *, within_s: float = 110.0) -> Exited:
    """Wait for a process, and free what it held; one that hangs is killed and fails the test."""
    with process:
        try:
            out, err = process.communicate(timeout=within_s)
        except BaseException:
            process.kill()
            raise
    assert process.returncode is not None
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
