"""A real store in memory, without the thread of its driver, that can be set back to how it was.

A trip to that thread is most of what a statement costs. What is committed stays; a desk that dies
loses what it had in mind and in its open transaction, as with a file.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store import connection, worker
from kalshi_cli.adapters.store.store import SqlStore


class _NoQueue:
    """What is put into it, which SQLAlchemy does besides asking for statements, is done."""

    def put_nowait(self, task: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, work = task
        done = work()
        if future is not None:  # somebody waits for it
            future.set_result(done)


class AtOnce(worker.Connection):
    """Does where it is asked what others do on a thread."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector)
        self._tx = _NoQueue()

    def __await__(self):
        return self._opened().__await__()

    async def _opened(self) -> "AtOnce":
        self._connection = self._connector()
        return self

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    def stop(self) -> None:
        """There is no thread to stop."""


async def store_at_once() -> tuple[SqlStore, sqlite3.Connection]:
    """An empty store, and SQLite's own connection to it. Close the store."""
    made: list[AtOnce] = []

    def connect(connector: Callable[[], sqlite3.Connection]) -> AtOnce:
        made.append(AtOnce(connector))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "Connection", connect)
        store = await fresh_store(":memory:")
    (only,) = made  # in memory there is one connection for all
    return store, only._conn
