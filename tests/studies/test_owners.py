"""Two worlds of the study of owners; and its arithmetic by hand: a witness must see a fault."""

import asyncio
from fractions import Fraction

import pytest

from studies.owners import CENT, Claim, Witness, _wrong, drawn, run_owners, told, worst

EXCLUSIVE = {"A": "E", "B": "E"}


def a_claim(ticker, net, cost, owner="directional_trading", *, rests=False):
    return Claim(ticker, owner, Fraction(net), Fraction(cost), rests)


def wrong(claims, *, cash=1_000, peak=1_000):
    settings = drawn(1)
    return list(_wrong(Witness(settings, Fraction(peak)), claims, {}, Fraction(cash)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_worlds_are_without_fault() -> None:
    runs = [asyncio.run(run_owners(seed, cycles=2)) for seed in (3, 4)]
    assert [run.wrong for run in runs] == [(), ()]
    assert sum(run.orders for run in runs) > 5
    assert "0 worlds with anything wrong" in told(runs)


def test_settings_differ_and_shares_are_within_the_whole() -> None:
    all_drawn = [drawn(seed) for seed in range(50)]
    assert all(sum(each.allocation.shares.values()) <= 1 for each in all_drawn)
    assert len({each.risk.max_market_exposure for each in all_drawn}) == 50


def test_of_an_exclusive_event_one_market_at_most_is_yes() -> None:
    both = [a_claim("A", 10, 4), a_claim("B", 10, 3)]
    assert worst(both, EXCLUSIVE) == 7  # neither
    assert worst(both, {}) == 7
    against = [a_claim("A", -10, 6), a_claim("B", -10, 7)]
    assert worst(against, EXCLUSIVE) == 3  # B: 7 is lost, 4 of A won
    assert worst(against, {}) == 13


def test_what_rests_is_filled_only_where_that_hurts() -> None:
    sides = [a_claim("A", 10, 4, rests=True), a_claim("A", -10, 5, rests=True)]
    assert worst(sides, {}) == 5


def test_a_second_owner_and_money_spent_twice_are_seen() -> None:
    two = [a_claim("A", 1, Fraction(1, 2)), a_claim("A", 1, Fraction(1, 2), "market_making")]
    assert wrong(two) == ["A belongs to directional_trading, market_making"]
    assert "what rests may take $2.00 of $1.00" in wrong([a_claim("A", 4, 2, rests=True)], cash=1)


def test_more_than_a_limit_is_seen() -> None:
    settings = drawn(1)
    bankroll = min(Fraction(1_000), Fraction(settings.trading.capital_limit.units, 1_000_000))
    most = Fraction(settings.risk.max_market_exposure) * bankroll
    assert wrong([a_claim("A", 10_000, most, "market_making")]) == []
    (found,) = wrong([a_claim("A", 10_000, most + 2 * CENT, "market_making")])
    assert found.startswith("A may lose")
