"""Clocks on the system's own: market time is UTC, or as fast as a served world's runs."""

import asyncio
import time

from kalshi_cli.domain.instant import SECOND, to_datetime
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError

_LONGEST_NAP_S = 5.0
"""After a machine slept, so long at most until somebody notices."""
_SLACK_S = 0.5
"""So far apart the clock of the day and the one that is never set may run within one wait."""


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
        await _sleep_until(self, instant_us, 1.0)


class ScaledClock(SystemClock):
    """The clock of an exchange on this machine whose market time is not real time."""

    def __init__(self, scale: TimeScale) -> None:
        self._scale = scale

    def now(self) -> int:
        return self._scale.at(self.wall())

    async def sleep_until(self, instant_us: int) -> None:
        await _sleep_until(self, instant_us, self._scale.speed)


def clock_for(scale: TimeScale | None) -> SystemClock:
    """The clock of an exchange that is not in this process; real time where no scale is given.

    Raises `ConfigError` for a scale by which it is no year of the calendar.
    """
    if scale is None:
        return SystemClock()
    clock = ScaledClock(scale)
    try:
        to_datetime(clock.now())
    except OverflowError as error:
        raise ConfigError(
            "KALSHI_SIM_CLOCK holds no clock of now: by it the year is out of every calendar.",
            remedy="Copy the value of `clock` in the line of `kalshi sim serve`, as JSON.",
        ) from error
    return clock


async def _sleep_until(clock: SystemClock, instant_us: int, speed: float) -> None:
    """Wait in naps, so that a clock set forward or a machine asleep is noticed. One that is set
    back prolongs no wait.
    """
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + (instant_us - clock.now()) / SECOND / speed + _SLACK_S
    while (left_us := instant_us - clock.now()) > 0 and (left_s := ends_s - loop.time()) > 0:
        nap_s = min(left_us / SECOND / speed, left_s, _LONGEST_NAP_S)
        await asyncio.sleep(nap_s)  # noqa: TID251 - this is what sleep_until() is made of
