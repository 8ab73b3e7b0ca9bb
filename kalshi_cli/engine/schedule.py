"""When the exchange as a whole does not trade: every Thursday from 3 to 5 in the morning, ET.

Orders survive that pause and cancels are accepted in it; placing and amending are not. Source:
Kalshi's page on maintenance and pauses.
"""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from kalshi_cli.domain.instant import DAY, from_datetime, to_datetime

EASTERN = ZoneInfo("America/New_York")
PAUSE_HOURS = (3, 5)
"""The first hour of the pause and the first after it, by the clock in New York."""
_WEEK = 7 * DAY
"""Weeks since 1970 begin on Thursdays."""


@cache
def _pause_of(week: int) -> tuple[int, int]:
    day = to_datetime(week * _WEEK)
    start, end = (
        from_datetime(datetime(day.year, day.month, day.day, hour, tzinfo=EASTERN))
        for hour in PAUSE_HOURS
    )
    return start, end


def in_weekly_pause(at_us: int) -> bool:
    """Whether the exchange rests at an instant (market time)."""
    start, end = _pause_of(at_us // _WEEK)
    return start <= at_us < end


def weekly_pause(at_us: int) -> tuple[int, int]:
    """Start and end of the pause that an instant lies in, else of the next one."""
    start, end = _pause_of(at_us // _WEEK)
    return (start, end) if at_us < end else _pause_of(at_us // _WEEK + 1)


def next_change(at_us: int) -> int:
    """The next instant at which the weekly pause begins or ends."""
    start, end = weekly_pause(at_us)
    return start if at_us < start else end
