from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.position import Position, apply_fill, outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.exposure import (
    closing_claim,
    event_loss,
    exposure,
    order_claim,
    position_claim,
)

LEGS = "ABC"
TRADES = st.lists(
    st.tuples(
        st.sampled_from(LEGS), st.sampled_from(Side), st.integers(1, 9_999), st.integers(1, 900)
    ),
    max_size=4,
)


def _positions(trades):
    """Trades of one leg and side make one position: what nets out is not held."""
    return [
        Position(leg, "s", side.signed(Contracts(count)),
                 outcome_cost(side, Price(price), Contracts(count)))
        for leg, side, price, count in trades
    ]  # fmt: skip


def _loss(trades, winners):
    """Loss of filled trades in one state: what was paid less what pays."""
    lost = 0
    for leg, side, price, count in trades:
        won = (leg in winners) is (side is Side.BID)
        paid = price if side is Side.BID else 10_000 - price
        lost += count * (paid - (10_000 if won else 0))
    return lost


def _states(*, exclusive):
    if exclusive:
        return [set(), *({leg} for leg in LEGS)]
    return [{leg for leg, is_in in zip(LEGS, bits, strict=True) if is_in}
            for bits in product((False, True), repeat=len(LEGS))]  # fmt: skip


@given(TRADES, TRADES, st.booleans())
def test_the_worst_state_is_the_worst_of_all_states_and_fills(held, wanted, exclusive):
    claims = [position_claim(position) for position in _positions(held)]
    claims += [order_claim(leg, side, Price(p), Contracts(n)) for leg, side, p, n in wanted]
    brute = max(
        _loss(held, state) + _loss([t for t, is_in in zip(wanted, fills, strict=True) if is_in],
                                   state)
        for state in _states(exclusive=exclusive)
        for fills in product((False, True), repeat=len(wanted))
    )  # fmt: skip
    found = event_loss(claims, exclusive=exclusive).units
    assert found == max(0, brute)


def test_exclusive_no_legs_hedge_each_other():
    # two NO legs at 0.60 each, 10 contracts: $12 paid, at least one pays $10
    claims = [order_claim(leg, Side.ASK, Price(4_000), Contracts(1_000)) for leg in "AB"]
    held = [
        position_claim(
            apply_fill(
                Position(leg, "s"),
                side=Side.ASK,
                price=Price(4_000),
                count=Contracts(1_000),
                fee=Money(0),
                at_us=1,
            )
        )
        for leg in "AB"
    ]
    assert event_loss(held, exclusive=True) == Money.parse("2.000000")
    assert event_loss(held, exclusive=False) == Money.parse("12.000000")
    # orders may fill one without the other: the hedge is not there yet
    assert event_loss(claims, exclusive=True) == Money.parse("6.000000")


def test_events_add_up():
    claims = [order_claim(leg, Side.BID, Price(4_000), Contracts(1_000)) for leg in "AB"]
    events = {"A": "E1", "B": "E2"}
    assert exposure(claims, events, frozenset({"E1", "E2"})) == Money.parse("8.000000")
    assert exposure([], events, frozenset()) == Money(0)


def test_what_closes_a_position_takes_its_gain_away_the_cheapest_first():
    """10 NO at 0.20 would win $8.00. 4 bids at 0.40 close 4 of them and cost $1.60 for $3.20; of 10
    at 0.90 six would close, and none of these costs less than what it takes away.
    """
    held = Position("A", "s", Contracts(-1_000), Money.parse("2.00"))
    bids = [(Price(9_000), Contracts(1_000)), (Price(4_000), Contracts(400))]
    claim = closing_claim(held, bids, Contracts(0))
    assert (str(claim.if_yes), str(claim.if_no)) == ("0.000000", "1.600000")
    leaving = closing_claim(held, bids, Contracts(800))  # $6.40, and 2 of the bids close the rest
    assert (str(leaving.if_yes), str(leaving.if_no)) == ("0.000000", "7.200000")
