"""The machine's own clock, on a machine that can be put to sleep: for `run_virtual`."""

from fakes.virtual_time import virtual_loop

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.domain.instant import SECOND


class SleepyClock(SystemClock):
    """Real time is the loop's, which never goes back, and what the machine has slept through."""

    def __init__(self, start_us: int) -> None:
        self._start_us = start_us

    def wall(self) -> int:
        return self._start_us + virtual_loop().monotonic_ns() // 1_000

    def sleeps(self, span_us: int) -> None:
        """The machine sleeps now: nothing runs, and only the clock of the day goes on. Below
        zero, somebody sets that clock back.
        """
        self._start_us += span_us

    async def rest(self, seconds: float) -> None:
        """Let the program run for so long."""
        await self.sleep_until(self.now() + int(seconds * SECOND))
