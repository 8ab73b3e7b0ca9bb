"""How a loop watches what it holds: by the exchange's stream, or by looking now and then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kalshi_cli.bootstrap.feed import stream_of
from kalshi_cli.errors import ConfigError, KalshiError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.stream import Link, Stream
from kalshi_cli.scheduler.lanes import Bell
from kalshi_cli.steps.guarding import Guard
from kalshi_cli.steps.react import listen

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.desk import OpenDesk

BY_THE_LOOP = "the world moves with the loop"


@dataclass(slots=True)
class Watch:
    """An open stream with its guard, or, where `stream` is None, the reason why there is none.

    `armed` rings when an exit is to be sent, `heard` when there is something to book or to read.
    """

    guard: Guard
    stream: Stream | None = None
    reason: str = ""
    armed: Bell = field(default_factory=Bell)
    heard: Bell = field(default_factory=Bell)

    @property
    def described(self) -> str:
        """For people: whether it streams or polls, and why."""
        if self.stream is None:
            return f"polling: {self.reason}"
        if not self.stream.link.connected:
            return f"polling until the stream is back: {self.stream.link.reason}"
        count = len(self.guard.watched)
        return f"streaming {count} market{'' if count == 1 else 's'}"

    @asynccontextmanager
    async def listening(self, stream: Stream, clock: Clock) -> AsyncIterator["asyncio.Task[None]"]:
        """Tell the guard what a stream tells, and ring, for as long as this is entered."""
        self.stream = stream
        heard = listen(stream, self.guard, clock, armed=self.armed.ring, news=self.heard.ring)
        task = asyncio.create_task(heard, name="listening")
        task.add_done_callback(self._ended)
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait((task,))

    def _ended(self, listening: "asyncio.Task[None]") -> None:
        """The exchange refuses the key for its stream, say: from now on the loop looks instead,
        for the first time at once.
        """
        if listening.cancelled():
            return
        error = listening.exception()
        if not isinstance(error, KalshiError):
            logging.getLogger(__name__).error("the stream is not understood", exc_info=error)
        self.stream, self.reason = None, str(error)
        self.guard.hear(Link(connected=False), 0)
        self.guard.owe("the stream was given up")
        self.armed.ring()
        self.heard.ring()


@asynccontextmanager
async def open_watch(desk: "OpenDesk") -> AsyncIterator[Watch]:
    """Open the stream where time is real and a key allows it.

    A simulated world that moves with the loop has nothing to tell in between: the loop looks when
    it is due, so that a run is the same every time.
    """
    watch = Watch(Guard(desk.policies.exits, strategies=desk.policies.trading.strategies))
    async with AsyncExitStack() as stack:
        if desk.clock.is_virtual:
            watch.reason = BY_THE_LOOP
        else:
            await _connect(stack, desk, watch)
        yield watch


async def _connect(stack: AsyncExitStack, desk: "OpenDesk", watch: Watch) -> None:
    from kalshi_cli.adapters.kalshi.stream.channels import ALL

    try:
        stream = stream_of(desk.environment, desk.clock, desk.simulation, ALL)
    except ConfigError as error:
        watch.reason = str(error)
        return
    await stack.enter_async_context(stream)
    await stack.enter_async_context(watch.listening(stream, desk.clock))
