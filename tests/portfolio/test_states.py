"""States by hand, and that what they say of each market adds up."""

from itertools import pairwise

import pytest
from fakes.decisions import a_market
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.portfolio.states import (
    LEAST_CHANCE,
    Firmness,
    Member,
    Rung,
    alone,
    exclusive,
    ladder,
    rung_of,
)

HELD, YES, NO = Firmness


def chance(states, ticker):
    return sum(c * pay for c, pay in zip(states.chances, states.pays[ticker], strict=True))


def test_exclusive_legs_leave_the_rest_to_none():
    states = exclusive([Member("A", 0.3, YES), Member("B", 0.5, NO)])
    assert states.chances == pytest.approx((0.3, 0.5, 0.2))
    assert states.pays == {"A": (1.0, 0.0, 0.0), "B": (0.0, 1.0, 0.0)}


def test_beyond_one_what_is_only_held_gives_way_then_yes_and_no_last():
    legs = [Member("A", 0.6, YES), Member("B", 0.5, NO), Member("C", 0.3, HELD)]
    states = exclusive(legs)
    # C's 0.3 go, 0.1 of A's after them; B buys NO, and a smaller chance would flatter it
    assert states.chances == pytest.approx((0.5, 0.5, 0.0, 0.0), abs=1e-8)
    some = exclusive([Member("A", 0.6, YES), Member("C", 0.5, HELD)])
    assert some.chances == pytest.approx((0.6, 0.4, 0.0), abs=1e-8)
    both = exclusive([Member("A", 0.9, NO), Member("B", 0.6, NO)])
    assert both.chances == pytest.approx((0.6, 0.4, 0.0), abs=1e-8)


def test_a_ladder_has_a_state_between_each_two_rungs():
    rungs = [Member("A", 0.8, YES, Rung(80, 1)), Member("B", 0.5, NO, Rung(82, 1)),
             Member("C", 0.1, YES, Rung(84, 1))]  # fmt: skip
    states = ladder(rungs[::-1])
    assert states.chances == pytest.approx((0.2, 0.3, 0.4, 0.1))
    assert states.pays["A"] == (0.0, 1.0, 1.0, 1.0)
    assert states.pays["C"] == (0.0, 0.0, 0.0, 1.0)


def test_rungs_that_disagree_are_pooled_and_equal_ones_share():
    rungs = [Member("A", 0.4, YES, Rung(80, 1)), Member("B", 0.6, YES, Rung(82, 1)),
             Member("C", 0.5, YES, Rung(82, 1))]  # fmt: skip
    states = ladder(rungs)
    # B and C are one rung at 0.55; A at 0.4 cannot be below it: (0.4 + 2 * 0.55) / 3
    for ticker in "ABC":
        assert chance(states, ticker) == pytest.approx(0.5)


def test_one_alone():
    assert alone(Member("A", 0.3, YES)).chances == pytest.approx((0.3, 0.7))


@pytest.mark.parametrize(
    ("market", "expected"),
    [
        ({"strike_type": "greater", "floor_strike": "80.5"}, ("up", Rung(80.5, 1))),
        ({"strike_type": "greater_or_equal", "floor_strike": "80.5"}, ("up", Rung(80.5, 0))),
        ({"strike_type": "less", "cap_strike": "80"}, ("down", Rung(-80, 1))),
        ({"strike_type": "less_or_equal", "cap_strike": "80"}, ("down", Rung(-80, 0))),
        ({"strike_type": "greater", "cap_strike": "80"}, None),
        ({"strike_type": "greater", "floor_strike": "odd"}, None),
        ({"strike_type": "less", "cap_strike": "nan"}, None),
        ({"strike_type": "between", "floor_strike": "80", "cap_strike": "81"}, None),
        ({}, None),
    ],
)
def test_rungs_of_markets(market, expected):
    assert rung_of(a_market(**market)) == expected


CHANCES = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6)


@given(CHANCES, st.data())
def test_chances_are_kept_where_they_fit_and_always_add_up(chances, data):
    kinds = [data.draw(st.sampled_from(Firmness)) for _ in chances]
    legs = [
        Member(f"M{i}", c, kind) for i, (c, kind) in enumerate(zip(chances, kinds, strict=True))
    ]
    states = exclusive(legs)
    assert sum(states.chances) == pytest.approx(1.0)
    assert min(states.chances) >= LEAST_CHANCE / 2
    for leg in legs:
        own = chance(states, leg.ticker)
        assert own <= leg.chance + 1e-6
        if sum(chances) <= 1.0:
            assert own == pytest.approx(leg.chance, abs=1e-6)


@given(CHANCES)
def test_a_ladder_never_rises_and_keeps_what_falls(chances):
    rungs = [Member(f"M{i}", c, YES, Rung(i, 1)) for i, c in enumerate(chances)]
    states = ladder(rungs)
    found = [chance(states, rung.ticker) for rung in rungs]
    assert all(easier >= harder - 1e-9 for easier, harder in pairwise(found))
    if chances == sorted(chances, reverse=True):
        assert found == pytest.approx(chances, abs=1e-6)
    assert sum(states.chances) == pytest.approx(1.0)
