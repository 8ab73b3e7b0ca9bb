"""The right to trade an account: one row, taken atomically, renewed from a thread.

The thread has a loop and a connection of its own, so that neither a slow AI nor a long step in the
program's loop lets the lease run out. It looks at the time every second, so that a lease that ran
out while the machine slept is renewed at once, unless somebody took it. One whose
holder is dead on this machine may be taken at once: should the holder be alive after all, in
another container perhaps, its next journal entry finds a foreign token, and nothing is sent.
"""

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.occupant import is_alive
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.adapters.store.transaction import AnyRow
from kalshi_cli.domain.instant import SECOND, format_span
from kalshi_cli.errors import KalshiError, LeaseHeld, LeaseRanOut
from kalshi_cli.ports.desk import Holder

TTL_S = 30.0
RENEW_S = 10.0
_RETRY_S = 1.0
_LONGEST_NAP_S = 1.0
"""After a machine slept, so long at most until its lease is renewed."""
_FOR_EVER_S = 10.0**10
_ROW = t.LEASES.c


@dataclass(frozen=True, slots=True)
class _Terms:
    name: str
    token: str
    wall: Callable[[], int]
    ttl_s: float
    renew_s: float

    def expiry(self) -> int:
        return self.wall() + int(self.ttl_s * SECOND)


class HeldLease:
    """Implements `ports.store.Lease`. `check` is memory only: it is asked just before sending."""

    def __init__(self, terms: _Terms, expires_wall_us: int) -> None:
        self._terms = terms
        self._expires_wall_us = expires_wall_us
        self._lost = False

    @property
    def token(self) -> str:
        return self._terms.token

    def check(self) -> None:
        if self._lost:
            raise LeaseHeld("Another process has taken over this account.", remedy=_REMEDY)
        if self._terms.wall() >= self._expires_wall_us:
            raise LeaseRanOut(
                "The right to trade this account has run out; nothing was sent.",
                remedy="It is renewed at once, unless another process took it.",
            )

    @property
    def due_wall_us(self) -> int:
        """When it is to be renewed: counted from when it last was, however long ago that is."""
        return self._expires_wall_us - int((self._terms.ttl_s - self._terms.renew_s) * SECOND)

    def renewed(self, expires_wall_us: int) -> None:
        self._expires_wall_us = expires_wall_us

    def lost(self) -> None:
        self._lost = True


_REMEDY = "See what else is running, then start again."


@asynccontextmanager
async def hold_lease(
    store: SqlStore,
    name: str,
    wall: Callable[[], int],
    *,
    ttl_s: float = TTL_S,
    renew_s: float = RENEW_S,
) -> AsyncIterator[HeldLease]:
    """Hold the lease `name` while the block runs; `wall` tells real time.

    Raises `LeaseHeld`, naming pid, host and age of the holder, when somebody else has it.
    """
    if store.location.is_memory:
        async with _held_in_memory(store, name, wall) as lease:
            yield lease
        return
    terms = _Terms(name, secrets.token_hex(16), wall, ttl_s, renew_s)
    keeper = _Keeper(store, terms)
    keeper.start()
    try:
        yield await asyncio.wrap_future(keeper.taken)
    finally:
        keeper.stop()
        await asyncio.to_thread(keeper.join)


@asynccontextmanager
async def _held_in_memory(
    store: SqlStore, name: str, wall: Callable[[], int]
) -> AsyncIterator[HeldLease]:
    """No other process sees a store in memory, so its lease needs no renewing."""
    terms = _Terms(name, secrets.token_hex(16), wall, _FOR_EVER_S, _FOR_EVER_S)
    lease = await _take(store, terms)
    try:
        yield lease
    finally:
        await _release(store, terms)


