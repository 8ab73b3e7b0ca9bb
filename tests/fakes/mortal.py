"""A desk that may die at any write, and an exchange that shows it the past and the present mixed.

`Fuse` counts what the desk does for good: requests that write, and commits. Where it is lit, the
desk dies at the chosen one, before or after it, as a killed process would: nothing after it runs.
"""

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fakes.exchange import FakeExchange

from kalshi_cli.adapters.store.together import Together
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import PlacementKind

Answer = TypeVar("Answer")
READS = ("orders", "fills", "positions", "balance", "settlements", "cash_movements")
"""What an account can be asked for; each may lag by itself."""


class Crash(BaseException):
    """The desk's process is killed here. No `except KalshiError` may survive it."""


class Fuse:
    def __init__(self) -> None:
        self._left = 0
        self._after = False
        self.has_blown = False

    def light(self, writes: int, *, after: bool) -> None:
        """Die at the write of this number, counted from here; 0 is never."""
        self._left, self._after, self.has_blown = writes, after, False

    def put_out(self) -> None:
        self._left, self.has_blown = 0, False

    async def around(self, write: Callable[[], Awaitable[Answer]]) -> Answer:
        if self.has_blown:
            raise Crash  # whatever another task of it was about to do
        if not self._left:
            return await write()
        self._left -= 1
        dies = self._left == 0
        if dies and not self._after:
            self.has_blown = True
            raise Crash
        answer = await write()
        if dies:
            self.has_blown = True
            raise Crash
        return answer


