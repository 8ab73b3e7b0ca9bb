"""The harder threshold is never the likelier."""

from dataclasses import replace
from itertools import pairwise

import pytest
from fakes.decisions import a_market
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.ladders import ladders, monotone


def rung(ticker, strike, kind="greater"):
    name = "floor_strike" if kind.startswith("greater") else "cap_strike"
    return replace(a_market(), ticker=ticker, strike_type=kind, **{name: strike})


UP = [rung("C", "30"), rung("A", "9.5"), rung("B", "10")]
DOWN = [rung("L", "10", "less"), rung("M", "20", "less")]


def test_rungs_stand_from_the_easiest_to_the_hardest():
    """By number: as text 9.5 would come after 10."""
    assert ladders([*UP, *DOWN]) == (("A", "B", "C"), ("M", "L"))
    assert ladders([rung("A", "1"), rung("X", None), rung("Y", "n/a")]) == ()
    assert ladders([replace(a_market(), ticker="Z", strike_type="between")] * 2) == ()


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ((0.9, 0.5, 0.1), (0.9, 0.5, 0.1)),
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ((0.4, 0.6, 0.1), (0.5, 0.5, 0.1)),  # the two that disagree meet in their middle
        ((0.1, 0.2, 0.6), (0.3, 0.3, 0.3)),
        ((0.5, 0.2, 0.4), (0.5, 0.3, 0.3)),
    ],
)
def test_neighbours_that_disagree_meet_in_their_mean(given_, expected):
    found = monotone(dict(zip("ABC", given_, strict=True)), UP)
    assert [found[t] for t in "ABC"] == pytest.approx(expected)


chances = st.lists(st.floats(0.001, 0.999), min_size=2, max_size=9)


@given(chances)
def test_it_falls_keeps_the_mean_and_changes_nothing_that_fell(values):
    markets = [rung(f"T{n:02}", str(n)) for n in range(len(values))]
    names = [market.ticker for market in markets]
    found = monotone(dict(zip(names, values, strict=True)), markets)
    out = [found[name] for name in names]
    assert all(a >= b - 1e-12 for a, b in pairwise(out))
    assert sum(out) == pytest.approx(sum(values))
    fallen = sorted(values, reverse=True)
    again = monotone(dict(zip(names, fallen, strict=True)), markets)
    assert [again[name] for name in names] == fallen


def test_markets_off_the_ladder_stay():
    assert monotone({"A": 0.2, "Z": 0.7}, UP) == {"A": 0.2, "Z": 0.7}
