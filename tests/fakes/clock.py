"""A clock that stands still until it is moved."""

from kalshi_cli.domain.instant import DAY

START_US = 20_000 * DAY
"""2024-10-04T00:00:00Z."""


class FakeClock:
    """`ports.clock.Clock`: sleeping moves market time at once; real time only when told."""

    def __init__(self, now_us: int = START_US, wall_us: int = START_US) -> None:
        self.now_us = now_us
        self.wall_us = wall_us

    @property
    def is_virtual(self) -> bool:
        return True

    def now(self) -> int:
        return self.now_us

    def wall(self) -> int:
        return self.wall_us

    async def sleep_until(self, instant_us: int) -> None:
        self.now_us = max(self.now_us, instant_us)
