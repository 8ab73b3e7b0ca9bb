import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.account import settlement_revenue
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.position import (
    Position,
    apply_fill,
    apply_settlement,
    cash_effect,
    outcome_cost,
)
from kalshi_cli.domain.side import Side

START = Position("T", "s")
FEE = Money.parse("0.010000")


def fill(position, side, price, count, fee=FEE):
    return apply_fill(
        position,
        side=side,
        price=Price.parse(price),
        count=Contracts.parse(count),
        fee=fee,
        at_us=7,
    )


def test_buying_yes_and_winning():
    held = fill(START, Side.BID, "0.4000", "10.00")
    assert (held.net, held.cost) == (Contracts(1_000), Money.parse("4.000000"))
    assert (held.side, held.average, held.opened_us) == (Side.BID, Money.parse("0.40"), 7)
    over = apply_settlement(held, Price(10_000), 9)
    assert over.is_flat
    assert over.realized == Money.parse("6.000000")
    assert (over.cost, over.fees, over.opened_us) == (NO_MONEY, FEE, None)


@pytest.mark.parametrize(
    ("cost", "count", "average"),
    [("1.00", "3.00", "0.333333"), ("2.00", "3.00", "0.666667"), ("0.000001", "0.03", "0.000033")],
)
def test_an_average_is_the_nearest_millionth_of_a_dollar(cost, count, average):
    held = Position("T", "x", -Contracts.parse(count), Money.parse(cost))
    assert held.average == Money.parse(average)


def test_buying_no_and_winning():
    held = fill(START, Side.ASK, "0.4000", "10.00")
    assert (held.net, held.cost) == (Contracts(-1_000), Money.parse("6.000000"))
    assert apply_settlement(held, Price(0), 9).realized == Money.parse("4.000000")
    assert apply_settlement(held, Price(10_000), 9).realized == Money.parse("-6.000000")
    assert apply_settlement(held, Price.parse("0.2500"), 9).realized == Money.parse("1.500000")


def test_crossing_zero_closes_first_and_opens_the_rest():
    held = fill(START, Side.BID, "0.4000", "10.00")
    turned = fill(held, Side.ASK, "0.5000", "15.00")
    assert turned.realized == Money.parse("1.000000")
    assert (turned.net, turned.cost) == (Contracts(-500), Money.parse("2.500000"))
    assert turned.fees == Money.parse("0.020000")


def test_a_partial_close_leaves_the_odd_millionth_in_the_position():
    held = fill(fill(START, Side.BID, "0.3333", "0.01"), Side.BID, "0.3334", "0.02")
    assert held.cost == Money(10_001)
    left = fill(held, Side.ASK, "0.5000", "0.01")
    assert (left.cost, left.realized) == (Money(6_668), Money(5_000 - 3_333))


FILLS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 9_999).map(Price),
        st.integers(1, 5_000).map(Contracts),
        st.integers(0, 10**6).map(Money),
    ),
    max_size=12,
)


@given(FILLS, st.integers(0, 10_000).map(Price))
def test_money_is_conserved_fill_by_fill(fills, value):
    """Cash flows, taken from the position before and after alone, equal what the fold realises."""
    position, cash = START, 0
    for side, price, count, fee in fills:
        cash += cash_effect(position.net, side=side, price=price, count=count).units
        position = apply_fill(position, side=side, price=price, count=count, fee=fee, at_us=1)
        assert cash == position.realized.units - position.cost.units
        assert position.cost.units >= 0
        assert bool(position.net) or position.cost == NO_MONEY
    assert position.fees.units == sum(fee.units for *_, fee in fills)
    cash += settlement_revenue(position.net, value).units
    over = apply_settlement(position, value, 2)
    assert (over.is_flat, over.cost) == (True, NO_MONEY)
    assert over.realized.units == cash


@given(FILLS, st.integers(0, 10_000).map(Price))
def test_profit_is_what_signed_contracts_would_earn(fills, value):
    """Independently: each bid earns value - price, each ask price - value, a contract."""
    position = START
    for side, price, count, fee in fills:
        position = apply_fill(position, side=side, price=price, count=count, fee=fee, at_us=1)
    expected = sum(
        side.sign * count.units * (value.units - price.units) for side, price, count, _ in fills
    )
    assert apply_settlement(position, value, 2).realized.units == expected


@given(FILLS, st.integers(0, 10_000).map(Price))
def test_no_mirrors_yes(fills, value):
    here, there = START, START
    for side, price, count, fee in fills:
        here = apply_fill(here, side=side, price=price, count=count, fee=fee, at_us=1)
        there = apply_fill(
            there, side=side.opposite, price=price.complement, count=count, fee=fee, at_us=1
        )
    assert (here.cost, here.realized, here.net) == (there.cost, there.realized, -there.net)
    settled = apply_settlement(here, value, 2), apply_settlement(there, value.complement, 2)
    assert settled[0].realized == settled[1].realized


@given(st.sampled_from(Side), st.integers(1, 9_999).map(Price), st.integers(1, 5_000))
def test_opening_costs_what_it_takes_from_cash(side, price, count):
    held = Contracts(count)
    flow = cash_effect(Contracts(0), side=side, price=price, count=held)
    assert -flow == outcome_cost(side, price, held)
