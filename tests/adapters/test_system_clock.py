"""The real clocks: microseconds, and a sleep that ends when it should."""

import time

import pytest
from fakes.clock import START_US
from fakes.sleepy import SleepyClock
from fakes.virtual_time import run_virtual, virtual_loop

from kalshi_cli.adapters.clock import ScaledClock, SystemClock, clock_for
from kalshi_cli.domain.instant import HOUR, MILLISECOND, SECOND
from kalshi_cli.domain.timescale import TimeScale
from kalshi_cli.errors import ConfigError
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


async def test_market_time_of_a_served_world_runs_as_fast_as_it_says() -> None:
    wall = SystemClock().wall()
    clock: Clock = clock_for(TimeScale(wall, 7 * HOUR, 3_600.0))
    assert isinstance(clock, ScaledClock)
    assert not clock.is_virtual
    started = clock.now()
    assert 7 * HOUR <= started < 8 * HOUR
    assert abs(clock.wall() - SystemClock().wall()) < SECOND
    await clock.sleep_until(started + 3 * 60 * SECOND)  # 50 ms of real time
    assert started + 3 * 60 * SECOND <= clock.now() < started + HOUR
    assert type(clock_for(None)) is SystemClock


@pytest.mark.parametrize("wall0_us", [1, 4_000_000_000_000_000])
def test_a_scale_that_leaves_the_calendar_is_refused(wall0_us: int):
    with pytest.raises(ConfigError, match="holds no clock of now"):
        clock_for(TimeScale(wall0_us, wall0_us, 3_600.0))


async def _waited(span_us: int, slept_us: int) -> float:
    """How long a wait of `span_us` takes where the machine sleeps after a second of it."""
    clock = SleepyClock(START_US)
    virtual_loop().call_later(1.0, clock.sleeps, slept_us)
    await clock.sleep_until(clock.now() + span_us)
    return virtual_loop().time()


def test_a_machine_that_slept_through_the_instant_waits_no_more() -> None:
    assert 1.0 <= run_virtual(_waited(60 * SECOND, HOUR)) <= 6.0


def test_a_clock_that_is_set_back_prolongs_no_wait() -> None:
    assert 60.0 <= run_virtual(_waited(60 * SECOND, -HOUR)) <= 60.6
