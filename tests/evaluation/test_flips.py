"""The hit rate that a trade with a target and a stop needs, and the one that is proven."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.trial import HitRate
from kalshi_cli.evaluation.flips import (
    LEAST_TRIALS,
    Spans,
    Stakes,
    most_needed,
    proven,
    trials_needed,
)
from kalshi_cli.evaluation.interval import Z_ONE_SIDED_95, wilson_low


def test_break_even_is_where_the_wins_pay_for_the_losses():
    """In at 50 + 1.75, out at 60 or at 40 - 1.68: 13.43 lost or 8.25 won."""
    stakes = Stakes(cost=0.5175, won=0.60, lost=0.3832)
    assert stakes.break_even == pytest.approx(0.1343 / 0.2168)
    assert stakes.worth(stakes.break_even) == pytest.approx(stakes.cost)
    assert (stakes.worth(0.0), stakes.worth(1.0)) == (0.3832, pytest.approx(0.60))


@given(st.integers(1, 5_000), st.floats(0.0, 1.0))
def test_wilsons_bound_is_the_share_that_the_hits_are_just_not_too_good_for(count, share):
    """It solves (hits / n - p) = z sqrt(p (1 - p) / n), on the lower side."""
    hits = round(share * count)
    low = wilson_low(hits, count)
    assert 0.0 <= low <= hits / count
    spread = math.sqrt(low * (1.0 - low) / count)
    assert hits / count - low == pytest.approx(Z_ONE_SIDED_95 * spread, abs=1e-9)


def test_the_bound_is_missed_in_about_one_sample_of_twenty():
    """The chance, summed exactly, that 200 trials of a share of 0.6 put the bound above it."""
    n, p = 200, 0.6
    over = sum(
        math.comb(n, hits) * p**hits * (1.0 - p) ** (n - hits)
        for hits in range(n + 1)
        if wilson_low(hits, n) > p
    )
    assert 0.03 < over < 0.06


def test_a_share_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="nothing"):
        wilson_low(0, 0)


@pytest.mark.parametrize(
    ("needed", "most"),
    [
        (0.5, 0.5),
        ((0.44 - 0.42) / (0.46 - 0.42), 0.5),
        (0.5001, 0.55),
        (0.6319, 0.65),
        (0.65, 0.65),
    ],
)
def test_stakes_are_measured_with_those_that_need_about_as_much(needed, most):
    assert most_needed(needed) == pytest.approx(most)


def test_nothing_is_proven_by_too_few_trials():
    assert proven(None) == 0.0
    assert proven(HitRate(LEAST_TRIALS - 1, LEAST_TRIALS - 1, 0.0)) == 0.0
    assert proven(HitRate(LEAST_TRIALS, 140, 0.0)) == wilson_low(140, LEAST_TRIALS)
    assert LEAST_TRIALS == 200


@pytest.mark.parametrize(("hits", "needed"), [(130, 0.60), (150, 0.70), (199, 0.99), (110, 0.50)])
def test_as_many_trials_as_are_needed_prove_the_rate_and_one_less_does_not(hits, needed):
    """By Wilson's own bound, at the same share of hits."""
    share = hits / 200
    enough = trials_needed(HitRate(200, hits, 0.0), needed)
    assert enough is not None
    assert wilson_low(share * enough, enough) > needed
    assert enough == LEAST_TRIALS or wilson_low(share * (enough - 1), enough - 1) <= needed


def test_no_number_of_trials_proves_what_is_not_so():
    assert trials_needed(HitRate(400, 240, 0.0), 0.60) is None
    assert trials_needed(None, 0.60) == trials_needed(HitRate(0, 0, 0.0), 0.60) == LEAST_TRIALS


def clustered(spans):
    sums = Spans.of(spans)
    return HitRate(sums.count, sums.hits, 0.0, sums.alike)


@given(st.integers(200, 400), st.integers(1, 8), st.floats(0.01, 0.99))
def test_trials_that_end_alike_prove_what_one_of_each_does(spans, alike, share):
    """Whole hours that hit or miss together: as many as there are hours."""
    hits = min(spans - 1, max(1, round(share * spans)))
    record = clustered([(alike, alike if n < hits else 0) for n in range(spans)])
    assert record.effective == pytest.approx(spans)
    assert proven(record) == pytest.approx(wilson_low(hits, spans))


@given(st.lists(st.integers(1, 6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
                .map(tuple), min_size=1, max_size=300))  # fmt: skip
def test_clusters_never_prove_more_than_trials_of_their_own(spans):
    record = clustered(spans)
    alone = HitRate(record.count, record.hits, 0.0)
    assert record.alike >= 1.0
    assert proven(record) <= proven(alone) + 1e-12
    assert clustered([(1, int(n < record.hits)) for n in range(record.count)]).alike == 1.0


def test_the_bound_of_trials_that_move_together_is_missed_as_seldom_as_that_of_others():
    """Four markets of one hour hit or miss with it, six times in ten: summed exactly over 200 hours
    the bound lies above the truth in about one sample of twenty. Counted as 800 of their own, it
    would in one of five.
    """
    n, p = 200, 0.6
    chances = [math.comb(n, hits) * p**hits * (1.0 - p) ** (n - hits) for hits in range(n + 1)]
    together = [clustered([(4, 4 if k < hits else 0) for k in range(n)]) for hits in range(n + 1)]
    over = sum(c for c, record in zip(chances, together, strict=True) if proven(record) > p)
    naive = sum(c for hits, c in enumerate(chances) if wilson_low(4 * hits, 4 * n) > p)
    assert 0.03 < over < 0.06
    assert naive > 0.15


def test_where_all_hit_those_of_an_hour_are_taken_for_one():
    assert clustered([(4, 4)] * 60).effective == 60
    assert proven(clustered([(4, 4)] * 60)) == 0.0  # 240 trials are as good as 60, 200 are asked
