"""The real clock: one time, in microseconds, and a sleep that ends when it should."""

import time

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.ports.clock import Clock


def test_both_times_are_utc_microseconds() -> None:
    clock: Clock = SystemClock()
    before = time.time_ns() // 1_000
    now, wall = clock.now(), clock.wall()
    after = time.time_ns() // 1_000
    assert before <= now <= wall <= after
    assert not clock.is_virtual


async def test_sleep_until_reaches_its_instant() -> None:
    clock = SystemClock()
    due = clock.now() + 20 * MILLISECOND
    await clock.sleep_until(due)
    assert due <= clock.now() < due + 5 * SECOND


async def test_an_instant_that_has_passed_does_not_wait() -> None:
    clock = SystemClock()
    started = time.monotonic()
    await clock.sleep_until(clock.now() - SECOND)
    assert time.monotonic() - started < 0.5
