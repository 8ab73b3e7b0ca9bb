import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.forecast import Judgement, probability
from kalshi_cli.forecasting.coherence import at_most_one


def judged(*chances: float) -> list[Judgement]:
    return [
        Judgement(
            ticker=f"T{number}",
            probability=probability(chance),
            low=probability(chance * 0.8),
            high=probability(chance + 0.2 * (1 - chance)),
            logit_error=0.0,
            weight=1.0,
            rationale="said",
            model="m",
        )
        for number, chance in enumerate(chances)
    ]


def test_an_overround_is_taken_out_in_proportion():
    # 0.60 + 0.30 + 0.20 = 1.10
    found = at_most_one(judged(0.60, 0.30, 0.20))
    assert [j.probability for j in found] == pytest.approx([0.6 / 1.1, 0.3 / 1.1, 0.2 / 1.1])
    assert found[0].rationale == "said; exclusive markets added up to 1.1000"


def test_less_than_one_stands_as_none_of_them_may_win():
    judgements = judged(0.5, 0.2)
    assert at_most_one(judgements) == tuple(judgements)
    assert at_most_one([]) == ()


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8))
def test_the_sum_is_at_most_one_and_the_order_and_intervals_stay(chances):
    found = at_most_one(judged(*chances))
    assert sum(judgement.probability for judgement in found) <= 1.0 + 1e-9
    ratios = [
        judgement.probability / chance for judgement, chance in zip(found, chances, strict=True)
    ]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))
    assert all(0 < j.low <= j.probability <= j.high < 1 for j in found)
