"""Looks that follow a look which kept an exit back, or which failed though it was owed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kalshi_cli.scheduler.lanes import Bell
from kalshi_cli.steps.track import TrackResult

AGAIN_S = 5.0
"""Seconds to the next look where one more at once still kept an exit back, or one failed."""


@dataclass(slots=True)
class LookAgain:
    """A look at what is held, which rings for another where an exit was kept back: at once, and
    then after a while for as long as it is. One that was rung for is owed until it succeeds.
    """

    track: Callable[[], Awaitable[TrackResult]]
    bell: Bell
    kept_back: frozenset[tuple[str, str]] = frozenset()
    _is_owed: bool = False
    _next: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """The exchange must be read, now."""
        self._is_owed = True
        self.bell.ring()

    async def __call__(self) -> TrackResult:
        if self._next is not None:
            self._next.cancel()
        before, owed, self._is_owed = self.kept_back, self._is_owed, False
        try:
            done = await self.track()
            self.kept_back, owed = done.kept_back, False
        finally:
            self._is_owed |= owed
            if self.kept_back - before:
                self.bell.ring()
            elif self.kept_back or self._is_owed:
                loop = asyncio.get_running_loop()
                self._next = loop.call_later(AGAIN_S, self.bell.ring)
        return done
