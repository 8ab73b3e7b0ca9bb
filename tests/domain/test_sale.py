"""A sale by hand: 10 NO bought at 60 cents, 4 of them sold at 75 with a fee of 6 cents.

They bring $3.00 and had cost $2.40: $0.60 less the fee is $0.54.
"""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.position import Position, apply_fill, cash_effect
from kalshi_cli.domain.sale import sale, sales
from kalshi_cli.domain.side import Outcome, Side


def position(side: Side, price: int, count: int) -> Position:
    empty = Position("T", "x")
    return apply_fill(
        empty, side=side, price=Price(price), count=Contracts(count), fee=NO_MONEY, at_us=0
    )


def test_by_hand():
    before = position(Side.ASK, 4_000, 1_000)
    fee = Money.parse("0.06")
    after = apply_fill(
        before, side=Side.BID, price=Price(2_500), count=Contracts(400), fee=fee, at_us=1
    )
    (told,) = sales([before, Position("T", "flat")], [after])
    assert (told.outcome, str(told.sold), str(told.left)) == (Outcome.NO, "4.00", "6.00")
    assert (str(told.average), str(told.proceeds)) == ("0.750000", "3.000000")
    assert (told.fee, str(told.realized)) == (fee, "0.540000")


def test_nothing_sold_has_no_price():
    before = position(Side.BID, 4_000, 1_000)
    told = sale(before, before)
    assert (told.average, told.proceeds, told.realized) == (None, NO_MONEY, NO_MONEY)


@given(st.sampled_from(Side), st.integers(1, 9_999), st.integers(1, 9_999), st.integers(1, 10**6))
def test_what_it_brought_is_what_came_in(side, bought, price, count):
    before = position(side, bought, count)
    part = Contracts((count + 1) // 2)
    leaving = {"side": side.opposite, "price": Price(price), "count": part}
    told = sale(before, apply_fill(before, fee=NO_MONEY, at_us=1, **leaving))
    assert told.proceeds == cash_effect(before.net, **leaving)
    assert told.sold == part
