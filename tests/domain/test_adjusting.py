"""What becomes of a resting order now that something else may be wanted."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW, an_order, resting

from kalshi_cli.domain.adjusting import Adjustment, adjustment, quote_adjustment
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import (
    ExchangeOrderStatus,
    OrderReport,
    OrderState,
    Pending,
    Purpose,
    Terms,
    TimeInForce,
    fold_fill,
    fold_report,
)
from kalshi_cli.domain.side import Side

LATER = NOW + 10_000_000


def contracts(text):
    return Contracts.parse(text)


def terms(limit="0.4000", count="10.00"):
    return Terms(Price.parse(limit), contracts(count), resting().expires_us)


def told(price="0.4100", filled="0.00", remaining="10.00", status="resting"):
    whole = contracts(filled) + contracts(remaining)
    return OrderReport(
        "o1", "k1", "T", Side.BID, Price.parse(price), whole, contracts(filled),
        contracts(remaining), ExchangeOrderStatus(status), NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, Adjustment.REPLACE),
        (resting(), Adjustment.KEEP),
        (resting(count="15.00"), Adjustment.KEEP),  # larger would lose the place
        (resting(count="8.00"), Adjustment.KEEP),  # a fifth is not worth a request
        (resting(count="7.99"), Adjustment.DECREASE),
        (resting(limit="0.4000"), Adjustment.AMEND),
        (resting(limit="0.4000", count="1.00"), Adjustment.AMEND),
        (resting(Side.ASK), Adjustment.REPLACE),
        (resting(forecast_id="f2"), Adjustment.REPLACE),
        (resting(time_in_force=TimeInForce.IOC, post_only=False), Adjustment.REPLACE),
    ],
)
def test_what_a_wanted_order_makes_of_a_resting_one(wanted, expected):
    assert adjustment(an_order(resting()), wanted) is expected


def test_the_size_that_counts_is_what_is_left_of_it():
    partly = replace(an_order(resting()), filled=contracts("5.00"))
    assert adjustment(partly, resting(count="4.00")) is Adjustment.KEEP
    assert adjustment(partly, resting(count="3.99")) is Adjustment.DECREASE


@pytest.mark.parametrize(
    ("side", "asked", "left", "price"),
    [
        (Side.BID, terms("0.4000", "10.00"), "8.00", "0.4100"),
        (Side.BID, terms("0.4200", "15.00"), "13.00", "0.4200"),
        (Side.BID, terms("0.4200", "5.00"), "8.00", "0.4200"),
        (Side.ASK, terms("0.4200", "15.00"), "13.00", "0.4100"),
        (Side.ASK, terms("0.4000", "4.00"), "8.00", "0.4000"),
    ],
)
def test_until_the_outcome_is_known_the_larger_and_the_worse_count(side, asked, left, price):
    order = replace(an_order(resting(side)), filled=contracts("2.00")).changing(asked, NOW)
    assert (str(order.remaining), str(order.worst_limit)) == (left, price)
    assert order.pending is Pending.AMEND


def test_a_report_with_other_terms_is_the_change():
    asked = an_order(resting()).changing(terms("0.4000", "8.00"), NOW)
    after = fold_report(asked, told("0.4000", "1.00", "7.00"), NOW)
    assert (str(after.intent.limit), str(after.intent.count)) == ("0.4000", "8.00")
    assert (after.asked, after.pending, str(after.remaining)) == (None, Pending.NONE, "7.00")
    assert after.state is OrderState.PARTIALLY_FILLED


def test_a_report_with_the_terms_of_before_is_no_proof_until_reads_have_caught_up():
    asked = an_order(resting()).changing(terms(), NOW)
    assert fold_report(asked, told(), LATER - 1).pending is Pending.AMEND
    after = fold_report(asked, told(), LATER)
    assert (after.asked, after.pending) == (None, Pending.NONE)
    assert after.intent == resting()


def test_what_a_read_that_lags_shows_of_the_change_before_the_last_is_no_answer():
    """10 at 41 cents, then 50 at 40, answered; then 1 at 40 is asked for. An old read shows 10."""
    grown = an_order(resting()).changed(terms("0.4000", "50.00"), NOW)
    asked = grown.changing(terms("0.4000", "1.00"), NOW)
    after = fold_report(asked, told(), LATER - 1)
    assert (str(after.remaining), after.pending) == ("50.00", Pending.AMEND)
    same_price = fold_report(asked, told("0.4000"), LATER - 1)
    assert (str(same_price.remaining), same_price.pending) == ("50.00", Pending.AMEND)
    made = fold_report(asked, told("0.4000", remaining="1.00"), LATER - 1)
    assert (str(made.remaining), made.pending) == ("1.00", Pending.NONE)


def test_an_order_that_ended_has_no_change_under_way():
    asked = an_order(resting()).changing(terms(), NOW)
    for ended in (
        fold_report(asked, told(filled="4.00", remaining="0.00", status="canceled"), NOW),
        fold_fill(asked, contracts("10.00"), NOW),
    ):
        assert (ended.asked, ended.pending) == (None, Pending.NONE)
        assert ended.remaining.units == 0


@pytest.mark.parametrize(
    ("status", "filled", "asked", "count"),
    [
        ("canceled", "12.00", terms("0.4200", "15.00"), "15.00"),
        ("executed", "15.00", terms("0.4200", "15.00"), "15.00"),
        ("canceled", "12.00", None, "12.00"),  # made larger by hand: by how much, nobody tells
        ("canceled", "10.00", terms("0.4200", "15.00"), "10.00"),  # it may have come too late
    ],
)
def test_an_order_that_filled_beyond_its_size_had_been_changed(status, filled, asked, count):
    order = an_order(resting())
    order = order if asked is None else order.changing(asked, NOW)
    ended = fold_report(order, told("0.4200", filled, "0.00", status), NOW)
    assert (str(ended.intent.count), str(ended.filled)) == (count, filled)
    assert str(ended.intent.limit) == ("0.4100" if count == "10.00" else "0.4200")
    assert (ended.asked, ended.pending, ended.remaining.units) == (None, Pending.NONE, 0)


def test_a_decrease_that_raced_a_fill_takes_the_exchanges_count():
    """4 filled before 6 were left resting, and we had heard of none: 10 in all, none too many."""
    asked = an_order(resting()).changing(terms("0.4100", "6.00"), NOW)
    after = fold_report(asked, told(filled="3.00", remaining="6.00"), NOW)
    assert (str(after.intent.count), str(after.filled)) == ("9.00", "3.00")
    assert fold_fill(after, contracts("9.00"), NOW).state is OrderState.FILLED


# Quotes: twenty minutes long, looked at after `minutes`.


def quote(limit="0.4100", count="10.00", until_us=NOW + 20 * MINUTE, **changes):
    return resting(limit=limit, count=count, purpose=Purpose.QUOTE, expires_us=until_us, **changes)


@pytest.mark.parametrize(
    ("wanted", "minutes", "becomes"),
    [
        (quote(until_us=NOW + 21 * MINUTE), 1, Adjustment.KEEP),
        (quote(until_us=NOW + 30 * MINUTE), 10, Adjustment.KEEP),
        (quote(until_us=NOW + 31 * MINUTE), 11, Adjustment.RENEW),
        (quote(until_us=NOW + 15 * MINUTE), 1, Adjustment.RENEW),
        (quote(count="9.00"), 0, Adjustment.KEEP),
        (quote(count="7.00"), 0, Adjustment.DECREASE),
        (quote(count="20.00"), 0, Adjustment.KEEP),
        (quote(count="21.00"), 0, Adjustment.REPLACE),
        (quote(limit="0.4200"), 0, Adjustment.REPLACE),
        (quote(side=Side.ASK), 0, Adjustment.REPLACE),
        (resting(), 0, Adjustment.REPLACE),
        (None, 0, Adjustment.REPLACE),
    ],
)
def test_what_becomes_of_a_quote(wanted, minutes, becomes):
    order = an_order(quote())
    assert quote_adjustment(order, wanted, NOW + minutes * MINUTE) is becomes


def test_a_quote_that_is_mostly_filled_makes_room_for_a_whole_one():
    order = replace(an_order(quote()), state=OrderState.PARTIALLY_FILLED, filled=contracts("6.00"))
    assert quote_adjustment(order, quote(), NOW) is Adjustment.REPLACE
    assert quote_adjustment(replace(order, filled=contracts("5.00")), quote(), NOW) is (
        Adjustment.KEEP
    )
