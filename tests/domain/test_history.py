from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.account import Settlement
from kalshi_cli.domain.history import fold_history
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import NO_MONEY, Contracts, Money, Price, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, apply_fill, apply_settlement
from kalshi_cli.domain.side import Side


def a_fill(number, side, price, count, fee=0):
    return Fill(
        f"f{number}", f"o{number}", "T", side, Price(price), Contracts(count), True, Money(fee),
        number,
    )  # fmt: skip


def a_settlement(value=10_000, revision=0, at_us=99):
    result = {0: Result.NO, 10_000: Result.YES}.get(value, Result.SCALAR)
    return Settlement(
        "T", "E", result, Price(value), Contracts(0), NO_MONEY, NO_MONEY, at_us, revision
    )


def test_a_trip_from_first_fill_to_flat():
    history = [
        (a_fill(1, Side.BID, 4_000, 1_000, 100), "s"),
        (a_fill(2, Side.ASK, 5_000, 400, 200), "s"),
        (a_fill(3, Side.ASK, 6_000, 600, 300), "s"),
    ]
    (folded,) = fold_history("T", history, {"o3": "TAKE_PROFIT"})
    (trip,) = folded.trips
    # bought for 4.00; sold 4 at 0.50 and 6 at 0.60: 5.60; fees 0.0006
    assert (trip.entry_cost, trip.proceeds) == (Money.parse("4.000000"), Money.parse("5.600000"))
    assert trip.pnl == Money.parse("1.599400")
    assert (trip.opened_us, trip.closed_us, trip.reason) == (1, 3, "TAKE_PROFIT")
    assert (trip.side, trip.count) == (Side.BID, Contracts(1_000))
    assert folded.position.is_flat


def test_a_fill_through_zero_ends_one_trip_and_opens_the_next():
    history = [
        (a_fill(1, Side.BID, 4_000, 1_000), "s"),
        (a_fill(2, Side.ASK, 5_000, 1_500), "s"),
        a_settlement(0),
    ]
    (folded,) = fold_history("T", history)
    assert [(t.side, t.pnl, t.reason) for t in folded.trips] == [
        (Side.BID, Money.parse("1.000000"), "traded"),
        (Side.ASK, Money.parse("2.500000"), "resolution: settled no"),
    ]


def test_only_the_newest_revision_of_a_settlement_counts():
    bought = (a_fill(1, Side.BID, 4_000, 1_000), "s")
    (folded,) = fold_history("T", [bought, a_settlement(10_000), a_settlement(0, revision=1)])
    assert folded.position.realized == Money.parse("-4.000000")
    assert len(folded.trips) == 1


HISTORY = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 9_999),
        st.integers(1, 900),
        st.integers(0, 10_000),
        st.sampled_from(["a", "b", "external"]),
    ),
    max_size=12,
)


@given(HISTORY, st.integers(0, 10_000))
def test_owners_fold_apart_and_trips_account_for_every_millionth(fills, value):
    history = [
        (a_fill(n, side, price, count, fee), owner)
        for n, (side, price, count, fee, owner) in enumerate(fills)
    ]
    apart = fold_history("T", [*history, a_settlement(value)])
    assert [f.position.owner for f in apart] == sorted({owner for _, owner in history})
    for folded in apart:
        plain = Position("T", folded.position.owner)
        for fill, owner in history:
            if owner == plain.owner:
                plain = apply_fill(
                    plain, side=fill.side, price=fill.price, count=fill.count, fee=fill.fee,
                    at_us=fill.at_us,
                )  # fmt: skip
        plain = apply_settlement(plain, Price(value), 99)
        assert replace(folded.position, updated_us=None) == replace(plain, updated_us=None)
        earned = total([trip.pnl for trip in folded.trips])
        assert earned == plain.realized - plain.fees
        assert len({trip.round_trip_id for trip in folded.trips}) == len(folded.trips)


@given(HISTORY)
def test_folding_again_gives_the_same_and_net_positions_add_up(fills):
    history = [
        (a_fill(n, side, price, count, fee), owner)
        for n, (side, price, count, fee, owner) in enumerate(fills)
    ]
    folded = fold_history("T", history)
    assert folded == fold_history("T", history)
    signed = sum(fill.side.sign * fill.count.units for fill, _ in history)
    assert sum(f.position.net.units for f in folded) == signed
