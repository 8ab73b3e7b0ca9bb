"""`ports.stream.Stream` over a WebSocket: the state machine, connected and kept connected.

The reader only decodes and folds: it waits for frames, never for the consumer. A consumer that is
slow finds the newest books and quotes, and reads that are due instead of queues that overflowed.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed

from kalshi_cli.adapters.kalshi.bucket import Sleep, sleep_monotonic
from kalshi_cli.adapters.kalshi.rows import reason_of
from kalshi_cli.adapters.kalshi.stream.dialing import Connection, Dial
from kalshi_cli.adapters.kalshi.stream.machine import StreamMachine
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import ConfigError, KalshiError, Unavailable
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.stream import Link, StreamEvent

STOOD_STILL = "the program stood still: what arrived meanwhile may be old"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: between two looks at what is overdue, between two pings, and until a ping must have
    been answered; the bounds of the wait before another connection, and how long one must have
    lived for that wait to begin small again; and how late a look may be before nothing that has
    arrived meanwhile is believed: a machine that slept finds frames of hours ago in its buffers.
    """

    tick_s: float = 0.5
    ping_s: float = 5.0
    pong_s: float = 10.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 30.0
    steady_s: float = 30.0
    late_s: float = 10.0


DEFAULT_TIMING = Timing()


class KalshiStream:
    """An async context manager: connected in the background for as long as it is entered."""

    def __init__(
        self,
        dial: Dial,
        clock: Clock,
        machine: StreamMachine,
        *,
        timing: Timing = DEFAULT_TIMING,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = sleep_monotonic,
    ) -> None:
        self._dial, self._clock, self._machine, self._timing = dial, clock, machine, timing
        self._monotonic, self._sleep = monotonic, sleep
        self._news, self._speech = asyncio.Event(), asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._looked_wall_us = 0

    @property
    def link(self) -> Link:
        return self._machine.link

    @property
    def tally(self) -> Mapping[str, int]:
        return self._machine.tally

    def follow(self, tickers: Collection[str]) -> None:
        self._machine.follow(tickers)
        self._stir()

    def unfollow(self, tickers: Collection[str]) -> None:
        self._machine.unfollow(tickers)
        self._stir()

    def book(self, ticker: str) -> OrderBook | None:
        return self._machine.book(ticker)

    async def take(self) -> tuple[StreamEvent, ...]:
        """What has happened since the last call. Raises `ConfigError` where the key is refused at
        the first connection; any other refusal, or a later one, is an outage that may pass.
        """
        while not (events := self._machine.take()):
            if self._running is None or self._running.done():
                if self._running is not None:
                    self._running.result()
                raise Unavailable("The stream is not open.")
            self._news.clear()
            await self._news.wait()
        return events

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name="stream")
        self._running.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))
            _ = self._running.cancelled() or self._running.exception()  # `take` raises it

    async def _run(self) -> None:
        """Connect, again and again, after waits of full jitter that grow while nothing holds."""
        attempt = 0
        while True:
            began_s = self._monotonic()
            try:
                async with self._dial() as connection:
                    reason = await self._converse(connection)
            except ConnectionClosed as error:
                reason = _goodbye(error)
            except (KalshiError, OSError) as error:
                if isinstance(error, ConfigError) and self._machine.link.heard_us is None:
                    raise
                reason = reason_of(error)
            self._machine.closed(reason)
            self._stir()
            held = self._monotonic() - began_s >= self._timing.steady_s
            attempt = 0 if held else attempt + 1
            most_s = min(self._timing.longest_wait_s, self._timing.first_wait_s * 2**attempt)
            await self._sleep(random.uniform(0, most_s))  # noqa: S311 - no secret

    async def _converse(self, connection: Connection) -> str:
        """Until the connection ends: the reason why it was given up. Raises `ConnectionClosed`."""
        self._looked_wall_us = self._clock.wall()
        self._machine.opened(self._clock.now(), self._monotonic())
        self._stir()
        work: list[Awaitable[str]] = [
            self._read(connection),
            self._write(connection),
            self._keep_time(),
            self._ping(connection),
        ]
        tasks = [asyncio.ensure_future(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            for task in tasks:
                _ = task.cancelled() or task.exception()  # one reason is enough
        return next(iter(done)).result()

    async def _read(self, connection: Connection) -> str:
        while not self._machine.broken:
            data = await connection.recv()
            if self._is_late:
                return STOOD_STILL
            self._machine.receive(data, self._clock.now())
            self._stir()
        return self._machine.broken

    async def _write(self, connection: Connection) -> str:
        while True:
            self._speech.clear()
            for command in self._machine.commands():
                await connection.send(command)
            await self._speech.wait()

    async def _keep_time(self) -> str:
        while not self._machine.broken:
            await self._sleep(self._timing.tick_s)
            if self._is_late:
                return STOOD_STILL
            self._looked_wall_us = self._clock.wall()
            self._machine.tick(self._monotonic())
            self._stir()
        return self._machine.broken

    async def _ping(self, connection: Connection) -> str:
        """Sound the connection. Its answer says that whatever was sent before has arrived."""
        while True:
            try:
                async with asyncio.timeout(self._timing.pong_s):
                    await (await connection.ping())
            except TimeoutError:
                return f"no pong within {self._timing.pong_s:g} s"
            if self._is_late:
                return STOOD_STILL
            self._machine.heard(self._clock.now())
            await self._sleep(self._timing.ping_s)

    @property
    def _is_late(self) -> bool:
        """Whether nothing ran for so long that what arrived meanwhile may be old."""
        return self._clock.wall() - self._looked_wall_us > self._timing.late_s * SECOND

    def _stir(self) -> None:
        """Wake whoever waits for what there is now."""
        if self._machine.mailbox:
            self._news.set()
        if self._machine.has_commands:
            self._speech.set()


def _goodbye(error: ConnectionClosed) -> str:
    """How a connection ended: by the exchange's own word, or without one."""
    if error.rcvd is None:
        return "the connection broke off"
    said = " ".join(error.rcvd.reason.split())[:200]
    return f"the exchange closed the connection: {error.rcvd.code} {said}".rstrip()
