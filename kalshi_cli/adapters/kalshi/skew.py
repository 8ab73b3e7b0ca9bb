"""How far this machine's clock is from the exchange's, by the `Date` of its answers.

`Date` has whole seconds: one answer tells the difference to within a second and the time it took;
several narrow it down, because the truth lies within all of them. A jump between the clock of the
day and the one that is never set (the machine slept, or somebody set the time) makes it unknown.
"""

import time
from dataclasses import dataclass, field

from kalshi_cli.adapters.kalshi.bucket import Monotonic
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import ClockOff

WARNED_US = 1 * SECOND
REFUSED_US = 3 * SECOND
"""Signatures carry the time. The exchange took ten seconds and refused thirty; orders with an
expiry, and the desk's own rules, are off by as much."""

_SLOWEST_US = 2 * SECOND
"""An answer that took longer says too little."""
_JUMP_US = SECOND // 2
_DRIFT_PPM = 100
"""How fast the clocks of two machines may part."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The exchange's clock minus ours lies between the two, in microseconds."""

    low_us: int
    high_us: int

    @property
    def middle_us(self) -> int:
        return (self.low_us + self.high_us) // 2

    @property
    def certain_us(self) -> int:
        """The difference nearest to none that is still possible."""
        return max(self.low_us, min(0, self.high_us))

    def wider(self, by_us: int) -> "Bounds":
        return Bounds(self.low_us - by_us, self.high_us + by_us)

    def within(self, other: "Bounds") -> "Bounds | None":
        """What both allow; None where they contradict each other."""
        low_us, high_us = max(self.low_us, other.low_us), min(self.high_us, other.high_us)
        return Bounds(low_us, high_us) if low_us <= high_us else None


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks of this machine, read together, in microseconds."""

    wall_us: int
    steady_us: int

    def jumped(self, later: "Moment") -> bool:
        """Whether the clocks disagree about how long it was from here to there."""
        wall_us, steady_us = later.wall_us - self.wall_us, later.steady_us - self.steady_us
        return abs(wall_us - steady_us) > _JUMP_US


@dataclass(slots=True)
class Skew:
    """What the answers so far allow. `monotonic` tells nanoseconds."""

    monotonic: Monotonic = time.monotonic_ns
    _bounds: Bounds | None = None
    _at: Moment | None = field(default=None)

    def moment(self, wall_us: int) -> Moment:
        """Both clocks now, where the clock of the day says `wall_us`."""
        return Moment(wall_us, self.monotonic() // 1_000)

    def measure(self, date_us: int, sent: Moment, received: Moment) -> None:
        """Learn from an answer that was made in the second from `date_us` on."""
        if sent.jumped(received) or received.steady_us - sent.steady_us > _SLOWEST_US:
            return
        told = Bounds(date_us - received.wall_us, date_us + SECOND - sent.wall_us)
        known = self.bounds(received)
        self._bounds = told if known is None else (told.within(known) or told)
        self._at = received

    def bounds(self, now: Moment) -> Bounds | None:
        """What is known now; None where nothing was measured, or before a jump."""
        if self._bounds is None or self._at is None or self._at.jumped(now):
            return None
        return self._bounds.wider((now.steady_us - self._at.steady_us) * _DRIFT_PPM // SECOND)


def warning_of(bounds: Bounds | None) -> str:
    """What a person must know of their clock; empty where it is near enough, or not known."""
    if bounds is None or abs(bounds.certain_us) < WARNED_US:
        return ""
    return f"{_told(bounds)}; set it (NTP): from {REFUSED_US // SECOND} s on nothing is traded"


def refusal_of(bounds: Bounds | None) -> ClockOff | None:
    """Why nothing may be traded by this clock, if so."""
    if bounds is None or abs(bounds.middle_us) < REFUSED_US:
        return None
    return ClockOff(
        f"T{_told(bounds)[1:]}: nothing is sent but cancels.",
        remedy="Set the clock (NTP); `kalshi doctor` measures the difference.",
    )


def _told(bounds: Bounds) -> str:
    seconds = bounds.middle_us / SECOND
    where = "behind" if seconds > 0 else "ahead of"
    return f"this machine's clock is {abs(seconds):.1f} s {where} the exchange's"
