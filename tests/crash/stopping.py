"""Processes that are stopped, and may go on later."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from fakes.postgres import Reader
from fakes.program import PATIENCE_S

from kalshi_cli.adapters.store.connection import WRITER_LOCK


def stop(pid: int, store: Path | str | None) -> None:
    """Stop a process between two writes to a store, which is a file or at a URL: stopped in one, it
    would keep it locked. None: it writes to none.
    """
    while not _stopped_between_writes(pid, store):
        os.kill(pid, signal.SIGCONT)


def _stopped_between_writes(pid: int, store: Path | str | None) -> bool:
    with _no_write_under_way(store) if store else nullcontext() as may_write:
        os.kill(pid, signal.SIGSTOP)
        while _state(pid) != "T":  # its last thread stops a moment after the signal
            pass
        time.sleep(0.05)  # what it asked for just before is on its way
        return not (may_write and may_write())


QUEUES = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
"""Of a server. Who waits there gets the lock, though it was stopped in the meantime."""


@contextmanager
def _no_write_under_way(store: Path | str) -> Iterator[Callable[[], bool] | None]:
    """Tells, where it may be, whether somebody waits to write next."""
    if isinstance(store, Path):
        with closing(sqlite3.connect(store, timeout=PATIENCE_S)) as writes:
            writes.execute("BEGIN IMMEDIATE")
            yield None
    else:
        with Reader(store) as connected:
            connected.rows(f"SELECT pg_advisory_lock({WRITER_LOCK})")
            yield lambda: bool(connected.rows(QUEUES))


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
