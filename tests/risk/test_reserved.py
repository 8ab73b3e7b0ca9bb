from dataclasses import replace
from itertools import cycle

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
from hypothesis import example, given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FeeTerms, LaterTerms
from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import OrderState, Purpose, Terms
from kalshi_cli.domain.side import Side
from kalshi_cli.risk._exposure import at_risk_of, live_claims, reserved
from kalshi_cli.risk._gate import controls
from kalshi_cli.steps.risk_state import with_sent


def wanted(side=Side.BID, limit="0.4100", count="10.00", **changes):
    facts = {"side": side, "limit": Price.parse(limit), "count": Contracts.parse(count)}
    return replace(an_intent(), **facts, **changes)


def test_cash_is_reserved_by_what_live_entries_may_still_take():
    partly = replace(
        an_order(wanted(limit="0.5000"), OrderState.PARTIALLY_FILLED), filled=Contracts(400)
    )
    orders = (
        an_order(wanted()),  # 4.10, and 0.0002 for 0.07 * 0.01 * 0.41 * 0.59 of a hundredth: 0.20
        an_order(wanted(Side.ASK)),  # NO at 0.59: 5.90 and the same
        an_order(wanted(Side.ASK, purpose=Purpose.EXIT)),  # gives cash back
        an_order(wanted(), OrderState.CANCELED),
        partly,  # 6 x 0.50, and 0.0002 for 0.07 * 0.01 * 0.25 = 0.000175: 0.12
    )
    assert str(reserved(the_state(orders=orders))) == "13.520000"


def test_an_entry_that_waits_reserves_the_dearest_fee_until_it_expires():
    """Free now; from NOW + 1 on a maker pays a quarter of 0.07 * 0.25: 0.0001 a hundredth."""
    later = LaterTerms(NOW + 1, FeeTerms("quadratic_with_maker_fees"))
    facts = the_facts(fees=replace(PLAIN, multiplier=0), later_fees=(later,))
    waits = wanted(limit="0.5000", post_only=True)
    for expires_us, most in ((None, "5.100000"), (NOW + 1, "5.100000"), (NOW, "5.000000")):
        orders = (an_order(replace(waits, expires_us=expires_us)),)
        assert str(reserved(the_state(orders=orders, facts={"T": facts}))) == most


@pytest.mark.parametrize(
    ("before", "asked", "most"),
    [
        (NOW, NOW + 1, "5.100000"),  # it may have been made, or not
        (NOW + 1, NOW, "5.100000"),
        (NOW, None, "5.100000"),
        (None, NOW, "5.100000"),
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


RATES = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 17_500,
    "quadratic_with_combo_maker_fees": 35_000,
}
"""What makers pay of p(1 - p) in millionths of a dollar a contract; takers pay 70,000."""
PRICED = st.one_of(st.integers(1, 9_999), st.integers(1, 99).map(lambda cent: 100 * cent))
WANTED = st.tuples(st.sampled_from(Side), PRICED, st.integers(1, 2_000), st.booleans())
PIECES = st.lists(
    st.tuples(st.integers(1, 400), st.booleans(), st.integers(0, 2_000)), min_size=1, max_size=6
)
"""Hundredths of a contract in one fill, whether they are taken, and how much below the limit."""


def spent(intent, maker_rate, pieces):
    """Units of $0.000001 that the fills of an order take, one by one, until it is filled."""
    limit, left = intent.limit.units, intent.count.units
    for units, takes, better in cycle(pieces):
        if not left:
            return
        part, taken = min(units, left), takes and not intent.post_only
        paid = limit if intent.side is Side.BID else 10_000 - limit
        paid = max(1, paid - better) if taken else paid
        model = (
            (70_000 if taken else maker_rate) * part * paid * (10_000 - paid)
        )  # of 1e-16 dollars
        fee = -(-model // 10**12) * 100
        yield -(-(paid * part + fee) // 100) * 100
        left -= part


@pytest.mark.parametrize("code", ["CASH_RESERVE", "SHARD_COLLATERAL"])
@given(
    fee_type=st.sampled_from(sorted(RATES)),
    wanted=st.lists(WANTED, min_size=1, max_size=4),
    pieces=PIECES,
)
@example(
    fee_type="quadratic_with_maker_fees",
    wanted=[(Side.BID, 4_100, 100_000, True)],
    pieces=[(100, False, 0)],
)
@example(
    fee_type="quadratic",
    wanted=[(Side.BID, 8_300, 1_000, False)],
    pieces=[(1, True, 27)],
)
def test_no_fill_in_pieces_passes_what_is_reserved_by_a_cent(code, fee_type, wanted, pieces):
    """With the least cash that lets the last of some orders pass, whatever they then cost."""
    facts = {"T": the_facts(fees=FeeTerms(fee_type))}
    intents = [
        replace(an_intent(), side=side, limit=Price(price), count=Contracts(count), post_only=waits)
        for side, price, count, waits in wanted
    ]
    live = tuple(an_order(intent, number=n) for n, intent in enumerate(intents[:-1], start=1))

    def denial(cash):
        state = the_state(orders=live, facts=facts, cash=cash, cash_by_shard={0: cash})
        control = next(each for each in controls() if each.code == code)
        return control.check(intents[-1], state, NOW)

    told = denial(Money(0))
    lacking = abs(Money.parse(told.value) - Money.parse(told.limit))
    assert denial(lacking) is None
    assert denial(lacking - Money(1)) is not None
    kept = Money.parse("10") if code == "CASH_RESERVE" else Money(0)
    costs = [cost for intent in intents for cost in spent(intent, RATES[fee_type], pieces)]
    assert lacking - Money(sum(costs)) >= kept


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
