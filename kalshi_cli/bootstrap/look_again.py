"""Looks that follow a look which kept an exit back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kalshi_cli.scheduler.lanes import Bell
from kalshi_cli.steps.track import TrackResult

KEPT_BACK_S = 5.0
"""Seconds to the next look where one more at once still kept an exit back."""


@dataclass(slots=True)
class LookAgain:
    """A look at what is held, which rings for another where an exit was kept back: at once, and
    then after a while for as long as it is.
    """

    track: Callable[[], Awaitable[TrackResult]]
    bell: Bell
    kept_back: frozenset[tuple[str, str]] = frozenset()
    _next: asyncio.TimerHandle | None = None

    async def __call__(self) -> TrackResult:
        if self._next is not None:
            self._next.cancel()
        before = self.kept_back
        try:
            done = await self.track()
            self.kept_back = done.kept_back
        finally:  # one that failed tells nothing else
            if self.kept_back - before:
                self.bell.ring()
            elif self.kept_back:
                loop = asyncio.get_running_loop()
                self._next = loop.call_later(KEPT_BACK_S, self.bell.ring)
        return done
