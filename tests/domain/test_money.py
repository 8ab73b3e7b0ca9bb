from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import (
    AiCost,
    Contracts,
    Money,
    Price,
    parse_units,
    spoken_cents,
    total,
)
from kalshi_cli.errors import InvalidValue

UNITS = st.integers(-(10**12), 10**12)
KINDS = st.sampled_from([Price, Contracts, Money, AiCost])


@given(KINDS, UNITS)
def test_text_and_back_is_the_same_amount(kind, units):
    assert kind.parse(str(kind(units))) == kind(units)


@given(st.integers(0, 10_000), st.integers(0, 10**9))
def test_price_times_contracts_is_exact(price, count):
    money = Price(price) * Contracts(count)
    assert money.decimal == Price(price).decimal * Contracts(count).decimal
    assert Contracts(count) * Price(price) == money


@pytest.mark.parametrize(
    ("kind", "text", "units"),
    [
        (Price, "0.5600", 5_600),
        (Price, "0.56", 5_600),
        (Price, "1", 10_000),
        (Contracts, "10.00", 1_000),
        (Contracts, "0.010000", 1),
        (Money, "-0.000001", -1),
        (AiCost, "0.0000162500", 162_500),
    ],
)
def test_reads_the_exchanges_strings(kind, text, units):
    assert kind.parse(text).units == units


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1e3", "0x1", "1.", ".5", "+1", "1,0", "nan", "\u0661", "0.56001", "--1", "1" * 16],
)
def test_refuses_what_is_no_price(text):
    with pytest.raises(InvalidValue):
        Price.parse(text)


@pytest.mark.parametrize("value", [0.56, 1, None, b"1"])
def test_numbers_are_not_text(value):
    with pytest.raises(InvalidValue):
        parse_units(value, 4)


@pytest.mark.parametrize("units", [1.0, "1", True, None])
def test_units_are_whole_numbers(units):
    with pytest.raises(InvalidValue):
        Price(units)


@pytest.mark.parametrize("other", [Contracts(1), Money(1), 1, 0.5])
def test_kinds_do_not_mix(other):
    with pytest.raises(TypeError):
        Price(1) + other
    with pytest.raises(TypeError):
        Money(1) * 1.5


@given(UNITS, UNITS)
def test_sums_are_those_of_the_units(first, second):
    assert (Money(first) + Money(second)).units == first + second
    assert (Money(first) - Money(second)).units == first - second
    assert total([Money(first), Money(second)]) == Money(first + second)


def test_complement_is_the_rest_of_the_dollar():
    assert Price.parse("0.3750").complement == Price.parse("0.6250")


def test_ai_cost_rounds_up_to_money():
    assert AiCost(1).to_money() == Money(1)
    assert AiCost(10_000).to_money() == Money(1)
    assert AiCost(10_001).to_money() == Money(2)
    assert AiCost(0).to_money() == Money(0)


@given(st.integers(0, 10**12), st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.3, 1.0]))
def test_a_share_never_exceeds_the_exact_one(units, share):
    exact = Decimal(units) * Decimal(str(share))
    assert 0 <= exact - Money(units).scaled(share).units < 1


def test_whole_contracts():
    assert Contracts(1_200).is_whole
    assert not Contracts(1_250).is_whole


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("500", "$500.00"),
        ("1234567.5", "$1,234,567.50"),
        ("-0.25", "-$0.25"),
        ("0", "$0.00"),
        ("984.769999", "$984.769999"),  # what is not told would not add up
        ("0.3977", "$0.3977"),
    ],
)
def test_money_is_spoken_of_in_cents_and_in_no_fewer_digits_than_it_has(amount, told):
    assert Money.parse(amount).spoken == told


@pytest.mark.parametrize(
    ("dollars", "told"),
    [
        (0.0098, "0.98c"),
        (0.42346, "42.35c"),
        (0.5, "50c"),
        (1.0, "100c"),
        (1.23456, "123.46c"),
        (-0.004, "-0.4c"),
        (-0.00001, "0c"),
        (0.0, "0c"),
    ],
)
def test_an_edge_is_spoken_of_in_hundredths_of_a_cent(dollars, told):
    assert spoken_cents(dollars) == told
