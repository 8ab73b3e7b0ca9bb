"""Processes that are stopped, and may go on later."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from fakes.postgres import Reader
from fakes.program import PATIENCE_S

from kalshi_cli.adapters.store.connection import WRITER_LOCK


def stop(pid: int, store: Path | str | None) -> None:
    """Stop a process between two writes to a store, which is a file or at a URL: stopped in one, it
    would keep it locked. None: it writes to none.
    """
    with _no_write_under_way(store) if store else nullcontext():
        os.kill(pid, signal.SIGSTOP)
        while _state(pid) != "T":  # its last thread stops a moment after the signal
            pass


@contextmanager
def _no_write_under_way(store: Path | str) -> Iterator[None]:
    if isinstance(store, Path):
        with closing(sqlite3.connect(store, timeout=PATIENCE_S)) as writes:
            writes.execute("BEGIN IMMEDIATE")
            yield
    else:
        with Reader(store) as connected:
            connected.rows(f"SELECT pg_advisory_lock({WRITER_LOCK})")
            yield


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
