"""Several answers as one opinion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.forecasting.forecaster import Opinion
from kalshi_cli.forecasting.pooling import pooled


def said(low, middle, high, reasoning="why"):
    return Opinion("T", middle, low, high, None, (), (), reasoning)


def test_one_answer_is_itself():
    assert pooled([said(0.2, 0.3, 0.4)]) == said(0.2, 0.3, 0.4)


def test_the_mean_with_the_words_of_the_nearest():
    """0.2, 0.3 and 0.7: 0.4 from 0.3 - 0.1 = 0.3, but 0.2 was said; to 0.5, but 0.7 was said."""
    three = [said(0.1, 0.2, 0.3, "a"), said(0.2, 0.3, 0.4, "b"), said(0.6, 0.7, 0.8, "c")]
    found = pooled(three)
    assert found.probability == pytest.approx(0.4)
    assert (found.low, found.high) == (0.2, 0.7)
    assert found.reasoning == "mean of 3 answers (0.200, 0.300, 0.700); b"


CHANCES = st.floats(0.001, 0.999)


@given(st.lists(st.tuples(CHANCES, CHANCES, CHANCES).map(sorted), min_size=1, max_size=9))
def test_it_is_an_opinion_and_no_surer_than_they_are_on_average(samples):
    opinions = [said(*each) for each in samples]
    found = pooled(opinions)
    assert 0.001 - 1e-9 <= found.low <= found.probability <= found.high <= 0.999 + 1e-9
    mean = sum(each.confidence for each in opinions) / len(opinions)
    assert found.confidence <= mean + 1e-9
