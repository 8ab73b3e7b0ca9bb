"""The push of a tape: prices compared among takers of one side, and who was in a hurry."""

import pytest
from fakes.decisions import NOW
from fakes.making import a_print

from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.side import Side
from kalshi_cli.forecasting.momentum import Push, push, reach_us

WINDOW = 5 * MINUTE


def test_moves_are_averaged_over_the_sides_that_traded_before_and_after():
    """Buyers went from 50 to 56, sellers from 48 to 52; three of four takers bought."""
    tape = [
        a_print("0.5000", 9), a_print("0.4900", 12), a_print("0.4800", 8, Side.ASK),
        a_print("0.5400", 4), a_print("0.5500", 2), a_print("0.5600", 1),
        a_print("0.5200", 3, Side.ASK),
    ]  # fmt: skip
    found = push(tape, NOW, WINDOW)
    assert found is not None
    assert found.moved == pytest.approx(0.05)
    assert found.imbalance == 0.5
    assert found.side is Side.BID
    assert push(tape[::-1], NOW, WINDOW) == found


def test_prints_of_one_instant_count_as_one_price_in_any_order():
    """Buyers of the last minute paid 50, 53 and 56, on average 53, after 45."""
    tape = [
        a_print("0.4500", 8), a_print("0.5000", 1), a_print("0.5600", 1), a_print("0.5300", 1)
    ]  # fmt: skip
    for found in (push(tape, NOW, WINDOW), push(tape[::-1], NOW, WINDOW)):
        assert found is not None
        assert found.moved == pytest.approx(0.08)


def test_a_bounce_between_bid_and_ask_is_no_move():
    tape = [a_print("0.4800", 8, Side.ASK), *(a_print("0.5200", n) for n in (1, 2, 3))]
    assert push(tape, NOW, WINDOW) is None


def test_too_few_prints_are_no_flow():
    tape = [a_print("0.5000", 9), a_print("0.5400", 2), a_print("0.5600", 1)]
    assert push(tape, NOW, WINDOW) is None
    assert push([*tape, a_print("0.5500", 3)], NOW, WINDOW) is not None


def test_only_what_is_in_reach_has_a_say():
    recent = [a_print("0.5600", n) for n in (1, 2, 3)]
    assert reach_us(WINDOW) == 20 * MINUTE
    assert push([*recent, a_print("0.5000", 20)], NOW, WINDOW) is None
    assert push([*recent, a_print("0.5000", 19.9)], NOW, WINDOW) is not None


@pytest.mark.parametrize(
    ("moved", "imbalance", "side"),
    [
        (0.05, 0.5, Side.BID),
        (-0.05, -0.5, Side.ASK),
        (0.05, -0.5, None),
        (-0.05, 0.5, None),
        (0.0, 0.5, None),
        (0.05, 0.0, None),
    ],
)
def test_it_has_a_side_where_prices_and_takers_agree(moved, imbalance, side):
    assert Push(moved, imbalance).side is side