class _Keeper(threading.Thread):
    """Takes the lease, renews it until told to stop, and gives it back."""

    def __init__(self, store: SqlStore, terms: _Terms) -> None:
        super().__init__(name=f"lease-{terms.name}", daemon=True)
        self.taken: Future[HeldLease] = Future()
        self.taken.set_running_or_notify_cancel()  # it can no longer be cancelled from outside
        self._location = store.location
        self._terms = terms
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._keep())

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def _keep(self) -> None:
        async with SqlStore(self._location) as store:
            try:
                lease = await _take(store, self._terms)
            except BaseException as error:  # noqa: BLE001 - the waiting side raises it
                self.taken.set_exception(error)
                return
            self.taken.set_result(lease)
            while not await self._stopped_until_due(lease.due_wall_us):
                if not await self._renew(store, lease):
                    return
                with suppress(KalshiError):  # it grows a little longer
                    await store.carry_over()
            with suppress(KalshiError):  # a full disk, say: the lease then runs out by itself
                await _release(store, self._terms)

    async def _stopped_until_due(self, due_wall_us: int) -> bool:
        """Wait until the lease is to be renewed; true once there is nothing to renew for."""
        terms = self._terms
        left_s = terms.renew_s
        while left_s > 0 and terms.wall() < due_wall_us:
            nap_s = min(left_s, _LONGEST_NAP_S)
            if await self._stopped_within(nap_s):
                return True
            left_s -= nap_s
        return False

    async def _renew(self, store: SqlStore, lease: HeldLease) -> bool:
        """False once somebody else has it. A busy database is tried again until time is up."""
        while True:
            try:
                expires_wall_us = await _extend(store, self._terms)
            except KalshiError:
                if await self._stopped_within(_RETRY_S):
                    return True
                continue
            if expires_wall_us is None:
                lease.lost()
                return False
            lease.renewed(expires_wall_us)
            return True

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False


async def _take(store: SqlStore, terms: _Terms) -> HeldLease:
    async with store.transaction() as transaction:
        row = await transaction.first(select(*_ROW).where(_ROW.name == terms.name))
        if row is not None:
            _refuse_if_held(row, terms.wall())
        expires_wall_us = terms.expiry()
        await transaction.upsert(t.LEASES, [_lease_row(terms, expires_wall_us)])
        await transaction.commit()
    return HeldLease(terms, expires_wall_us)


def _lease_row(terms: _Terms, expires_wall_us: int) -> dict[str, object]:
    now_us = terms.wall()
    return {
        "name": terms.name,
        "token": terms.token,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "acquired_wall_us": now_us,
        "renewed_wall_us": now_us,
        "expires_wall_us": expires_wall_us,
    }


def _refuse_if_held(row: AnyRow, now_us: int) -> None:
    holder = _holder_from(row, now_us)
    if holder is None:
        return
    age = format_span(now_us - holder.since_wall_us)
    raise LeaseHeld(
        f"Process {holder.pid} on {holder.host} has been trading this account for {age}.",
        remedy="Stop it, or leave it to it: `kalshi halt` and `kalshi close` reach it.",
    )


async def holder_of(store: SqlStore, name: str, wall_us: int) -> Holder | None:
    """Who holds the lease; None where it may be taken."""
    async with store.transaction(reads=True) as transaction:
        row = await transaction.first(select(*_ROW).where(_ROW.name == name))
    return None if row is None else _holder_from(row, wall_us)


def _holder_from(row: AnyRow, now_us: int) -> Holder | None:
    """None for a lease that ran out, or whose holder is dead on this machine."""
    _, _, pid, host, acquired_us, _, expires_us = row
    if expires_us <= now_us or (host == socket.gethostname() and not is_alive(pid)):
        return None
    return Holder(pid, host, acquired_us)


def _ours(terms: _Terms) -> ColumnElement[bool]:
    return (_ROW.name == terms.name) & (_ROW.token == terms.token)


async def _extend(store: SqlStore, terms: _Terms) -> int | None:
    """Renew the lease; None when it is not ours any more."""
    expires_wall_us = terms.expiry()
    async with store.transaction() as transaction:
        renewal = update(t.LEASES).where(_ours(terms))
        renewal = renewal.values(renewed_wall_us=terms.wall(), expires_wall_us=expires_wall_us)
        if not await transaction.write(renewal):
            return None
        await transaction.commit()
    return expires_wall_us


async def _release(store: SqlStore, terms: _Terms) -> None:
    async with store.transaction() as transaction:
        await transaction.write(delete(t.LEASES).where(_ours(terms)))
        await transaction.commit()
