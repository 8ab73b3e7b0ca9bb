"""Quotes by hand on a bankroll of $1,000: no stake, only room."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW, the_limits
from fakes.sizing import a_capital, a_footing, a_proposal
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.exposure import event_loss, order_claim
from kalshi_cli.portfolio.quote_size import size_quotes

MAKER = FeeTerms("quadratic_with_maker_fees")


def quote(side=Side.BID, limit="0.4000", most="50.00", **changes):
    facts = {
        "purpose": Purpose.QUOTE,
        "max_contracts": most and Contracts.parse(most),
        "forecast_id": None,
        "resting": True,
        "expires_us": NOW + 20 * MINUTE,
    }
    return a_proposal(side, limit, **{**facts, **changes})


def counts(proposals, capital=None):
    sized = size_quotes(proposals, capital or a_capital())
    return [str(intent.count) for intent in sized.intents], [u.reason for u in sized.unsized]


def test_what_the_strategy_asks_for_where_there_is_room():
    (intent,) = size_quotes([quote()], a_capital()).intents
    assert (str(intent.count), intent.purpose, intent.post_only) == ("50.00", Purpose.QUOTE, True)
    assert (intent.time_in_force, intent.forecast_id) == (TimeInForce.GTC, None)
    assert intent.expires_us == NOW + 20 * MINUTE


def test_the_market_s_limit_is_shared_by_both_sides():
    # $50 of risk: 100 at 40 cents leave $10, which are 16 of NO at 60 cents.
    both = [quote(most="100.00"), quote(Side.ASK, "0.4000", "100.00")]
    assert counts(both) == (["100.00", "16.00"], [])


def test_what_it_closes_takes_no_room():
    # The market risks all of its $50 already.
    full = a_capital(by_ticker={"T": Money.parse("50.00")})
    ask = quote(Side.ASK, "0.4400")
    assert counts([ask], full) == ([], ["NO_ROOM"])
    assert counts([replace(ask, closes=Contracts.parse("30.00"))], full) == (["30.00"], [])


def test_the_part_of_a_contract_that_it_closes_goes_along():
    full = a_capital(by_ticker={"T": Money.parse("50.00")})
    ask = quote(Side.ASK, "0.4400", "0.50", closes=Contracts.parse("0.50"))
    assert counts([ask], full) == (["0.50"], [])
    more = quote(Side.ASK, "0.4400", "100.50", closes=Contracts.parse("30.50"))
    assert counts([more], full) == (["30.50"], [])  # no room to open any
    assert counts([more], a_capital(by_ticker={"T": Money.parse("39.00")})) == (["49.50"], [])
    assert counts([quote(Side.ASK, "0.4400", "0.50")], full) == ([], ["NO_ROOM"])


def test_collateral_is_paid_in_full_with_the_fee():
    # $10 above the reserve of $10; 0.0175 * 0.4 * 0.6 a contract: 24 cost 9.60 and 0.1008.
    little = a_capital(cash=Money.parse("20.00"), footings={"T": a_footing(fees=MAKER)})
    assert counts([quote()], little) == (["24.00"], [])
    assert counts([quote(closes=Contracts.parse("50.00"))], little) == (["24.00"], [])


def test_no_order_is_larger_than_a_person_allows():
    small = a_capital(limits=the_limits(max_order_contracts=7))
    assert counts([quote()], small) == (["7.00"], [])
    cheap = a_capital(limits=the_limits(max_single_position=0.004))  # $4 at 40 cents
    assert counts([quote()], cheap) == (["10.00"], [])


@pytest.mark.parametrize(
    ("footings", "why"),
    [({}, "NO_MARKET"), ({"T": a_footing(fees=FeeTerms("odd"))}, "UNKNOWN_FEES")],
)
def test_what_is_not_known_is_not_quoted(footings, why):
    assert counts([quote()], a_capital(footings=footings)) == ([], [why])


@given(
    st.lists(
        st.tuples(st.sampled_from(Side), st.integers(1, 99), st.integers(1, 9_999)),
        min_size=1,
        max_size=6,
    )
)
def test_all_together_stay_within_the_market_s_limit_and_the_cash(drawn):
    proposals = [
        quote(side, f"0.{cents:02}00", f"{count}.00", fair=0.5) for side, cents, count in drawn
    ]
    intents = size_quotes(proposals, a_capital()).intents
    claims = [order_claim("T", i.side, i.limit, i.count) for i in intents]
    assert event_loss(claims, exclusive=False) <= Money.parse("50.00")
    assert all(intent.count.is_whole and intent.count.units > 0 for intent in intents)
