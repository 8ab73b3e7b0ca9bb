from dataclasses import replace

from fakes.decisions import a_position, an_intent, an_order, the_state

from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.risk._exposure import live_claims, reserved


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


def test_an_exit_adds_nothing_to_what_may_be_lost():
    leaving = an_order(wanted(Side.ASK, purpose=Purpose.EXIT))
    assert live_claims(the_state(orders=(leaving,), positions=())) == []


def test_an_exit_takes_away_what_it_would_close():
    """10 YES at 0.30 would win $7.00; once 4 of them are gone it is $4.20, and nothing is lost."""
    leaving = an_order(wanted(Side.ASK, count="4.00", purpose=Purpose.EXIT))
    state = the_state(orders=(leaving,), positions=(a_position("10.00", "0.3000"),))
    held, closed = live_claims(state)
    assert str(held.if_yes + closed.if_yes) == "-4.200000"
    assert str(held.if_no + closed.if_no) == "3.000000"
