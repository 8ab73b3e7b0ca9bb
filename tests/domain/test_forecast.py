import math

import pytest

from kalshi_cli.domain.forecast import Judgement, probability
from kalshi_cli.errors import InvalidValue


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.1, math.nan, math.inf])
def test_refuses_what_is_no_probability(value):
    with pytest.raises(InvalidValue):
        probability(value)


def judgement(low, middle, high):
    return Judgement("T", middle, low, high, 0.0, 1.0, "why", "model")


def test_confidence_is_what_the_interval_leaves():
    assert judgement(0.4, 0.5, 0.7).confidence == pytest.approx(0.7)


@pytest.mark.parametrize("numbers", [(0.6, 0.5, 0.7), (0.4, 0.8, 0.7), (0.0, 0.5, 0.7)])
def test_refuses_a_probability_outside_its_interval(numbers):
    with pytest.raises(InvalidValue):
        judgement(*numbers)