class MortalStore:
    """A store whose commits may be the last thing that the desk does.

    Writes of several tasks go together, as those of a real store do: they are lost together.
    """

    def __init__(self, store: Any, fuse: Fuse) -> None:
        self.store, self._fuse = store, fuse
        self._together = Together(self.unit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def unit(self, *, reads: bool = False):
        async with self.store.unit(reads=reads) as unit:
            yield _MortalUnit(unit, self._fuse)

    async def write(self, work):
        return await self.begin(work)

    def begin(self, work):
        return self._committed(self._together.begin(work))

    async def _committed(self, begun):
        try:
            return await begun
        except asyncio.CancelledError:
            if self._fuse.has_blown:
                await self._together._carrier  # it died, and says so
            raise


class _MortalUnit:
    def __init__(self, unit: Any, fuse: Fuse) -> None:
        self._unit, self._fuse = unit, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def commit(self) -> None:
        await self._fuse.around(self._unit.commit)


class Watch:
    """Who looks at each order on its way: once it is journalled, and once it arrives."""

    def journalled(self, client_order_id: str) -> None:
        raise NotImplementedError

    def arrives(self, sender: str, purpose: str, client_order_id: str) -> None:
        """`client_order_id` is empty where an order is only changed."""
        raise NotImplementedError


class Venue:
    """The scriptable exchange as desks reach it: writes may kill, reads lag, fail and repeat.

    For `lag_us` after a change of the account, what `lagging` names is shown as it was before; or
    the reads that miss a new order are counted: never both, which would come to more than either.
    The read of number `fails_at` from now fails, and so does every further page while `breaks_off`:
    `broken` tells what was asked for then. Lists of fills come shuffled and partly doubled by
    `spoils`. `before` and `after` run once around the next write: whatever happens meanwhile.
    No order may be sent twice, unless the exchange or the wire said that it never arrived.
    """

    def __init__(self, exchange: FakeExchange, fuse: Fuse, watch: Watch) -> None:
        self.exchange, self._fuse, self._watch = exchange, fuse, watch
        self.lag_us = 0
        self.lagging: frozenset[str] = frozenset()
        self.fails_at = 0
        self.breaks_off = False
        self.broken: set[str] = set()
        self.spoils: random.Random | None = None
        self.before: list[Callable[[], Awaitable[None]]] = []
        self.after: list[Callable[[], Awaitable[None]]] = []
        self.answers: dict[str, list[PlacementKind | None]] = {}
        self.cooling_until = 0
        self._replica: FakeExchange | None = None
        self._lags_until = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exchange, name)

    def lags(self, lag_us: int, lagging: Collection[str]) -> None:
        """From now on, reads show what they showed some time ago."""
        self.lag_us, self.lagging = lag_us, frozenset(lagging)
        self.exchange.hidden_reads = 0
        self.exchange._misses.clear()

    def hides(self, reads: int) -> None:
        """From now on, so many reads miss a new order."""
        self.lag_us, self._replica = 0, None
        self.exchange.hidden_reads = reads

    def changes(self) -> None:
        """Something is about to happen to the account: reads that lag show how it is now."""
        now = self.exchange.clock.now()
        if self.lag_us and now >= self._lags_until:
            self._replica = picture = copy.copy(self.exchange)
            for name, value in vars(picture).items():
                if isinstance(value, (list, dict)):
                    setattr(picture, name, copy.copy(value))
            self._lags_until = now + self.lag_us

    @property
    def tells_the_truth(self) -> bool:
        """Whether everything that is read from here on is how it is."""
        lags = self._replica is not None and self.exchange.clock.now() < self._lags_until
        hides = any(self.exchange._misses.values())
        return not (lags or hides or self.fails_at or self.breaks_off)

    def catch_up(self) -> None:
        """Reads show everything, and none fails any more."""
        self._replica, self.fails_at, self.spoils, self.breaks_off = None, 0, None, False
        self.exchange.page_size = 100
        self.exchange._misses.clear()
        self.calm_down()

    def calm_down(self) -> None:
        """Nothing is to go wrong any more that was to go wrong next."""
        self.before.clear()
        self.after.clear()
        for scripted in (self.exchange.placing, self.exchange.cancelling, self.exchange.amending):
            scripted.clear()

    def _shown(self, what: str, cursor: str = "") -> FakeExchange:
        if self.fails_at:
            self.fails_at -= 1
            if not self.fails_at:
                raise Unavailable("The exchange does not answer.")
        if cursor and self.breaks_off:
            self.broken.add(what)
            raise Unavailable("The exchange does not answer.")
        lags = what in self.lagging and self.exchange.clock.now() < self._lags_until
        return self._replica if lags and self._replica is not None else self.exchange

    # Reads of the account.

    async def order(self, order_id: str):
        return await self._shown("orders").order(order_id)

    async def orders(self, *, cursor: str = "", **wanted):
        return await self._shown("orders", cursor).orders(cursor=cursor, **wanted)

    async def fills(self, *, cursor: str = "", **wanted):
        page = await self._shown("fills", cursor).fills(cursor=cursor, **wanted)
        if self.spoils is None:
            return page
        rows = [*page.items, *(row for row in page.items if self.spoils.random() < 0.5)]
        self.spoils.shuffle(rows)
        return replace(page, items=tuple(rows))

    async def positions(self, cursor: str = ""):
        return await self._shown("positions", cursor).positions(cursor)

    async def settlements(self, *, cursor: str = "", **wanted):
        return await self._shown("settlements", cursor).settlements(cursor=cursor, **wanted)

    async def cash_movements(self, *, cursor: str = "", **wanted):
        shown = self._shown("cash_movements", cursor)
        return await shown.cash_movements(cursor=cursor, **wanted)

    async def balance(self):
        return await self._shown("balance").balance()

    # Writes.

    async def write(self, request: Callable[[], Awaitable[Answer]]) -> Answer:
        await _run(self.before)
        self.changes()
        answer = await self._fuse.around(request)
        await _run(self.after)
        return answer

    async def place(self, client_order_id: str, intent, *, sender: str, permit=None, **more):
        told = self.answers.setdefault(client_order_id, [])
        assert set(told) <= {PlacementKind.THROTTLED, PlacementKind.NOT_SENT}, (
            f"{client_order_id} was sent again after {told}"
        )
        told.append(None)  # until the answer comes, which it may not
        self._watch.journalled(client_order_id)

        async def allowed():
            if permit is not None:
                await permit()
            self._watch.arrives(sender, intent.purpose, client_order_id)

        async def sent():
            answer = await self.exchange.place(client_order_id, intent, permit=allowed, **more)
            told[-1] = answer.kind
            return answer

        return await self.write(sent)

    async def amend(self, order_id: str, intent, *, sender: str, permit=None):
        async def allowed():
            if permit is not None:
                await permit()
            self._watch.arrives(sender, intent.purpose, "")

        return await self.write(lambda: self.exchange.amend(order_id, intent, permit=allowed))

    async def cancel(self, *address):
        return await self.write(lambda: self.exchange.cancel(*address))

    async def cancel_batch(self, orders: Sequence[Any]):
        return await self.write(lambda: self.exchange.cancel_batch(orders))

    async def cancel_all(self):
        self.cooling_until = self.exchange.clock.now() + MINUTE
        return await self.write(self.exchange.cancel_all)

    async def decrease(self, *asked):
        return await self.write(lambda: self.exchange.decrease(*asked))


async def _run(hooks: list[Callable[[], Awaitable[None]]]) -> None:
    while hooks:
        await hooks.pop()()


@dataclass
class Line:
    """How one process reaches the venue: whatever it sends bears its token."""

    venue: Venue
    token: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.venue, name)

    async def place(self, client_order_id: str, intent, **more):
        return await self.venue.place(client_order_id, intent, sender=self.token, **more)

    async def amend(self, order_id: str, intent, **more):
        return await self.venue.amend(order_id, intent, sender=self.token, **more)
