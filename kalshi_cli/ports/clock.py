"""The two times of a desk."""

from typing import Protocol


class Clock(Protocol):
    """Market time and real time, both in UTC microseconds; no code but an adapter reads them."""

    @property
    def is_virtual(self) -> bool:
        """True where sleeping moves market time at once: jobs then run one at a time."""
        ...

    def now(self) -> int:
        """Market time: quotes, closes, staleness, cooldowns, daily loss."""
        ...

    def wall(self) -> int:
        """Real UTC: leases, heartbeats, signatures, AI budget days, logs."""
        ...

    async def sleep_until(self, instant_us: int) -> None:
        """Wait until market time reaches an instant; returns at once when it has passed, and too
        early only where the clock was set back meanwhile.
        """
        ...
