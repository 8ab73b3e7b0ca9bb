"""What stopped a market, how near it was, and how many ended alike."""

import pytest

from kalshi_cli.domain.stop import At, Stop, nearest_of, tallied


def a_stop(ticker="A", code="NET_EDGE", value="0.0080", limit="0.0100", at=At.STRATEGY):
    return Stop("directional_trading", ticker, at, code, value, limit)


@pytest.mark.parametrize(
    ("value", "limit", "missed"),
    [
        ("0.0080", "0.0100", 0.2),
        ("-0.0100", "0.0100", 2.0),
        ("$15.000000", "$12.000000", 0.25),
        ("16", "15", 1 / 15),
        ("none", "a number", None),
        ("", "", None),
        ("1", "0", None),
    ],
)
def test_a_miss_is_a_part_of_the_limit(value, limit, missed):
    found = a_stop(value=value, limit=limit).missed_by
    assert found is None if missed is None else found == pytest.approx(missed)


def test_the_nearest_miss_is_the_first_of_equals():
    far, near, same = a_stop("A", value="0.0010"), a_stop("C"), a_stop("B")
    assert nearest_of([far, near, same]) == same
    assert nearest_of([a_stop(value="")]) is None


def test_counts_are_in_the_order_of_a_pass_and_most_first():
    stops = [
        a_stop("A", "RATE", "16", "15", At.CONTROL),
        a_stop("B"),
        a_stop("C", value="0.0090"),
        a_stop("D", "NO_FORECAST", "", ""),
    ]
    counts = tallied(stops)
    assert [(c.at, c.code, c.markets) for c in counts] == [
        (At.STRATEGY, "NET_EDGE", 2),
        (At.STRATEGY, "NO_FORECAST", 1),
        (At.CONTROL, "RATE", 1),
    ]
    assert counts[0].nearest == stops[2]
    assert counts[1].nearest is None
