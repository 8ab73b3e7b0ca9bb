import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.blend import MAX_DISTANCE, blend, inverse_variance_weight
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
