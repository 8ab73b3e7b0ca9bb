import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.evaluation.interval import (
    Interval,
    Observation,
    Verdict,
    clustered_mean,
    student_95,
    verdict,
)
from kalshi_cli.evaluation.scores import (
    By,
    Coverage,
    ScoredForecast,
    brier,
    coverage,
    first_forecasts,
    log_loss,
    score,
)


def a_forecast(ticker, chance=0.6, market=0.5, payout=1.0, **changes):
    facts = {
        "event_ticker": f"E{ticker}",
        "category": "Weather",
        "forecaster": "grok",
        "model": "grok-4",
        "blended": None if market is None else chance,
        "made_us": 1,
        "low": chance - 0.1,
        "high": chance + 0.1,
    }
    return ScoredForecast(
        ticker=ticker, probability=chance, market=market, payout=payout, **{**facts, **changes}
    )


@pytest.mark.parametrize(
    ("freedom", "table"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (29, 2.045),
     (60, 2.000), (10**6, 1.960)],
)  # fmt: skip
def test_students_quantile_against_the_printed_table(freedom, table):
    assert student_95(freedom) == pytest.approx(table, rel=0.01)


def test_an_interval_by_hand():
    # two observations of one event at 3 and one each at 0 and 2: mean 2
    # cluster sums of deviations: 2, -2, 0 -> sqrt(8 * 3/2) / 4 = 0.8660; t(2) = 4.3027
    found = clustered_mean(
        [Observation("a", 3), Observation("a", 3), Observation("b", 0), Observation("c", 2)]
    )
    assert (found.mean, found.count, found.clusters) == (2.0, 4, 3)
    assert found.high == pytest.approx(2 + 4.3027 * math.sqrt(12) / 4, abs=1e-3)
    assert found.low == pytest.approx(2 - 4.3027 * math.sqrt(12) / 4, abs=1e-3)


def test_one_event_is_no_interval_and_nothing_is_nothing():
    one = clustered_mean([Observation("a", 1.0), Observation("a", 3.0)])
    assert one == Interval(2.0, None, None, 2, 1)
    assert clustered_mean([]) is None
    assert verdict(one) is verdict(None) is Verdict.UNRESOLVED


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.integers(2, 5))
def test_polling_an_event_again_and_again_teaches_nothing(values, times):
    once = clustered_mean([Observation(str(n), v) for n, v in enumerate(values)])
    many = clustered_mean(
        [Observation(str(n), v) for n, v in enumerate(values) for _ in range(times)]
    )
    assert many.mean == pytest.approx(once.mean, abs=1e-12)
    assert many.low == pytest.approx(once.low, abs=1e-9)
    assert many.high == pytest.approx(once.high, abs=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "clusters", "said"),
    [
        (0.001, 0.01, 30, Verdict.EDGE),
        (0.001, 0.01, 29, Verdict.UNRESOLVED),
        (0.0, 0.01, 30, Verdict.UNRESOLVED),
        (-0.01, 0.01, 1000, Verdict.UNRESOLVED),
        (-0.01, 0.0, 30, Verdict.UNRESOLVED),
        (-0.01, -0.001, 30, Verdict.NO_EDGE),
        (-0.01, -0.001, 29, Verdict.UNRESOLVED),
    ],
)
def test_only_an_interval_away_from_zero_says_anything(low, high, clusters, said):
    assert verdict(Interval((low + high) / 2, low, high, clusters, clusters)) is said


def test_scores_by_hand():
    assert brier(0.7, 1.0) == pytest.approx(0.09)
    assert brier(0.7, 0.24) == pytest.approx(0.2116)
    assert log_loss(0.8, 1.0) == pytest.approx(-math.log(0.8))
    assert log_loss(1.0 - 1e-9, 0.0) == pytest.approx(-math.log(0.01))
    assert log_loss(0.25, 0.5) == pytest.approx(-0.5 * (math.log(0.25) + math.log(0.75)))


