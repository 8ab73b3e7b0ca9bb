"""Whether time passed without the program: a machine that slept, a clock that was set, a block.

A pulse waits a second of market time, over and over, and looks how long that took in real time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kalshi_cli.domain.instant import SECOND, format_span
from kalshi_cli.ports.clock import Clock

PULSE_US = SECOND
TOLERATED_US = SECOND
"""Microseconds of real time by which the program may lag before that is told."""
JUMP_US = 30 * SECOND
"""From here on nothing that was planned or read before is relied on."""


@dataclass(frozen=True, slots=True)
class Late:
    """The program stood still for `by_us` of real time; below zero, the clock was set back."""

    by_us: int
    at_us: int

    @property
    def is_jump(self) -> bool:
        return self.by_us < 0 or self.by_us >= JUMP_US

    def __str__(self) -> str:
        span = format_span(abs(self.by_us))
        if self.by_us < 0:
            return f"the clock was set back by {span}"
        if self.is_jump:
            return f"nothing ran for {span}: the machine slept, or its clock was set forward"
        return f"the program stood still for {span}"


async def keep_time(clock: Clock, tell: Callable[[Late], None]) -> None:
    """Tell of every time that passed without the program; runs until cancelled."""
    while True:
        began_us, began_wall_us = clock.now(), clock.wall()
        await clock.sleep_until(began_us + PULSE_US)
        late = lateness(clock.now() - began_us, clock.wall() - began_wall_us)
        if abs(late) >= TOLERATED_US:
            tell(Late(late, clock.now()))


def lateness(market_us: int, wall_us: int) -> int:
    """By how much real time a pulse took too long, where it took so much of either time.

    Market time may be faster or slower than real time, by a factor that does not change. Where less
    than the pulse passed, the clock was set back by what is missing.
    """
    if market_us < PULSE_US:
        return market_us - PULSE_US
    return wall_us - wall_us * PULSE_US // market_us
