"""Instants and spans as integer UTC microseconds.

`*_us` is market time, `*_wall_us` is real time. Nothing here reads a clock.
"""

import re
from datetime import UTC, datetime, timedelta

from kalshi_cli.errors import InvalidValue

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
AHEAD = MINUTE
"""How far after now an instant on record may lie; more is by a clock that was set back since."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN = re.compile(r"(?:(\d{1,12})d)?(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s)?", re.ASCII)
"""No more digits than an integer is made of in no time."""


def from_datetime(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime; `InvalidValue` for a naive one."""
    if moment.tzinfo is None:
        raise InvalidValue(f"{moment.isoformat()} has no time zone.")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(instant_us: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant_us)


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 time as the exchange writes it; `InvalidValue` if it is none."""
    try:
        return from_datetime(datetime.fromisoformat(text))
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidValue(f"Expected an RFC 3339 time, was {text!r}.") from error


def to_rfc3339(instant_us: int) -> str:
    """Write an instant as RFC 3339 UTC, with microseconds only where there are any."""
    return to_datetime(instant_us).isoformat().replace("+00:00", "Z")


def spoken(instant_us: int) -> str:
    """`2027-01-04 06:15Z`, for sentences."""
    return to_datetime(instant_us).strftime("%Y-%m-%d %H:%MZ")


def parse_span(text: str) -> int:
    """Read `6h`, `90s`, `1d12h` as microseconds; `InvalidValue` if it is none."""
    match = _SPAN.fullmatch(text.strip())
    if not text.strip() or match is None:
        raise InvalidValue(f"Expected a span such as 90s, 15m, 6h or 1d12h, was {text!r}.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND


def format_span(span_us: int) -> str:
    """Write a span for people with its two largest units: `6h`, `1d12h`, `45s`."""
    rest = abs(span_us) // SECOND
    parts: list[str] = []
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{letter}")
    return ("-" if span_us < 0 else "") + ("".join(parts[:2]) or "0s")


def day_of(instant_us: int) -> int:
    """The UTC day number of an instant: budgets and daily loss turn over at 00:00Z."""
    return instant_us // DAY
