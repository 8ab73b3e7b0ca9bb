"""Writes that nobody waits for: each is in line before all that is asked for after it.

One that finds the store too busy is in line again, behind what came meanwhile.
"""

import asyncio

from kalshi_cli.ports.store import Store, Write
from kalshi_cli.steps.insisting import insist


class WriteBehind:
    """Into one store. What could not be written is told by `check`, and at the `end`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._under_way: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    def write(self, work: Write) -> None:
        """Put a write in line; it goes on where whoever asked for it is cancelled."""
        task = asyncio.create_task(insist(self._store, work, begun=self._store.begin(work)))
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        failure = None if task.cancelled() else task.exception()
        self._failure = self._failure or failure

    def check(self) -> None:
        """Raises the first failure, once there is one."""
        if self._failure is not None:
            raise self._failure

    async def end(self) -> None:
        """Wait for what is under way. Raises the first failure."""
        while self._under_way:
            await asyncio.wait(self._under_way)
        self.check()