def test_a_record_by_hand():
    (record,) = score([a_forecast("A"), a_forecast("B", payout=0.0)])
    # (0.16 + 0.36) / 2 against 0.25: 0.01 worse than the market
    assert record.traded.brier == pytest.approx(0.26)
    assert record.traded.market_brier == pytest.approx(0.25)
    assert record.traded.gain.mean == pytest.approx(-0.01)
    assert record.traded.log_loss == pytest.approx(-(math.log(0.6) + math.log(0.4)) / 2)
    assert record.traded.market_log_loss == pytest.approx(math.log(2))
    assert (record.judged, record.verdict) == (2, Verdict.UNRESOLVED)


def test_what_was_traded_and_what_was_said_are_scored_apart():
    (record,) = score([a_forecast("A", 0.9, blended=0.55)])
    assert record.raw.brier == pytest.approx(0.01)
    assert record.traded.brier == pytest.approx(0.2025)


def test_without_a_benchmark_a_forecast_is_scored_apart():
    (record,) = score([a_forecast("A"), a_forecast("B", 0.7, market=None)])
    assert (record.judged, record.apart) == (2, 1)
    assert record.apart_brier == pytest.approx(0.09)
    assert record.raw.gain.count == 1
    (alone,) = score([a_forecast("B", market=None)])
    assert (alone.traded, alone.raw, alone.verdict) == (None, None, Verdict.UNRESOLVED)


def test_the_first_forecast_of_each_market_and_model_counts():
    forecasts = [
        a_forecast("A", 0.9, made_us=2),
        a_forecast("A", 0.6, made_us=1),
        a_forecast("A", 0.7, made_us=3, model="grok-3"),
    ]
    assert [f.probability for f in first_forecasts(forecasts)] == [0.6, 0.7]
    assert [(s.model, s.judged) for s in score(forecasts)] == [("grok-3", 1), ("grok-4", 1)]


def test_contaminated_forecasts_are_counted_and_never_scored():
    (record,) = score([a_forecast("A"), a_forecast("B", 0.99, contaminated=True)])
    assert (record.judged, record.contaminated) == (1, 1)
    assert record.raw.gain.count == 1


def _record(skill, seed, events=400):
    """A forecaster that knows the truth, or nothing, against a market 0.3 logits off."""
    draw = random.Random(seed)
    forecasts = []
    for number in range(events):
        truth = draw.uniform(0.1, 0.9)
        market = min(max(truth + draw.gauss(0, 0.1), 0.02), 0.98)
        said = truth if skill else min(max(truth + draw.gauss(0, 0.35), 0.02), 0.98)
        payout = 1.0 if draw.random() < truth else 0.0
        forecasts.append(a_forecast(str(number), said, market, payout))
    return score(forecasts)[0].verdict


def test_knowing_the_truth_shows_and_noise_never_looks_like_an_edge():
    assert {_record(skill=True, seed=seed) for seed in range(8)} <= {
        Verdict.EDGE, Verdict.UNRESOLVED,
    }  # fmt: skip
    assert _record(skill=True, seed=1, events=3_000) is Verdict.EDGE
    assert {_record(skill=False, seed=seed) for seed in range(8)} <= {
        Verdict.NO_EDGE, Verdict.UNRESOLVED,
    }  # fmt: skip
    assert _record(skill=False, seed=1, events=1_000) is Verdict.NO_EDGE


def test_always_agreeing_with_the_market_is_unresolved():
    agreeing = [a_forecast(str(n), 0.5, 0.5, float(n % 2)) for n in range(100)]
    assert score(agreeing)[0].verdict is Verdict.UNRESOLVED


