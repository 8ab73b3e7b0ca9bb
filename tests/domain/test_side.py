import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Outcome, Side, held_terms, spoken_net, spoken_terms, yes_terms

PRICES = st.integers(1, 9_999).map(Price)


def test_buying_no_is_selling_yes_at_the_rest_of_the_dollar():
    assert yes_terms(Outcome.NO, buy=True, price=Price(3_000)) == (Side.ASK, Price(7_000))
    assert yes_terms(Outcome.NO, buy=False, price=Price(3_000)) == (Side.BID, Price(7_000))
    assert yes_terms(Outcome.YES, buy=True, price=Price(3_000)) == (Side.BID, Price(3_000))
    assert yes_terms(Outcome.YES, buy=False, price=Price(3_000)) == (Side.ASK, Price(3_000))


@given(st.sampled_from(Outcome), PRICES, st.integers(1, 10**6).map(Contracts))
def test_there_and_back(outcome, price, count):
    side, yes_price = yes_terms(outcome, buy=True, price=price)
    assert held_terms(side.signed(count), yes_price) == (outcome, count, price)
    assert outcome_cost(side, yes_price, count) == price * count


@given(st.sampled_from(Outcome), st.booleans(), PRICES)
def test_an_order_is_spoken_of_as_it_was_asked_for(outcome, buys, price):
    side, yes_price = yes_terms(outcome, buy=buys, price=price)
    assert spoken_terms(side, yes_price, leaves=not buys) == (buys, outcome, price)


@pytest.mark.parametrize(
    ("net", "told"),
    [("10", "10 YES"), ("-10", "10 NO"), ("-1234.5", "1,234.50 NO"), ("0", "nothing")],
)
def test_a_position_is_spoken_of_by_its_outcome(net, told):
    assert spoken_net(Contracts.parse(net)) == told


def test_sides_oppose_each_other():
    assert Side.BID.opposite is Side.ASK
    assert Side.ASK.opposite is Side.BID
    assert Side.BID.sign == -Side.ASK.sign == 1
