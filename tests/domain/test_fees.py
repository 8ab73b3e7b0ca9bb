from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
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
    most_fees,
    terms_by,
)
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.position import outcome_cost
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


TERMS = st.builds(
    FeeTerms,
    st.sampled_from(["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"]),
    st.sampled_from([0, 500_000, 1_000_000, 3_000_000, 40_000_000]),
)
LIMITS = st.one_of(PRICES, st.integers(1, 99).map(lambda cent: 100 * cent))
FILLS = st.lists(
    st.tuples(st.one_of(st.integers(1, 3), COUNTS), st.integers(0, 9_998), st.booleans()),
    min_size=1,
    max_size=40,
)
"""Hundredths of a contract, how much better than the limit, and whether they are taken."""


def _at_most(terms, side, limit, count, *, is_taker):
    fees = most_fees(terms, side=side, limit=limit, count=count, is_taker=is_taker)
    return outcome_cost(side, limit, count) + fees


def _filled(terms, side, limit, fills, *, is_taker):
    """Price, count and who takes: a maker at the limit, a taker up to it, by the outcome bought."""
    for units, better, takes in fills:
        taken = is_taker and takes
        paid = max(1, (limit if side is Side.BID else limit.complement).units - taken * better)
        yield Price(paid if side is Side.BID else 10_000 - paid), Contracts(units), taken


def _charged(terms, side, price, count, *, is_taker):
    fee = fill_fee(terms, side=side, price=price, count=count, is_taker=is_taker)
    return outcome_cost(side, price, count) + fee


@settings(max_examples=500)
@given(TERMS, SIDES, LIMITS, FILLS, st.booleans())
def test_no_way_to_fill_an_order_costs_more_than_it_may(terms, side, limit, fills, is_taker):
    limit, count = Price(limit), Contracts(sum(units for units, *_ in fills))
    cost = total([
        _charged(terms, side, price, part, is_taker=taken)
        for price, part, taken in _filled(terms, side, limit, fills, is_taker=is_taker)
    ])  # fmt: skip
    assert cost <= _at_most(terms, side, limit, count, is_taker=is_taker)


@settings(max_examples=60, deadline=None)
@given(TERMS, SIDES, LIMITS, COUNTS, st.booleans())
def test_hundredths_at_some_price_cost_all_that_an_order_may(terms, side, limit, units, is_taker):
    limit = Price(limit)
    prices = [limit.units]
    if is_taker:
        prices = range(1, limit.units + 1) if side is Side.BID else range(limit.units, 10_000)
    each = max(
        _charged(terms, side, Price(price), Contracts(1), is_taker=is_taker).units
        for price in prices
    )
    count = Contracts(units)
    assert _at_most(terms, side, limit, count, is_taker=is_taker) == Money(each * units)


@pytest.mark.parametrize(
    ("terms", "side", "limit", "count", "is_taker", "fees"),
    [
        # 0.0175 * 0.01 * 0.41 * 0.59 = 0.0000423: 0.0001 for each of 100,000 hundredths
        (MAKER, Side.BID, "0.4100", "1000.00", False, "10.000000"),
        # 0.07 * 0.01 * 0.41 * 0.59 = 0.000169 -> 0.0002
        (MAKER, Side.BID, "0.4100", "1000.00", True, "20.000000"),
        (MAKER, Side.ASK, "0.5900", "1000.00", True, "20.000000"),
        (PLAIN, Side.BID, "0.4100", "1000.00", False, "0.000000"),
        # 0.01 at 0.013 is 0.00013, charged 0.0002: 0.00007 more; and 0.0001 for 0.00000898
        (PLAIN, Side.BID, "0.0130", "1.00", True, "0.017000"),
        # 0.07 * 0.01 * 0.83 * 0.17 = 0.0000988 -> 0.0001; at 0.8273, charged the same cash of
        # 0.0083, the fee is 0.00010001 -> 0.0002
        (PLAIN, Side.BID, "0.8300", "1.00", True, "0.020000"),
        (PLAIN, Side.BID, "0.8400", "1.00", True, "0.010000"),
        (PLAIN, Side.BID, "0.8200", "1.00", True, "0.020000"),
        # 40 times as much, of a contract: 2.8 * P(1 - P) is 0.252 at 0.90, 1.16 together; most is
        # just above 0.67, where the cash is that of 0.68 and 0.6190 are charged 0.62: 1.30
        (FeeTerms("quadratic", 40_000_000), Side.BID, "0.9000", "1.00", True, "0.400000"),
    ],
)
def test_the_most_that_fees_may_be(terms, side, limit, count, is_taker, fees):
    found = most_fees(
        terms,
        side=side,
        limit=Price.parse(limit),
        count=Contracts.parse(count),
        is_taker=is_taker,
    )
    assert str(found) == fees


@pytest.mark.parametrize("side", Side)
def test_on_whole_cents_the_bound_is_met_but_at_one_price(side):
    """Only at 83c does a price between two cents cost more: by $0.0001 for 0.01 contracts."""
    beyond = {}
    for cent in range(1, 100):
        paid = [Price(100 * each) for each in range(1, cent + 1)]
        prices = paid if side is Side.BID else [price.complement for price in paid]
        dearest = max(_charged(PLAIN, side, p, Contracts(1), is_taker=True) for p in prices)
        most = _at_most(PLAIN, side, prices[-1], Contracts(1), is_taker=True)
        if most != dearest:
            beyond[cent] = most - dearest
    assert beyond == {83: Money(100)}


@settings(max_examples=300)
@given(TERMS, SIDES, LIMITS, FILLS, st.booleans(), st.sampled_from([(100, 10_000), (1, 100)]))
def test_what_the_exchange_pays_back_makes_no_order_dearer(
    terms, side, limit, fills, is_taker, rule
):
    """By either account of its rounding: trade fees to $0.0001 and rebates in whole cents, or fees
    to $0.000001 and rebates in $0.0001. None is more than the fee of its fill.
    """
    fee_step, rebate_step = rule
    limit, kept, cost = Price(limit), 0, 0
    for price, count, taken in _filled(terms, side, limit, fills, is_taker=is_taker):
        p, c = Fraction(price.units, 10_000), Fraction(count.units, 100)
        shares = {"quadratic": 0, "quadratic_with_maker_fees": Fraction(1, 4)}
        share = 1 if taken else shares.get(terms.fee_type, Fraction(1, 2))
        model = Fraction(terms.multiplier * 7, 100) * share * c * p * (1 - p)
        fee = ceil(model / fee_step) * fee_step
        paid = outcome_cost(side, price, count).units + fee
        rounding = -paid % 100
        kept += rounding
        back = min(kept, fee + rounding) // rebate_step * rebate_step
        kept -= back
        cost += paid + rounding - back
    whole = Contracts(sum(units for units, *_ in fills))
    assert Money(cost) <= _at_most(terms, side, limit, whole, is_taker=is_taker)


def test_hundredths_are_paid_nothing_back():
    """A cent is more than the fee of 0.01 contracts with all its rounding, at any price."""
    for price in range(1, 10_000):
        fee = fill_fee(
            WORST_KNOWN, side=Side.BID, price=Price(price), count=Contracts(1), is_taker=True
        )
        assert NO_MONEY < fee < Money(10_000)
