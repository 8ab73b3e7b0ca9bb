from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.position import Position, apply_fill, outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.exposure import (
    event_loss,
    exposure,
    order_claim,
    orders_claim,
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


def _subsets(trades):
    for kept in product((False, True), repeat=len(trades)):
        yield [trade for trade, is_in in zip(trades, kept, strict=True) if is_in]


@given(TRADES, TRADES, st.booleans())
def test_the_worst_state_is_the_worst_of_all_states_fills_and_exits(held, wanted, exclusive):
    claims = [position_claim(position) for position in _positions(held)]
    claims += [order_claim(leg, side, Price(p), Contracts(n)) for leg, side, p, n in wanted]
    brute = max(
        _loss([*kept, *filled], state)
        for state in _states(exclusive=exclusive)
        for kept in _subsets(held)
        for filled in _subsets(wanted)
    )
    assert event_loss(claims, exclusive=exclusive).units == brute


def test_exclusive_no_legs_lose_one_at_most_and_no_gain_of_the_other_counts():
    """Ten NO of each of two legs at 0.60: $12 was paid, and one of them at least pays $10. Once it
    is left, the other may lose its $6, so that is what they may lose.
    """
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
    orders = [order_claim(leg, Side.ASK, Price(4_000), Contracts(1_000)) for leg in "AB"]
    assert held == orders
    assert event_loss(held, exclusive=True) == Money.parse("6.000000")
    assert event_loss(held[1:], exclusive=True) == Money.parse("6.000000")
    assert event_loss(held, exclusive=False) == Money.parse("12.000000")


def test_events_add_up():
    claims = [order_claim(leg, Side.BID, Price(4_000), Contracts(1_000)) for leg in "AB"]
    events = {"A": "E1", "B": "E2"}
    assert exposure(claims, events, frozenset({"E1", "E2"})) == Money.parse("8.000000")
    assert exposure([], events, frozenset()) == Money(0)


def test_what_closes_loses_nothing_and_the_dearest_is_what_opens():
    """Of bids for 4 at 0.40 and 10 at 0.90 the cheapest 10 close what is held, and 4 at 0.90 open
    YES for $3.60; where exits leave 2 to be closed, 2 at 0.40 and 10 at 0.90 do, for $9.80.
    """
    bids = [(Price(9_000), Contracts(1_000)), (Price(4_000), Contracts(400))]
    for closing, lost in ((1_000, "3.600000"), (200, "9.800000"), (1_400, "0.000000")):
        claim = orders_claim("A", Side.BID, bids, Contracts(closing))
        assert (str(claim.if_yes), str(claim.if_no)) == ("0.000000", lost)
    asks = orders_claim("A", Side.ASK, bids)  # NO at 0.10 and 0.60
    assert (str(asks.if_yes), str(asks.if_no)) == ("3.400000", "0.000000")


@given(TRADES.filter(bool), st.integers(1, 2_000), st.integers(1, 9_999), st.sampled_from(Side))
def test_no_order_of_fills_loses_more_than_a_position_and_its_orders_claim(
    trades, held, paid, side
):
    """However entries of one side fill after one another, whole or in part."""
    entries = [(Price(price), Contracts(count)) for _, _, price, count in trades]
    start = apply_fill(
        Position("A", "s"),
        side=side.opposite, price=Price(paid), count=Contracts(held), fee=Money(0), at_us=1,
    )  # fmt: skip
    claims = [position_claim(start), orders_claim("A", side, entries, abs(start.net))]
    most = event_loss(claims, exclusive=False)
    for turn in permutations(entries):
        position = start
        for price, count in turn:
            for part in (count.units // 2, count.units - count.units // 2):
                position = apply_fill(
                    position, side=side, price=price, count=Contracts(part), fee=Money(0), at_us=2
                )
                assert position.cost <= most + Money(len(entries) * 2)  # of a unit each is cut
