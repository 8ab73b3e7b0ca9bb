"""Writes of several tasks in one transaction.

A commit waits for the disk, and no longer for many writes than for one: what is asked for while a
transaction is under way goes into the next one, together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kalshi_cli.errors import StoreBusy

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.unit import SqlUnit

Result = TypeVar("Result")
Work = Callable[["SqlUnit"], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class _Write:
    work: Work[Any]
    done: asyncio.Future[Any]


class Together:
    """The writes of one store, whose units `begun` opens."""

    def __init__(self, begun: "Callable[[], AbstractAsyncContextManager[SqlUnit]]") -> None:
        self._begun = begun
        self._waiting: list[_Write] = []
        self._carrier: asyncio.Task[None] | None = None

    def begin(self, work: Work[Result]) -> asyncio.Future[Result]:
        """Put `work` in line. What it returns is told once it is committed.

        Whoever is cancelled before `work` begins leaves nothing. Later it is written all the same,
        unless the transaction fails; whoever has to know looks.
        """
        write = _Write(work, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._carrier is None or self._carrier.done():
            self._carrier = asyncio.create_task(self._carry())
        return write.done

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._carrier is not None:
            await asyncio.wait([self._carrier])

    async def _carry(self) -> None:
        taken: Sequence[_Write] = ()
        try:
            await asyncio.sleep(0)  # noqa: TID251 - whoever asks in this turn goes along
            while self._waiting:
                taken = [write for write in self._waiting if not write.done.cancelled()]
                self._waiting = []
                await self._end(taken)
        finally:  # nobody waits for ever: of what is done already nothing is cancelled
            for write in (*taken, *self._waiting):
                write.done.cancel()

    async def _end(self, taken: Sequence[_Write]) -> None:
        """Write and commit. Where one of them cannot be written, each is, alone.

        A store that is busy is so for all of them: each would wait as long again.
        """
        try:
            results = await self._committed(taken)
        except Exception as failure:  # noqa: BLE001 - it is raised where the write was asked for
            if len(taken) > 1 and not isinstance(failure, StoreBusy):
                for write in taken:
                    await self._end([write])
                return
            for write in taken:
                if not write.done.done():
                    write.done.set_exception(failure)
        else:
            for write, result in results:
                if not write.done.done():
                    write.done.set_result(result)

    async def _committed(self, taken: Sequence[_Write]) -> list[tuple[_Write, Any]]:
        """What came of each, but of those that were given up before their turn came."""
        async with self._begun() as unit:
            results = [(w, await w.work(unit)) for w in taken if not w.done.cancelled()]
            await unit.commit()
        return results
