"""The real clock: market time is UTC, and waiting takes as long as it takes."""

import asyncio
import time

from kalshi_cli.domain.instant import SECOND

_LONGEST_NAP_S = 60.0


class SystemClock:
    """`ports.clock.Clock` on the system's UTC; the only reader of it."""

    @property
    def is_virtual(self) -> bool:
        return False

    def now(self) -> int:
        return self.wall()

    def wall(self) -> int:
        return time.time_ns() // 1_000

    async def sleep_until(self, instant_us: int) -> None:
        """Wait in naps, so that a clock set forward or a machine asleep is noticed."""
        while (left_us := instant_us - self.now()) > 0:
            nap_s = min(left_us / SECOND, _LONGEST_NAP_S)
            await asyncio.sleep(nap_s)  # noqa: TID251 - this is what sleep_until() is made of
