"""What is worth asking about, by numbers from a table of the normal distribution."""

from dataclasses import replace

import pytest
from fakes.decisions import PLAIN, a_quote
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FREE, FeeTerms
from kalshi_cli.domain.money import Contracts
from kalshi_cli.forecasting.worth import Prospect, expected_gain, in_order


def gain(bid="0.4900", ask="0.5100", terms=FREE, weight=0.10, **changes):
    quote = a_quote(bid, ask, **changes)
    return expected_gain(quote, terms, weight=weight, logit_error=1.0)


def test_a_move_beyond_half_the_spread_earns():
    """s = 0.1 * 0.25 = 0.025; c = 0.01; c/s = 0.4: phi = 0.3683, Q = 0.3446.

    0.025 * 0.3683 - 0.01 * 0.3446 = 0.005762 a contract, and 100 contracts on each side.
    """
    assert gain() == pytest.approx(2 * 100 * 0.005762, rel=1e-3)


def test_the_fee_counts_as_cost():
    """At 49 and 51 cents 7 % of p(1 - p) is 1.7493 cents: c/s = 1.0997, phi 0.2179, Q 0.1357."""
    each = 0.025 * 0.21793 - 0.027493 * 0.13573
    assert gain(terms=PLAIN) == pytest.approx(2 * 100 * each, rel=2e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"bid": None},
        {"ask": None},
        {"bid": "0.4000", "ask": "0.5100"},  # more than 10 cents apart: no market
        {"terms": FeeTerms("a new kind")},
        {"weight": 0.0},
    ],
)
def test_what_cannot_be_traded_on_is_worth_nothing(changes):
    assert gain(**changes) == 0.0


def test_tight_deep_and_uncertain_markets_are_worth_more():
    assert gain() > gain("0.4700", "0.5300")
    assert gain() > gain("0.0900", "0.1100")
    deep = a_quote("0.4900", "0.5100")
    deep = replace(deep, bid=replace(deep.bid, count=Contracts.parse("900.00")))
    assert expected_gain(deep, FREE, weight=0.1, logit_error=1.0) == pytest.approx(5 * gain())


def prospect(name, gain=1.0, length=1.0, *, held=False, asked=0):
    return Prospect(name, gain, length, held, asked)


def test_held_first_then_by_what_it_brings_for_its_price():
    found = in_order(
        [
            prospect("cheap", 2.0, 2.0),
            prospect("rich", 9.0, 3.0),
            prospect("held", 0.0, held=True),
            prospect("dear", 9.0, 90.0),
        ]
    )
    assert found == ("held", "rich", "cheap", "dear")


def test_one_in_ten_goes_by_turn():
    """What was never asked about goes before what was, however little it promises."""
    many = [prospect(f"m{n:02}", gain=100.0 - n, asked=n + 1) for n in range(20)]
    found = in_order([*many, prospect("never", gain=0.0, asked=None)])
    assert found[:9] == tuple(f"m{n:02}" for n in range(9))
    assert found[9] == "never"
    assert found[10:18] == tuple(f"m{n:02}" for n in range(9, 17))


prospects = st.lists(
    st.builds(
        Prospect,
        st.uuids(),
        st.floats(0, 10),
        st.floats(1, 40),
        st.booleans(),
        st.none() | st.integers(0, 99),
    ),
    max_size=40,
)


@given(prospects)
def test_everything_comes_once(asked):
    found = in_order(asked)
    assert len(found) == len(asked)
    assert set(found) == {each.what for each in asked}
    held = [each.is_held for name in found for each in asked if each.what == name]
    assert held == sorted(held, reverse=True)
