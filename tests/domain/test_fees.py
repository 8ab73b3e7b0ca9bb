from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import (
    FREE,
    WORST_KNOWN,
    FeeChange,
    FeeTerms,
    LaterTerms,
    effective_terms,
    exit_terms,
    fee_per_contract,
    fill_fee,
    terms_by,
)
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.side import Side

PLAIN = FeeTerms.parse("quadratic", "1")
MAKER = FeeTerms.parse("quadratic_with_maker_fees", "1.0")
HALF = FeeTerms.parse("quadratic", "0.5")


def _fee(terms, side, price, count, *, is_taker=True):
    return fill_fee(
        terms,
        side=side,
        price=Price.parse(price),
        count=Contracts.parse(count),
        is_taker=is_taker,
    )


@pytest.mark.parametrize(
    ("terms", "side", "price", "count", "fee"),
    [
        # 0.07 * 0.52 * 0.48 = 0.017472 -> 0.0175; cash 0.5375 needs no rounding
        (PLAIN, Side.BID, "0.5200", "1.00", "0.017500"),
        # 0.07 * 71.94 * 0.013 * 0.987 = 0.064615 -> 0.0647; cash 0.935220 + 0.0647 = 0.999920,
        # charged 1.000000: 0.000080 more
        (PLAIN, Side.BID, "0.0130", "71.94", "0.064780"),
        # 0.07 * 100 * 0.25 = 1.75, exact
        (PLAIN, Side.BID, "0.5000", "100.00", "1.750000"),
        (HALF, Side.BID, "0.5000", "100.00", "0.875000"),
        # a seller receives 0.935220 - 0.0647 = 0.870520, paid 0.870500: 0.000020 more
        (PLAIN, Side.ASK, "0.0130", "71.94", "0.064720"),
    ],
)
def test_known_taker_fees(terms, side, price, count, fee):
    assert _fee(terms, side, price, count) == Money.parse(fee)


def test_makers_pay_a_quarter_where_the_type_says_so():
    # 0.0175 * 100 * 0.25 = 0.4375
    assert _fee(MAKER, Side.BID, "0.5000", "100.00", is_taker=False) == Money.parse("0.437500")
    assert _fee(PLAIN, Side.BID, "0.5000", "100.00", is_taker=False) == Money(0)
    assert _fee(WORST_KNOWN, Side.BID, "0.5000", "100.00", is_taker=False) == Money(875_000)


SIDES = st.sampled_from(Side)
PRICES = st.integers(1, 9_999)
COUNTS = st.integers(1, 200_000)


@given(SIDES, PRICES, COUNTS, st.sampled_from([0, 500_000, 1_000_000]), st.booleans())
def test_follows_the_published_rule_in_exact_fractions(side, price, count, multiplier, is_taker):
    terms = FeeTerms("quadratic_with_maker_fees", multiplier)
    p, c = Fraction(price, 10_000), Fraction(count, 100)
    model = Fraction(multiplier, 10**6) * Fraction(7, 100) * c * p * (1 - p)
    model *= 1 if is_taker else Fraction(1, 4)
    trade_fee = Fraction(ceil(model * 10_000), 10_000)
    change = (-p * c if side is Side.BID else p * c) - trade_fee
    rounding = change - Fraction(floor(change * 10_000), 10_000)
    fee = fill_fee(terms, side=side, price=Price(price), count=Contracts(count), is_taker=is_taker)
    assert Fraction(fee.units, 10**6) == trade_fee + rounding
    assert 0 <= trade_fee + rounding - model < Fraction(2, 10_000)


@given(PRICES, st.booleans())
def test_the_unrounded_fee_is_that_of_one_contract(price, is_taker):
    p = price / 10_000
    rate = 0.07 if is_taker else 0.0175
    assert fee_per_contract(MAKER, Price(price), is_taker=is_taker) == pytest.approx(
        rate * p * (1 - p)
    )


@given(PRICES, COUNTS)
def test_no_costs_what_yes_costs_at_the_mirrored_price(price, count):
    """Buying NO at 1 - p is the ask at p: model fees agree, roundings differ below $0.0001."""
    asks = fill_fee(PLAIN, side=Side.ASK, price=Price(price), count=Contracts(count), is_taker=True)
    mirror = fill_fee(
        PLAIN, side=Side.BID, price=Price(10_000 - price), count=Contracts(count), is_taker=True
    )
    assert abs(asks.units - mirror.units) < 100


def test_unknown_terms_are_not_guessed_for_entries_and_worst_for_exits():
    unknown = FeeTerms.parse("flat", "1")
    assert not unknown.is_known
    assert exit_terms(unknown) == WORST_KNOWN
    assert exit_terms(HALF) == HALF
    with pytest.raises(KeyError):
        _fee(unknown, Side.BID, "0.5000", "1.00", is_taker=False)


def test_a_waiver_frees_until_it_expires_and_an_event_overrides_its_series():
    assert effective_terms(PLAIN, HALF, 100, 99) == FREE
    assert effective_terms(PLAIN, HALF, 100, 100) == HALF
    assert effective_terms(PLAIN, None, None, 100) == PLAIN
    assert _fee(FREE, Side.BID, "0.5000", "7.00") == Money(0)


def test_what_is_announced_counts_from_its_instant_on_and_an_event_first():
    series, event = FeeChange("a", "S", None, HALF, 100), FeeChange("b", "S", "E", FREE, 200)
    cleared = FeeChange("c", "S", "E", None, 300)
    told = (series, event, cleared)
    assert [effective_terms(PLAIN, None, None, at, told) for at in (99, 100, 200, 300)] == [
        PLAIN, HALF, FREE, HALF,
    ]  # fmt: skip
    assert effective_terms(PLAIN, WORST_KNOWN, None, 100, told) == WORST_KNOWN
    assert effective_terms(PLAIN, WORST_KNOWN, None, 300, told) == HALF
    assert effective_terms(PLAIN, None, 250, 200, told) == FREE  # waived, whatever is announced


def test_what_may_trade_later_is_charged_the_dearest_terms_until_then():
    later = [LaterTerms(100, HALF), LaterTerms(200, PLAIN), LaterTerms(300, FREE)]
    assert terms_by(FREE, later, 99) == FREE
    assert terms_by(FREE, later, 100) == HALF
    assert terms_by(FREE, later, 300) == PLAIN
    assert terms_by(FREE, later, None) == PLAIN  # at any time
    assert terms_by(PLAIN, later, 100) == PLAIN
    assert terms_by(PLAIN, (), None) == PLAIN


def test_terms_that_nobody_knows_are_as_dear_later_as_now():
    unknown = FeeTerms("flat")
    assert terms_by(FREE, [LaterTerms(100, unknown)], 100) == WORST_KNOWN
    assert terms_by(unknown, (), 100) == WORST_KNOWN


def test_where_takers_pay_most_by_one_and_makers_by_another_each_pays_most():
    """Half of all fees, a quarter of them of makers; then all of them, and none of makers."""
    now = FeeTerms("quadratic_with_maker_fees", 500_000)
    dearest = terms_by(now, [LaterTerms(100, PLAIN)], 100)
    assert dearest == FeeTerms("quadratic_with_maker_fees")
