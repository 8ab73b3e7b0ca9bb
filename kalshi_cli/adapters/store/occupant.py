"""Who trades with a store that is too busy to be written to."""

import os
import socket
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from kalshi_cli.errors import StoreBusy

_HOLDER = "SELECT pid, host FROM leases ORDER BY renewed_wall_us DESC LIMIT 1"


def named(error: StoreBusy, path: Path | None) -> StoreBusy:
    """The same error, with the process that trades, where it lives on this machine.

    One that is stopped in the middle of a write keeps the file locked, and its lease says who it
    is: reading waits for nobody. Where there is none the error stays as it is.
    """
    pid = None if path is None else _holder(path)
    if pid is None:
        return error
    return StoreBusy(
        f"{str(error).rstrip('.')}; process {pid} trades with it.",
        remedy=f"Try again. Should that process be stopped: `kill -CONT {pid}` lets it go on, "
        f"`kill -KILL {pid}` ends it.",
    )


def _holder(path: Path) -> int | None:
    url = f"{path.absolute().as_uri()}?mode=ro"
    with suppress(sqlite3.Error), closing(sqlite3.connect(url, uri=True)) as file:
        row = file.execute(_HOLDER).fetchone()
        if row is not None and row[1] == socket.gethostname() and _lives(row[0]):
            return int(row[0])
    return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True
