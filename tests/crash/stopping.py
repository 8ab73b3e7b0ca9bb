"""Processes that are stopped, and may go on later."""

import os
import signal
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from fakes.program import PATIENCE_S


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
