"""A store and its units of work.

async with await open_store(path, identity, wall_us=clock.wall()) as store:
    async with store.unit() as unit:
        ...
        await unit.commit()
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from kalshi_cli.adapters.store.connection import (
    BUSY_S,
    READS,
    Location,
    create_file,
    finish,
    locate,
    make_engine,
    probe,
)
from kalshi_cli.adapters.store.glance import Glance
from kalshi_cli.adapters.store.kept import KeptConnections
from kalshi_cli.adapters.store.occupant import named
from kalshi_cli.adapters.store.ownership import check_owner, create_schema, schema_version
from kalshi_cli.adapters.store.together import Together
from kalshi_cli.adapters.store.transaction import Transaction, begun
from kalshi_cli.adapters.store.version import check_version
from kalshi_cli.domain.identity import StoreIdentity
from kalshi_cli.errors import StoreBusy, StoreUnusable
from kalshi_cli.ports.desk import Brakes

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.audit import SqlAuditor
    from kalshi_cli.adapters.store.reports import SqlReports
    from kalshi_cli.adapters.store.unit import SqlUnit

Result = TypeVar("Result")


class SqlStore:
    """Implements `ports.store.Store`; `reports` and `audit` are the ports of those names."""

    def __init__(self, location: Location, *, read_only: bool = False) -> None:
        self.location = location
        self.read_only = read_only
        self._engine = make_engine(location, read_only=read_only)
        self._readers = self._engine.execution_options(**READS)
        kept = partial(KeptConnections, where=str(location))
        self._kept = {
            False: kept(self._engine, reads=read_only),
            True: kept(self._readers, reads=True),
        }
        """By whether they only read."""
        self._turn = asyncio.Lock()
        self._together = Together(lambda: self.unit())  # noqa: PLW0108 - tests put another in its place
        self._glance = Glance(location)

    @cached_property
    def reports(self) -> "SqlReports":
        from kalshi_cli.adapters.store.reports import SqlReports

        return SqlReports(partial(self.transaction, reads=True))

    @cached_property
    def audit(self) -> "SqlAuditor":
        from kalshi_cli.adapters.store.audit import SqlAuditor

        return SqlAuditor(self.location, self.transaction)

    @asynccontextmanager
    async def unit(self, *, reads: bool = False) -> AsyncIterator["SqlUnit"]:
        from kalshi_cli.adapters.store.unit import SqlUnit  # 15 ms that a report need not pay

        async with self.transaction(reads=reads) as transaction:
            yield SqlUnit(transaction)

    async def write(self, work: "Callable[[SqlUnit], Awaitable[Result]]") -> Result:
        return await self._together.begin(work)

    def begin(self, work: "Callable[[SqlUnit], Awaitable[Result]]") -> "Awaitable[Result]":
        return self._together.begin(work)

    @asynccontextmanager
    async def transaction(self, *, reads: bool = False) -> AsyncIterator[Transaction]:
        """A transaction, rolled back unless committed.

        Writers of this process take turns here, where waiting is fair, before they wait for other
        processes in the database, where it is not. One that only `reads` waits for nobody, except
        in memory, where there is only one connection.
        """
        if reads and not self.location.is_memory:
            async with self._begun(reads=True) as transaction:
                yield transaction
            return
        await self._take_turn()
        try:
            async with self._begun(reads=reads) as transaction:
                yield transaction
        except StoreBusy as error:
            if self.location.is_memory:
                raise
            raise await named(error, partial(self._begun, reads=True)) from error
        finally:
            self._turn.release()

    def _begun(self, *, reads: bool) -> AbstractAsyncContextManager[Transaction]:
        if self.location.is_postgres:
            return begun(self._readers if reads else self._engine, str(self.location))
        return self._kept[reads].begun()

    async def brakes(self, cooling: str) -> Brakes:
        from kalshi_cli.adapters.store.desk import BRAKES, brakes_from

        asked = {"cooling": cooling}
        row = self._glance.row(BRAKES, asked)
        if row is None:
            async with self.transaction(reads=True) as transaction:
                (row,) = await transaction.rows(BRAKES, asked)
        return brakes_from(row)

    def changes(self) -> tuple[int, int] | None:
        return self._glance.version()

    async def carry_over(self) -> None:
        """Make the write-ahead log short, so that no commit has to."""
        if self.location.path is not None:
            await self._kept[False].carry_over()

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(BUSY_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StoreBusy(
                f"{self.location} has had a unit of work open for {BUSY_S} s.",
                remedy="Something else writes to it, or this is a defect: try again.",
            ) from error

    async def close(self) -> None:
        await self._together.close()
        self._glance.close()
        for kept in self._kept.values():
            await kept.close()
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


async def open_store(
    url_or_path: str | Path,
    identity: StoreIdentity,
    *,
    wall_us: int,
    read_only: bool = False,
) -> SqlStore:
    """Open the store that belongs to `identity`; `wall_us` is real time now.

    A missing one is created. Raises `StoreVersion` for an older or newer schema, `StoreMismatch`
    for somebody else's store or database, and `StoreUnusable` for what cannot be read or written,
    or was emptied.
    """
    store = SqlStore(locate(url_or_path), read_only=read_only)
    try:
        await _prepare(store, identity, wall_us)
    except BaseException:
        await store.close()
        raise
    return store


async def _prepare(store: SqlStore, identity: StoreIdentity, wall_us: int) -> None:
    location = store.location
    if location.is_missing and location.path is not None:
        create_file(location.path)
    # In this order: whoever makes a store takes the note that it is unfinished away at the end.
    is_missing, is_unfinished = location.is_missing, location.is_unfinished
    version = None
    if not is_missing:
        if not is_unfinished and location.is_empty:
            raise _emptied(location)
        probe(location, read_only=store.read_only)
        async with store.transaction(reads=True) as transaction:
            version = await schema_version(transaction, str(store.location))
    if version is not None:
        check_version(version, str(location))
        if is_unfinished and location.path is not None:
            finish(location.path)  # whoever made it died before
    elif location.path is not None and not is_missing and not is_unfinished:
        raise _emptied(location)
    else:
        await _create(store, identity, wall_us)
    async with store.transaction(reads=True) as transaction:
        await check_owner(transaction, identity, str(location))


def _emptied(location: Location) -> StoreUnusable:
    return StoreUnusable(
        f"{location} is empty: what it held is gone.",
        remedy="Restore a backup. Only where it never held anything, move the file away.",
    )


async def _create(store: SqlStore, identity: StoreIdentity, wall_us: int) -> None:
    if store.read_only:
        async with SqlStore(store.location) as writable:
            await _create(writable, identity, wall_us)
        return
    async with store.transaction() as transaction:
        # Somebody else may have been faster while we waited for our turn.
        if await schema_version(transaction, str(store.location)) is None:
            await create_schema(transaction, identity, wall_us)
            await transaction.commit()
    if store.location.path is not None:
        finish(store.location.path)
