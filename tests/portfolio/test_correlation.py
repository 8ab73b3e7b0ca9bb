"""Correlated bets, by hand."""

import pytest

from kalshi_cli.portfolio.correlation import Bet, kept


def bet(name, stake, *clusters, category="Weather"):
    return Bet((name,), stake, frozenset(clusters), category)


def test_one_alone_keeps_all():
    assert kept([bet("A", 10.0, "u", "d")]) == [1.0]
    assert kept([bet("A", 10.0, "u"), bet("B", 10.0, "v", category="Sports")]) == [1.0, 1.0]


@pytest.mark.parametrize("many", [2, 5, 20])
def test_equal_bets_share_as_the_rule_says(many):
    same_day = [bet(f"A{i}", 7.0, f"u{i}", "d") for i in range(many)]
    assert kept(same_day) == pytest.approx([1 / (1 + (many - 1) * 0.5)] * many)
    same_kind = [bet(f"A{i}", 7.0, f"u{i}", f"d{i}") for i in range(many)]
    assert kept(same_kind) == pytest.approx([1 / (1 + (many - 1) * 0.2)] * many)


def test_two_clusters_in_common_count_once():
    twins = [bet("A", 5.0, "u", "d"), bet("B", 5.0, "u", "d")]
    assert kept(twins) == pytest.approx([1 / 1.5] * 2)


def test_stakes_weigh():
    # A: 10 / (10 + 0.5 * 30 + 0.2 * 5); B: 30 / (30 + 5 + 0.2 * 5); C: 5 / (5 + 0.2 * 40)
    found = kept([bet("A", 10.0, "u", "x"), bet("B", 30.0, "u", "y"), bet("C", 5.0, "v", "z")])
    assert found == pytest.approx([10 / 26, 30 / 36, 5 / 13])


def test_nothing_staked_moves_nothing():
    assert kept([bet("A", 0.0, "u"), bet("B", 3.0, "u")]) == [1.0, 1.0]


def test_order_does_not_matter():
    bets = [bet(f"A{i}", 3.0 + i, f"u{i % 2}", f"d{i % 3}") for i in range(7)]
    assert kept(bets[::-1]) == pytest.approx(kept(bets)[::-1])
