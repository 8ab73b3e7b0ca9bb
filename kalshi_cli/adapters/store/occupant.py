"""Who trades with a store that is too busy to be written to."""

import os
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import select

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.errors import KalshiError, StoreBusy


async def named(
    error: StoreBusy, looks: Callable[[], AbstractAsyncContextManager[Transaction]]
) -> StoreBusy:
    """The same error, with the process that trades, where it lives on this machine.

    One that is stopped in the middle of a write keeps the store locked, and its lease says who it
    is: one that `looks` waits for nobody. Where there is none the error stays as it is.
    """
    leases = t.LEASES.c
    newest = select(leases.pid, leases.host).order_by(leases.renewed_wall_us.desc())
    try:
        async with looks() as transaction:
            row = await transaction.first(newest)
    except KalshiError:
        return error
    if row is None or row[1] != socket.gethostname() or not is_alive(row[0]):
        return error
    pid = row[0]
    return StoreBusy(
        f"{str(error).rstrip('.')}; process {pid} trades with it.",
        remedy=f"Try again. Should that process be stopped: `kill -CONT {pid}` lets it go on, "
        f"`kill -KILL {pid}` ends it.",
    )


def is_alive(pid: int) -> bool:
    """Whether there is such a process on this machine, whoever it belongs to."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True
