from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.instant import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    day_of,
    format_span,
    from_datetime,
    parse_rfc3339,
    parse_span,
    to_datetime,
    to_rfc3339,
)
from kalshi_cli.errors import InvalidValue

INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS)
def test_text_and_back_keeps_every_microsecond(moment):
    instant = from_datetime(moment)
    assert to_datetime(instant) == moment
    assert parse_rfc3339(to_rfc3339(instant)) == instant


def test_known_instants():
    assert parse_rfc3339("1970-01-01T00:00:01Z") == SECOND
    assert parse_rfc3339("2024-08-15T14:00:00+02:00") == parse_rfc3339("2024-08-15T12:00:00Z")
    assert to_rfc3339(1_798_934_400 * SECOND) == "2027-01-03T00:00:00Z"
    assert from_datetime(datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=1)))) == 23 * HOUR


@pytest.mark.parametrize("text", ["", "today", "2024-08-15T14:00:00", "2024-13-01T00:00:00Z", None])
def test_refuses_what_is_no_instant(text):
    with pytest.raises(InvalidValue):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [("90s", 90 * SECOND), ("15m", 15 * MINUTE), ("6h", 6 * HOUR), ("1d12h", 36 * HOUR)],
)
def test_spans_as_people_write_them(text, span):
    assert parse_span(text) == span
    assert parse_span(format_span(span)) == span


@pytest.mark.parametrize("text", ["", "6", "h", "6 h", "-6h", "1h1d", "1.5h", "9" * 5_000 + "d"])
def test_refuses_what_is_no_span(text):
    with pytest.raises(InvalidValue):
        parse_span(text)


def test_days_turn_over_at_midnight_utc():
    assert day_of(DAY - 1) == 0
    assert day_of(DAY) == 1
    assert day_of(-1) == -1


def test_spans_for_people_have_two_units_and_a_sign():
    assert format_span(DAY + HOUR + MINUTE) == "1d1h"
    assert format_span(-90 * SECOND) == "-1m30s"
    assert format_span(0) == "0s"
