import random
from dataclasses import replace

import pytest
from fakes.decisions import a_quote, level

from kalshi_cli.forecasting.baseline import Baseline, microprice
from kalshi_cli.forecasting.corrections import Settled, excess_of, fit_corrections

PLAIN = Baseline(excess_of({}), {})


def test_the_microprice_leans_to_the_heavier_side():
    assert microprice(a_quote("0.4000", "0.4400")) == pytest.approx(0.42)
    # (0.40 * 100 + 0.44 * 300) / 400
    heavy = replace(a_quote("0.4000", "0.4400"), bid=level("0.4000", "300.00"))
    assert microprice(heavy) == pytest.approx(0.43)


@pytest.mark.parametrize(
    "quote",
    [
        a_quote(None, "0.4400"),
        a_quote("0.4000", None),
        a_quote(None, None),
        a_quote("0.4000", "0.5001"),
    ],
)
def test_abstains_without_a_market(quote):
    assert PLAIN.judge(quote, "Weather") is None


def test_takes_out_the_bias_of_the_category():
    baseline = Baseline(excess_of({"Weather": 0.015}), {"Weather": 0.15})
    judged = baseline.judge(a_quote("0.4000", "0.4400"), "Weather")
    assert judged.probability == pytest.approx(0.405)
    assert (judged.model, judged.logit_error, judged.ticker) == ("baseline", 0.0, "T")
    assert baseline.judge(a_quote("0.4000", "0.4400"), "Sports").probability == 0.42
    # narrower where the market's error is known to be smaller
    assert judged.confidence > PLAIN.judge(a_quote("0.4000", "0.4400"), "Weather").confidence


def test_a_bias_has_no_room_at_the_ends():
    baseline = Baseline(excess_of({"W": 0.015}), {})
    # a price of 0.05 is half way from $0 to 10 cents: half the bias
    assert baseline.judge(a_quote("0.0400", "0.0600"), "W").probability == pytest.approx(0.0425)
    assert baseline.judge(a_quote("0.9400", "0.9600"), "W").probability == pytest.approx(0.9425)
    assert Baseline(excess_of({"W": 0.5}), {}).judge(a_quote("0.4000", "0.4400"), "W") is None


def _history(bias, events=300, seed=1):
    """Prices around the truth plus a bias; settles a day later."""
    draw = random.Random(seed)
    settled = []
    for number in range(events):
        truth = draw.uniform(0.2, 0.8)
        payout = 1.0 if draw.random() < truth else 0.0
        settled.append(
            Settled("W", f"E{number}", truth + bias, payout, 10 * number, 10 * number + 5)
        )
    return settled


def test_a_bias_is_taken_out_where_it_was_proved_on_held_out_markets():
    found = fit_corrections(_history(0.15, events=600))
    # 600 markets against 50 of the prior: 12/13 of what was there
    assert found["W"] == pytest.approx(0.15, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_no_bias_gives_no_correction(seed):
    assert not fit_corrections(_history(0.0, seed=seed))


def test_too_little_is_no_proof_and_nothing_no_error():
    assert not fit_corrections(_history(0.3, events=20))
    assert not fit_corrections([])


def test_what_had_not_settled_yet_teaches_nothing():
    late = [
        Settled(s.category, s.event_ticker, s.market, s.payout, s.at_us, 10**9)
        for s in _history(0.15, events=600)
    ]
    assert not fit_corrections(late)
