from dataclasses import replace

import pytest
from fakes.decisions import (
    NOW,
    PLAIN,
    a_position,
    an_intent,
    an_order,
    the_facts,
    the_state,
)
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FeeTerms, LaterTerms
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderState, Purpose, Terms
from kalshi_cli.domain.side import Side
from kalshi_cli.risk._exposure import at_risk_of, live_claims, reserved
from kalshi_cli.steps.risk_state import with_sent


def wanted(side=Side.BID, limit="0.4100", count="10.00", **changes):
    facts = {"side": side, "limit": Price.parse(limit), "count": Contracts.parse(count)}
    return replace(an_intent(), **facts, **changes)


def test_cash_is_reserved_by_what_live_entries_may_still_take():
    partly = replace(
        an_order(wanted(limit="0.5000"), OrderState.PARTIALLY_FILLED), filled=Contracts(400)
    )
    orders = (
        an_order(wanted()),  # 4.10 and 0.07 * 10 * 0.41 * 0.59, charged 0.1694
        an_order(wanted(Side.ASK)),  # NO at 0.59: 5.90 and the same
        an_order(wanted(Side.ASK, purpose=Purpose.EXIT)),  # gives cash back
        an_order(wanted(), OrderState.CANCELED),
        partly,  # 6 x 0.50 and 0.07 * 6 * 0.25 = 0.105
    )
    assert str(reserved(the_state(orders=orders))) == "13.443800"


def test_an_entry_that_waits_reserves_the_dearest_fee_until_it_expires():
    """Free now; from NOW + 1 on a maker pays a quarter of 0.07 * 10 * 0.50 * 0.50: 0.04375."""
    later = LaterTerms(NOW + 1, FeeTerms("quadratic_with_maker_fees"))
    facts = the_facts(fees=replace(PLAIN, multiplier=0), later_fees=(later,))
    waits = wanted(limit="0.5000", post_only=True)
    for expires_us, most in ((None, "5.043800"), (NOW + 1, "5.043800"), (NOW, "5.000000")):
        orders = (an_order(replace(waits, expires_us=expires_us)),)
        assert str(reserved(the_state(orders=orders, facts={"T": facts}))) == most


@pytest.mark.parametrize(
    ("before", "asked", "most"),
    [
        (NOW, NOW + 1, "5.043800"),  # it may have been made, or not
        (NOW + 1, NOW, "5.043800"),
        (NOW, None, "5.043800"),
        (None, NOW, "5.043800"),
        (NOW, NOW, "5.000000"),
    ],
)
def test_a_change_that_is_not_answered_reserves_by_the_later_end(before, asked, most):
    later = LaterTerms(NOW + 1, FeeTerms("quadratic_with_maker_fees"))
    facts = the_facts(fees=replace(PLAIN, multiplier=0), later_fees=(later,))
    waits = wanted(limit="0.5000", post_only=True, expires_us=before)
    order = an_order(waits).changing(Terms(waits.limit, waits.count, asked), NOW)
    assert str(reserved(the_state(orders=(order,), facts={"T": facts}))) == most


@pytest.mark.parametrize(
    ("held", "most"),
    [("10.00", "3.000000"), ("4.00", "3.540000"), ("0.00", "5.900000")],
)
def test_an_exit_adds_nothing_but_where_it_is_for_more_than_is_held(held, most):
    """10 YES at 0.30 of which something else has closed a part: the rest opens NO at 0.59."""
    leaving = an_order(wanted(Side.ASK, purpose=Purpose.EXIT))
    positions = (a_position(held, "0.3000"),) if held != "0.00" else ()
    state = the_state(orders=(leaving,), positions=positions)
    assert str(at_risk_of(state, ("market", "T"))) == most


def test_what_an_exit_closes_no_entry_closes():
    """Of asks for 10 against 10 YES at 0.30, an exit of 4 leaves 6 to close: 4 open NO at 0.60."""
    leaving = an_order(wanted(Side.ASK, count="4.00", purpose=Purpose.EXIT))
    quote = an_order(wanted(Side.ASK, "0.4000", "10.00", purpose=Purpose.QUOTE))
    held = a_position("10.00", "0.3000")
    for orders, opened in (((quote,), "0.000000"), ((leaving, quote), "2.400000")):
        position, entering = live_claims(the_state(orders=orders, positions=(held,)))
        assert (str(position.if_yes), str(position.if_no)) == ("0.000000", "3.000000")
        assert (str(entering.if_yes), str(entering.if_no)) == (opened, "0.000000")


def test_what_others_hold_against_us_is_no_cushion():
    """10 YES at 0.30 and a stranger's 5 NO at 0.40: if NO, our $3.00 are lost, whatever it wins."""
    ours, theirs = a_position("10.00", "0.3000"), a_position("-5.00", "0.4000", owner=EXTERNAL)
    assert str(at_risk_of(the_state(positions=(ours, theirs)), ("market", "T"))) == "3.000000"


GROUPS = [
    ("account", ""),
    *(("market", ticker) for ticker in "TUV"),
    *(("event", event) for event in ("E", "E2")),
    ("category", "Weather"),
    ("cluster", "SERIES"),
    *(("strategy", owner) for owner in ("one", "two")),
]
LATER = st.tuples(
    st.sampled_from("TUV"),
    st.sampled_from(["one", "two"]),
    st.sampled_from(Side),
    st.integers(1, 99),
    st.integers(1, 40),
    st.sampled_from([OrderState.RESTING, OrderState.UNKNOWN, OrderState.REJECTED]),
    st.sampled_from([Purpose.ENTRY, Purpose.QUOTE, Purpose.EXIT]),
)


@given(st.lists(LATER, max_size=8), st.sampled_from([frozenset(), frozenset({"E"})]))
def test_one_more_order_makes_of_what_is_known_what_a_new_count_finds(later, exclusive):
    """Asked after each order or not: what groups may lose is what a state made anew says."""
    positions = (a_position("20.00", "0.3000", owner="one"), a_position("-9.00", "0.2000", "U"))
    state = the_state(positions=positions, exclusive_events=exclusive)
    for ticker, owner, side, cents, count, became, purpose in later:
        at_risk_of(state, ("account", ""))
        intent = wanted(side, f"{cents / 100:.4f}", f"{count}.00", ticker=ticker, purpose=purpose)
        state = with_sent(state, an_order(replace(intent, strategy=owner), became))
    anew = the_state(positions=positions, exclusive_events=exclusive, orders=state.orders)
    assert len(state.orders) == len(later)
    for group in GROUPS:
        assert at_risk_of(state, group) == at_risk_of(anew, group), group


def test_what_is_known_of_the_account_is_not_counted_again(monkeypatch: pytest.MonkeyPatch):
    state = the_state(positions=(a_position("20.00", "0.3000"),))
    assert str(at_risk_of(state, ("account", ""))) == "6.000000"
    monkeypatch.setattr("kalshi_cli.risk._exposure._owned_claims", None)
    grown = with_sent(state, an_order(wanted(ticker="V", limit="0.4000")))
    assert str(at_risk_of(grown, ("account", ""))) == "10.000000"
    assert str(at_risk_of(grown, ("market", "V"))) == "4.000000"
