"""The reservation price: symmetric, wider with risk, leaning against what is held."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.reservation import decay, half_spread, quote_prices

fairs = st.floats(0.05, 0.95)
held = st.floats(-1.0, 1.0)
variances = st.floats(0.001, 10.0)
hours = st.floats(0.0, 400.0)
TERMS = {"risk_aversion": 0.1, "decay": 10.0, "floor": 0.01}


def prices(fair, inventory, variance, hours_left, **changes):
    return quote_prices(fair, inventory, variance, hours_left, **{**TERMS, **changes})


def test_as_computed_by_hand():
    # decay 2 * 0.4 * 0.6 / 0.03 = 16; half 0.1 * 0.2 * 4 / 2 + ln(1 + 0.1 / 16) / 0.1 = 0.102305
    # x = ln(0.4 / 0.6) = -0.405465; leaning 0.5 * 0.1 * 0.2 * 2 = 0.02 with two hours left
    k = decay(0.4, 0.03)
    assert k == pytest.approx(16.0)
    assert half_spread(0.2, risk_aversion=0.1, decay=k) == pytest.approx(0.102305, abs=1e-6)
    found = prices(0.4, 0.5, 0.2, 2.0, decay=k)
    assert found.bid == pytest.approx(1 / (1 + math.exp(0.405465 + 0.02 + 0.102305)), abs=1e-6)
    assert found.ask == pytest.approx(1 / (1 + math.exp(0.405465 + 0.02 - 0.102305)), abs=1e-6)


@given(fairs, held, variances, hours)
def test_both_lie_around_the_fair_value_and_keep_their_distance(fair, inventory, variance, left):
    found = prices(fair, inventory, variance, left)
    assert found.bid <= fair - 0.01
    assert found.ask >= fair + 0.01


@given(fairs, held, variances, hours)
def test_no_mirrors_yes(fair, inventory, variance, left):
    plain, turned = (
        prices(fair, inventory, variance, left),
        prices(1 - fair, -inventory, variance, left),
    )
    assert plain.bid == pytest.approx(1 - turned.ask, abs=1e-12)
    assert plain.ask == pytest.approx(1 - turned.bid, abs=1e-12)


@given(fairs, variances, st.floats(1.0, 10.0), hours)
def test_wider_where_markets_move_more(fair, variance, factor, left):
    calm, lively = prices(fair, 0.0, variance, left), prices(fair, 0.0, variance * factor, left)
    assert lively.bid <= calm.bid
    assert lively.ask >= calm.ask


@given(fairs, held, held, variances, hours)
def test_leans_against_what_is_held(fair, one, other, variance, left):
    less, more = sorted((one, other))
    light, heavy = prices(fair, less, variance, left), prices(fair, more, variance, left)
    assert heavy.bid <= light.bid
    assert heavy.ask <= light.ask


@given(fairs, variances, hours, hours)
def test_the_end_coming_near_brings_no_quote_nearer(fair, variance, one, other):
    assert prices(fair, 0.0, variance, one) == prices(fair, 0.0, variance, other)
