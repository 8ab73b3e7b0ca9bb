"""The variance of log-odds an hour, by prints of one side and the time left."""

import math

import pytest
from fakes.making import a_print
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.volatility import implied_variance, variance_per_hour


def logit(p):
    return math.log(p / (1 - p))


def test_without_a_tape_the_time_left_tells():
    # p = Phi(x / sqrt(left)): at p = 1/2 a step dx moves log-odds by 4 phi(0) / sqrt(left) dx.
    assert implied_variance(10.0) == pytest.approx((4 / math.sqrt(2 * math.pi)) ** 2 / 10)
    assert variance_per_hour((), 10.0) == implied_variance(10.0)
    assert implied_variance(0.0) == implied_variance(0.25)


def test_two_moves_of_one_side_as_computed_by_hand():
    tape = (a_print("0.5000", 90), a_print("0.5500", 60), a_print("0.5200", 30))
    first, second = logit(0.55) - logit(0.50), logit(0.55) - logit(0.52)
    product = math.pi / 2 * first * second / 0.5  # half an hour each
    assert variance_per_hour(tape, 10.0) == pytest.approx(
        (product + 8 * implied_variance(10.0)) / 9
    )


def test_the_bounce_between_the_sides_is_no_move():
    bounce = tuple(
        a_print("0.5500" if n % 2 else "0.4500", 5 * n + 1, Side.BID if n % 2 else Side.ASK)
        for n in range(40)
    )
    assert variance_per_hour(bounce, 10.0) < implied_variance(10.0)


def test_one_jump_is_no_volatility():
    still = [a_print("0.5000", 10 * n) for n in range(10, 20)]
    jump = [a_print("0.8000", 10 * n) for n in range(10)]
    assert variance_per_hour((*still, *jump), 10.0) < implied_variance(10.0)


def test_prints_at_once_are_one():
    one = a_print("0.5000", 30), a_print("0.5200", 20), a_print("0.5000", 10)
    many = (*one, a_print("0.9000", 29.5), a_print("0.1000", 19.9))
    assert variance_per_hour(many, 10.0) == variance_per_hour(one, 10.0)


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 300)), max_size=30), st.randoms())
def test_never_below_nothing_and_whatever_the_order(points, shuffler):
    tape = [a_print(f"0.{cent:02}00", minutes) for cent, minutes in points]
    by_time = {print_.at_us: print_ for print_ in tape}
    tape = list(by_time.values())
    found = variance_per_hour(tape, 5.0)
    assert found >= 0.0
    shuffler.shuffle(tape)
    assert variance_per_hour(tape, 5.0) == pytest.approx(found)
