import math
from dataclasses import replace

import pytest
from fakes.decisions import NOW, a_forecast, a_quote, level
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.blend import (
    MAX_DISTANCE,
    anchored,
    best_known,
    blend,
    held_chance,
    inverse_variance_weight,
)
from kalshi_cli.forecasting.logit import expit, interval_80, logit
from kalshi_cli.forecasting.oracle import blurred

CHANCES = st.floats(0.001, 0.999)
WEIGHTS = st.floats(0.0, 1.0)


@given(CHANCES, WEIGHTS)
def test_agreement_gives_exactly_the_market(market, weight):
    assert blend(market, market, weight) == market


@given(CHANCES, CHANCES, WEIGHTS)
def test_lies_between_the_two_and_near_the_market(ai, market, weight):
    blended = blend(ai, market, weight)
    assert min(ai, market) - 1e-12 <= blended <= max(ai, market) + 1e-12
    assert abs(blended - market) <= MAX_DISTANCE + 1e-12


@given(CHANCES, CHANCES, WEIGHTS)
def test_no_mirrors_yes(ai, market, weight):
    assert blend(1 - ai, 1 - market, weight) == pytest.approx(1 - blend(ai, market, weight))


@pytest.mark.parametrize(
    ("ai", "market", "weight", "blended"),
    [
        (0.64, 0.5, 0.5, 4 / 7),  # odds 16/9, their root 4/3
        (0.8, 0.2, 0.1, 0.32988 / 1.32988),  # odds 1/4 * 16^0.1
        (0.8, 0.5, 0.5, 0.65),  # 2/3, clamped
        (0.2, 0.5, 1.0, 0.35),
        (0.6, 0.5, 1.0, 0.6),
        (0.9, 0.5, 0.0, 0.5),
    ],
)
def test_by_hand(ai, market, weight, blended):
    assert blend(ai, market, weight) == pytest.approx(blended, abs=1e-5)


@given(CHANCES, CHANCES, WEIGHTS, st.floats(0.5, 1.5))
def test_a_fitted_slope_moves_no_further_than_the_clamp(ai, market, weight, slope):
    assert abs(blend(ai, market, weight, slope) - market) <= MAX_DISTANCE + 1e-12


def test_what_is_known_of_a_market_is_what_a_trade_would_rest_on_and_else_the_markets():
    """60 % of a market of 42 %, w = 1: the market moved to 50 %, and then its asks went."""
    quote, one_sided = a_quote("0.4900", "0.5100"), a_quote(ask=None)
    said = a_forecast(0.6, market=0.42, blended=0.57, weight=1.0)
    without = replace(said, market=None, blended=None)
    assert best_known(said, quote) == anchored(said, quote) == pytest.approx(0.6)
    assert anchored(without, quote) is None
    assert best_known(without, quote) == best_known(None, quote) == 0.5
    assert (best_known(said, one_sided), best_known(None, one_sided)) == (0.57, None)


def test_a_slope_stretches_the_markets_log_odds():
    assert blend(0.6, 0.6, 0.2, 1.0) == 0.6
    assert blend(0.6, 0.6, 0.2, 2.0) == pytest.approx(9 / 13)  # odds 3/2 squared
    assert blend(0.8, 0.6, 0.5, 1.2) == pytest.approx(
        expit(1.2 * logit(0.6) + 0.5 * (logit(0.8) - logit(0.6)))
    )


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan])
def test_refuses_a_weight_that_is_none(weight):
    with pytest.raises(ValueError, match="weight"):
        blend(0.5, 0.5, weight)


def test_weights_by_inverse_variance():
    assert inverse_variance_weight(0.3, 0.0) == 1.0
    assert inverse_variance_weight(0.0, 0.0) == 1.0
    assert inverse_variance_weight(0.3, 0.3) == 0.5
    assert inverse_variance_weight(0.3, 0.9) == pytest.approx(0.1)
    assert inverse_variance_weight(0.0, 1.0) == 0.0


@given(st.floats(-30, 30))
def test_log_odds_and_back(log_odds):
    assert logit(expit(log_odds)) == pytest.approx(log_odds, rel=1e-3, abs=1e-9)
    assert expit(log_odds) + expit(-log_odds) == pytest.approx(1.0)


@given(CHANCES, st.floats(0.0, 2.0))
def test_the_interval_holds_its_center_and_widens_with_the_error(center, error):
    low, high = interval_80(center, error)
    assert low <= center <= high
    wider = interval_80(center, error + 0.1)
    assert wider[0] < low
    assert wider[1] > high


def test_the_interval_by_hand():
    # 1.2816 * 0.3 = 0.38448 in log-odds: e^0.38448 = 1.46885
    low, high = interval_80(0.5, 0.3)
    assert high == pytest.approx(1.46885 / 2.46885, abs=1e-5)
    assert low == pytest.approx(1 - 1.46885 / 2.46885, abs=1e-5)


@given(CHANCES, st.floats(0.0, 3.0), st.floats(-4, 4))
def test_blurring_moves_the_truth_by_its_error_in_log_odds(truth, error, noise):
    seen = blurred(truth, error, noise)
    assert logit(seen) - logit(truth) == pytest.approx(error * noise, abs=1e-6)
    assert blurred(truth, 0.0, noise) == truth


@pytest.mark.parametrize(("hours", "say"), [(0, 0.4), (6, 0.2), (12, 0.1), (-1, 0.4)])
def test_what_is_held_is_worth_less_of_a_forecast_the_older_it_is(hours, say):
    forecast = a_forecast(0.7, market=0.3, weight=0.4)
    bid, ask = level("0.4900"), level("0.5100")
    found = held_chance(forecast, bid, ask, hours * 3_600_000_000, half_life_us=21_600_000_000)
    assert found == pytest.approx(expit(say * logit(0.7)))
    assert held_chance(forecast, bid, None, 0, half_life_us=1) is None
    assert held_chance(forecast, level("0.3900"), ask, 0, half_life_us=1) is None


@pytest.mark.parametrize(("hours", "slope"), [(0, 0.8), (6, 0.9), (12, 0.95), (-1, 0.8)])
def test_a_fitted_slope_grows_old_with_the_forecast(hours, slope):
    forecast = a_forecast(0.7, market=0.3, weight=0.0, slope=0.8)
    age_us = hours * 3_600_000_000
    found = held_chance(
        forecast, level("0.5900"), level("0.6100"), age_us, half_life_us=21_600_000_000
    )
    assert found == pytest.approx(1 / (1 + (0.4 / 0.6) ** slope))


@given(CHANCES, WEIGHTS, st.floats(0.5, 1.5))
def test_at_last_it_is_worth_the_market(said, weight, slope):
    forecast = a_forecast(said, weight=weight, slope=slope, made_us=NOW)
    found = held_chance(forecast, level("0.6000"), level("0.6200"), 10**12, half_life_us=10**9)
    assert found == pytest.approx(0.61, abs=1e-9)
