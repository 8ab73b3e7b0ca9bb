"""The say of a model, fitted on its record: only where that helps, and never beyond its bounds."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.blend import MAX_DISTANCE, blend
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.forecasting.weights import MARKET, Say, Told, by_category, fit_weights, regressed

MOST = 0.33


def record(count, *, truth_is, seed=1, category="Weather", model="grok-4.3", events=None):
    """A record where the market errs by 0.8 logits and so does the model, apart from each other.

    `truth_is` says how the true log-odds come from those of the market and of the model.
    """
    draws = random.Random(seed)
    rows = []
    for number in range(count):
        market, said = draws.gauss(0, 1), draws.gauss(0, 1.5)
        chance = expit(truth_is(market, said))
        rows.append(
            Told(
                model=model,
                category=category,
                event_ticker=f"E{number % (events or count)}",
                said=min(max(expit(said), 0.001), 0.999),
                market=expit(market),
                payout=float(draws.random() < chance),
                at_us=10 * number,
                settled_us=10 * number + 5,
            )
        )
    return rows


def start(model):
    return 0.10 if model == "grok-4.3" else 0.0


def the_fit(rows):
    (fit,) = fit_weights(rows, start=start, most=MOST)
    return fit


def test_nothing_on_record_leaves_the_market():
    # the market, and the prior's own doubt: sqrt(1 / 25)
    assert regressed([], MOST) == Say(0.0, 1.0, slope_error=0.2)
    assert Say(0.0, 1.0, slope_error=0.0) == MARKET
    assert fit_weights([], start=start, most=MOST) == ()


def test_a_short_record_says_little_and_is_not_used():
    fit = the_fit(record(20, truth_is=lambda market, said: said))
    assert fit.used == Say(0.10)
    assert not fit.is_proved
    assert 0.0 < fit.fitted.weight < MOST
    assert by_category([fit]) == {}


def test_a_model_that_knows_more_gets_all_it_may_have():
    fit = the_fit(record(1_500, truth_is=lambda market, said: 0.3 * market + 0.7 * said))
    assert fit.is_proved
    assert fit.used == fit.fitted
    assert fit.used.weight == MOST
    assert fit.gain > 0.0
    assert by_category([fit]) == {("grok-4.3", "Weather"): fit.used}


def test_a_model_that_knows_nothing_loses_its_say():
    fit = the_fit(record(4_000, truth_is=lambda market, said: market))
    assert fit.fitted.weight < 0.05
    assert fit.fitted.slope == pytest.approx(1.0, abs=0.12)


def test_a_model_against_the_truth_has_none_at_all():
    assert regressed(record(800, truth_is=lambda m, said: m - said), MOST).weight == 0.0


def test_a_slope_beside_a_say_of_none_has_its_own_error():
    """W is held at 0, so the error is the root of 1 over the curvature along the slope alone."""
    rows = record(800, truth_is=lambda m, s: m - s)
    found = regressed(rows, MOST)
    assert found.weight == 0.0
    chances = [expit(found.slope * logit(row.market)) for row in rows]
    curved = 25 + sum(
        chance * (1 - chance) * logit(row.market) ** 2
        for chance, row in zip(chances, rows, strict=True)
    )
    assert found.slope_error == pytest.approx(curved**-0.5, rel=1e-6)


def test_what_makes_the_market_too_sure_is_a_slope():
    fitted = regressed(record(3_000, truth_is=lambda market, said: 0.7 * market), MOST)
    assert fitted.slope == pytest.approx(0.7, abs=0.1)
    assert fitted.weight < 0.05


def test_the_regression_is_at_the_top_of_its_posterior():
    import math

    rows = record(300, truth_is=lambda market, said: 0.8 * market + 0.2 * said)
    found = regressed(rows, MOST)

    def posterior(slope, weight):
        total = -12.5 * ((slope - 1) ** 2 + weight**2)
        for row in rows:
            market = logit(row.market)
            chance = expit(slope * market + weight * (logit(row.said) - market))
            total += math.log(chance if row.payout else 1.0 - chance)
        return total

    best = posterior(found.slope, found.weight)
    # the curvature by differences: its inverse is the covariance, with w known or with w fitted
    step, at = 1e-3, (found.slope, found.weight)

    def bend(first, second):
        (a, b), (c, d) = first, second
        corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
        return sum(
            -i * j * posterior(at[0] + step * (i * a + j * c), at[1] + step * (i * b + j * d))
            for i, j in corners
        ) / (4 * step * step)

    own, both, other = bend((1, 0), (1, 0)), bend((1, 0), (0, 1)), bend((0, 1), (0, 1))
    assert found.slope_error == pytest.approx((other / (own * other - both**2)) ** 0.5, rel=1e-4)
    for slope, weight in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert posterior(found.slope + slope, found.weight + weight) < best


def test_each_model_and_category_stands_for_itself():
    rows = [
        *record(40, truth_is=lambda m, s: s, category="Sports"),
        *record(40, truth_is=lambda m, s: s, model="grok-4.5"),
    ]
    fits = fit_weights(rows, start=start, most=MOST)
    assert [(fit.model, fit.category, fit.used.weight) for fit in fits] == [
        ("grok-4.3", "Sports", 0.10),
        ("grok-4.5", "Weather", 0.0),
    ]


def test_a_few_events_asked_about_again_and_again_prove_nothing():
    fit = the_fit(record(1_500, truth_is=lambda m, s: 0.3 * m + 0.7 * s, events=20))
    assert (fit.events, fit.is_proved) == (20, False)


CHANCES = st.floats(0.001, 0.999)
TOLD = st.builds(
    Told,
    model=st.just("m"),
    category=st.just("c"),
    event_ticker=st.sampled_from([f"E{n}" for n in range(50)]),
    said=CHANCES,
    market=CHANCES,
    payout=st.sampled_from([0.0, 1.0, 0.5]),
    at_us=st.integers(0, 1_000),
    settled_us=st.integers(0, 1_000),
)


@given(st.lists(TOLD, max_size=60), CHANCES, CHANCES)
def test_whatever_the_record_nothing_goes_beyond_its_bounds(history, said, market):
    for fit in fit_weights(history, start=lambda _: 0.5, most=MOST):
        assert 0.0 <= fit.fitted.weight <= MOST
        assert 0.0 <= fit.used.weight <= MOST
        assert 0.5 <= fit.fitted.slope <= 1.5
        blended = blend(said, market, fit.used.weight, fit.used.slope)
        assert abs(blended - market) <= MAX_DISTANCE + 1e-12
        if not fit.is_proved:
            assert blend(market, market, fit.used.weight, fit.used.slope) == market
