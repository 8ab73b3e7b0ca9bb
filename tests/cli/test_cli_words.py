"""Money and answers as people read them."""

from dataclasses import replace

import pytest
from fakes.decisions import an_intent, an_order

from kalshi_cli.cli.render.steps import order_cells
from kalshi_cli.cli.render.words import gain
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderState


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("0.004999", "$0.00"),
        ("0.005000", "$0.00"),
        ("-0.005000", "$0.00"),
        ("0.005001", "+$0.01"),
        ("-0.010000", "-$0.01"),
        ("12.340000", "+$12.34"),
    ],
)
def test_what_reads_as_nothing_has_no_sign(amount, told):
    assert str(gain(Money.parse(amount))) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("invalid_order invalid order: post only cross", "invalid order: post only cross"),
        ("insufficient_balance not enough cash", "insufficient_balance not enough cash"),
        ("invalid_order", "invalid_order"),
        ("", ""),
    ],
)
def test_a_refusal_is_told_once(message, told):
    refused = replace(an_order(an_intent()), state=OrderState.REJECTED, message=message)
    assert order_cells(refused)[-1] == told
