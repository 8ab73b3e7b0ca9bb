"""Simulated endings: how often each comes, and how often together."""

import pytest

from kalshi_cli.portfolio.correlation import Bet
from kalshi_cli.portfolio.scenarios import Scenarios

MANY = 20_000


def bet(name, *clusters, category="Weather"):
    return Bet((name,), 0.0, frozenset(clusters), category)


def test_states_come_as_often_as_they_should():
    endings = Scenarios(1, MANY).endings(bet("A", "u", "d"), (0.2, 0.5, 0.3))
    shares = [endings.count(state) / MANY for state in range(3)]
    assert shares == pytest.approx([0.2, 0.5, 0.3], abs=0.015)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        # two coins of a Gaussian copula fall alike with 1/4 + asin(rho) / (2 pi)
        (bet("A", "u", "d"), bet("B", "u", "d"), 0.3333),
        (bet("A", "u"), bet("B", "v"), 0.2820),
        (bet("A", "u"), bet("B", "u", category="Sports"), 0.2985),
        (bet("A", "u"), bet("B", "v", category="Sports"), 0.2500),
    ],
    ids=["one day", "one category", "one cluster", "strangers"],
)
def test_what_hangs_together_ends_alike_more_often(first, second, both):
    drawn = Scenarios(3, MANY)
    one, other = (drawn.endings(each, (0.5, 0.5)) for each in (first, second))
    together = sum(a == b == 0 for a, b in zip(one, other, strict=True)) / MANY
    assert together == pytest.approx(both, abs=0.015)


def test_who_else_is_drawn_changes_nothing():
    alone = Scenarios(1, 100).endings(bet("A", "u"), (0.4, 0.6))
    drawn = Scenarios(1, 100)
    drawn.endings(bet("B", "u"), (0.1, 0.9))
    assert drawn.endings(bet("A", "u"), (0.4, 0.6)) == alone
