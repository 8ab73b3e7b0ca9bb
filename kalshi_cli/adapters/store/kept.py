"""Connections to SQLite that stay open between transactions.

To hand one out and take it back, SQLAlchemy's pool needs longer than SQLite for what is read and
written on it; statements that are prepared need nothing of SQLAlchemy's connection at all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.adapters.store.worker import Connection as Driver

MOST = 4
"""So many are kept; who comes when all are in use opens another for the while."""

_CARRY_OVER = "PRAGMA wal_checkpoint(PASSIVE)"


class KeptConnections:
    """Of one engine, all of whose transactions either write or only read."""

    def __init__(self, engine: AsyncEngine, where: str, *, reads: bool) -> None:
        self._engine, self._where, self._reads = engine, where, reads
        self._idle: list[tuple[AsyncConnection, Driver]] = []

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Transaction]:
        """A transaction, rolled back unless committed."""
        async with self._lent() as (connection, driver):
            reads = self._reads
            transaction = Transaction(connection, self._where, under=driver, reads=reads)
            yield transaction
            await transaction.end()

    async def carry_over(self) -> None:
        """Carry the write-ahead log over into the database, as far as nobody else is in the way.

        Nobody waits for it: neither readers nor a writer.
        """
        async with self._lent() as (_, driver):
            with translated(self._where):
                await driver.run(lambda under: under.execute(_CARRY_OVER).close())

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[tuple[AsyncConnection, Driver]]:
        connection, driver = self._idle.pop() if self._idle else await self._opened()
        try:
            yield connection, driver
        except BaseException:
            # Shielded: a cancelled task must still give its connection back.
            await asyncio.shield(connection.close())
            raise
        if len(self._idle) < MOST:
            self._idle.append((connection, driver))
        else:
            await connection.close()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop()[0].close()

    async def _opened(self) -> tuple[AsyncConnection, Driver]:
        with translated(self._where):
            connection = await self._engine.connect()
            raw = await connection.get_raw_connection()
        return connection, cast(Driver, raw.driver_connection)  # of `connection.make_engine`
