"""A desk that may die at any write, and an exchange that shows it the past and the present mixed.

`Fuse` counts what the desk does for good: requests that write, and commits. Where it is lit, the
desk dies at the chosen one, before or after it, as a killed process would: nothing after it runs.
"""

import copy
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from fakes.exchange import FakeExchange

from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import PlacementKind

Answer = TypeVar("Answer")


class Crash(BaseException):
    """The desk's process is killed here. No `except KalshiError` may survive it."""


class Fuse:
    def __init__(self) -> None:
        self._left: int | None = None
        self._after = False

    def light(self, writes: int, *, after: bool) -> None:
        """Die at the write of this number, counted from here."""
        self._left, self._after = writes, after

    def put_out(self) -> None:
        self._left = None

    async def around(self, write: Callable[[], Awaitable[Answer]]) -> Answer:
        if self._left is None:
            return await write()
        self._left -= 1
        dies = self._left == 0
        if dies and not self._after:
            raise Crash
        answer = await write()
        if dies:
            raise Crash
        return answer


class MortalStore:
    """A store whose commits may be the last thing that the desk does."""

    def __init__(self, store: Any, fuse: Fuse) -> None:
        self.store, self._fuse = store, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def unit(self, *, reads: bool = False):
        async with self.store.unit(reads=reads) as unit:
            yield _MortalUnit(unit, self._fuse)


class _MortalUnit:
    def __init__(self, unit: Any, fuse: Fuse) -> None:
        self._unit, self._fuse = unit, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def commit(self) -> None:
        await self._fuse.around(self._unit.commit)


class Venue:
    """The scriptable exchange as a desk reaches it: writes may kill, reads lag, fail and repeat.

    Until `lags_until`, reads of the account show how it was when `lag` was called. The read of
    number `fails_at` from now fails. Lists of fills come shuffled and partly doubled by `spoils`.
    `before` and `after` run once around the next order: another lane, or whoever trades besides.
    No order may be sent twice, unless the exchange or the wire said that it never arrived.
    """

    def __init__(self, exchange: FakeExchange, fuse: Fuse) -> None:
        self.exchange, self._fuse = exchange, fuse
        self._replica: FakeExchange | None = None
        self.lags_until = 0
        self.fails_at = 0
        self.spoils: random.Random | None = None
        self.before: list[Callable[[], Awaitable[None]]] = []
        self.after: list[Callable[[], Awaitable[None]]] = []
        self.answers: dict[str, list[PlacementKind | None]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exchange, name)

    def lag(self, until_us: int) -> None:
        """From now on reads show the account as it is now."""
        self._replica = frozen = copy.copy(self.exchange)
        for name, value in vars(frozen).items():
            if isinstance(value, (list, dict)):
                setattr(frozen, name, copy.copy(value))
        self.lags_until = until_us

    def catch_up(self) -> None:
        """Reads show everything, and none fails any more."""
        self._replica, self.lags_until, self.fails_at, self.spoils = None, 0, 0, None
        self.before.clear()
        self.after.clear()
        for scripted in (self.exchange.placing, self.exchange.cancelling, self.exchange.amending):
            scripted.clear()
        self.exchange._misses.clear()
        self.exchange.hidden_reads = 0

    def _shown(self) -> FakeExchange:
        if self.fails_at:
            self.fails_at -= 1
            if not self.fails_at:
                raise Unavailable("The exchange does not answer.")
        if self._replica is not None and self.exchange.clock.now() < self.lags_until:
            return self._replica
        return self.exchange

    # Reads of the account.

    async def order(self, order_id: str):
        return await self._shown().order(order_id)

    async def orders(self, **wanted):
        return await self._shown().orders(**wanted)

    async def fills(self, **wanted):
        page = await self._shown().fills(**wanted)
        if self.spoils is None:
            return page
        rows = [*page.items, *(row for row in page.items if self.spoils.random() < 0.5)]
        self.spoils.shuffle(rows)
        return replace(page, items=tuple(rows))

    async def positions(self, cursor: str = ""):
        return await self._shown().positions(cursor)

    async def settlements(self, **wanted):
        return await self._shown().settlements(**wanted)

    async def cash_movements(self, cursor: str = ""):
        return await self._shown().cash_movements(cursor)

    async def balance(self):
        return await self._shown().balance()

    # Writes.

    async def place(self, client_order_id: str, intent, **more):
        told = self.answers.setdefault(client_order_id, [])
        assert set(told) <= {PlacementKind.THROTTLED, PlacementKind.NOT_SENT}, (
            f"{client_order_id} was sent again after {told}"
        )
        await self._run(self.before)
        told.append(None)  # until the answer comes, which it may not

        async def sent():
            answer = await self.exchange.place(client_order_id, intent, **more)
            told[-1] = answer.kind
            return answer

        answer = await self._fuse.around(sent)
        await self._run(self.after)
        return answer

    async def _run(self, hooks: list[Callable[[], Awaitable[None]]]) -> None:
        while hooks:
            await hooks.pop()()

    async def cancel(self, *address):
        return await self._fuse.around(lambda: self.exchange.cancel(*address))

    async def cancel_batch(self, orders: Sequence[Any]):
        return await self._fuse.around(lambda: self.exchange.cancel_batch(orders))

    async def cancel_all(self):
        return await self._fuse.around(self.exchange.cancel_all)

    async def amend(self, order_id: str, intent, **more):
        return await self._fuse.around(lambda: self.exchange.amend(order_id, intent, **more))

    async def decrease(self, *asked):
        return await self._fuse.around(lambda: self.exchange.decrease(*asked))