def test_each_role_is_scored_by_what_it_adds():
    """Two markets at 0.5 that pay 1 and 0; the Forecaster says 0.8 of both, the Critic vetoes B."""
    made = [
        a_forecast("A", 0.8, payout=1.0, let_stand=True, went_along=True),
        a_forecast("B", 0.8, payout=0.0, let_stand=False, went_along=None),
        a_forecast("C", 0.8, payout=0.0, let_stand=True, went_along=False),
        a_forecast("D", 0.8, payout=1.0),
    ]
    (row,) = score(made)
    assert row.raw.brier == pytest.approx((0.04 + 0.64 + 0.64 + 0.04) / 4)
    assert row.critic.gain.count == 3
    assert row.critic.brier == pytest.approx((0.04 + 0.25 + 0.64) / 3)
    assert row.trader.gain.count == 2
    assert row.trader.brier == pytest.approx((0.04 + 0.25) / 2)
    assert row.trader.market_brier == 0.25


def test_prompts_are_scored_apart_and_each_by_its_first_forecast():
    made = [
        a_forecast("A", 0.6, prompt="v1", made_us=1),
        a_forecast("A", 0.9, prompt="v2", made_us=2),
        a_forecast("A", 0.1, prompt="v2", made_us=3, model="grok-4.5"),
        a_forecast("B", 0.7, prompt="", made_us=1),
    ]
    rows = {row.model: row for row in score(made, By.PROMPT)}
    assert sorted(rows) == ["no prompt", "v1", "v2"]
    assert rows["v2"].judged == 1
    assert rows["v2"].raw.brier == pytest.approx(0.01)
    assert [row.model for row in score(made)] == ["grok-4", "grok-4.5"]


def test_ways_of_asking_are_scored_apart_on_the_same_markets():
    """Two of the three events: (0.5 - 1)^2 less (0.6 - 1)^2 is 0.09; less (0.9 - 1)^2 is 0.24."""
    three, one = "forecaster+critic+trader x3", "all_in_one"
    made = [
        *(a_forecast(t, 0.6, market=0.5, variant=three, made_us=1) for t in ("A", "B")),
        *(a_forecast(t, 0.9, market=0.5, variant=one, made_us=2) for t in ("A", "B")),
        a_forecast("A", 0.1, market=0.5, variant=one, made_us=3),
        a_forecast("C", 0.7, market=0.5, variant="", made_us=1),
    ]
    rows = {row.model: row for row in score(made, By.VARIANT)}
    assert sorted(rows) == [one, three, "no variant"]
    assert (rows[three].judged, rows[one].judged) == (2, 2)
    assert rows[three].raw.gain.mean == pytest.approx(0.09)
    assert rows[one].raw.gain.mean == pytest.approx(0.24)
    assert rows[three].raw.verdict is Verdict.UNRESOLVED


def alike(count, chance, share, width):
    """So many events of which this share ends YES, with intervals of this width."""
    return [
        a_forecast(
            f"{chance}-{n}",
            chance,
            payout=float(n * share % 1.0 >= 1.0 - share),
            low=chance - width / 2,
            high=chance + width / 2,
        )
        for n in range(count)
    ]


def test_intervals_hold_where_the_share_of_yes_is_within_them():
    assert coverage(alike(29, 0.5, 0.5, 0.2)) is None  # too few events
    assert coverage(alike(40, 0.5, 0.5, 0.0)) == Coverage(1, 1)
    # 60 % of 300 is within 6 points, give or take, of 50 to 70 %, and not of 74 to 76 %
    assert coverage(alike(59, 0.6, 0.6, 0.2)) == Coverage(1, 1)
    assert coverage(alike(3_000, 0.75, 0.6, 0.02)) == Coverage(10, 0)
    both = coverage([*alike(1_000, 0.1, 0.1, 0.1), *alike(1_000, 0.9, 0.5, 0.1)])
    assert (both.groups, both.held) == (10, 5)


def test_what_was_read_before_is_in_no_interval():
    (row,) = score([a_forecast(str(n), contaminated=True) for n in range(40)])
    assert (row.coverage, row.raw, row.contaminated) == (None, None, 40)
