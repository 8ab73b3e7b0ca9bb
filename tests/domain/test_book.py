import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.book import Level, OrderBook, Walk, reaches
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue

NOTHING = Walk(NO_CONTRACTS, NO_MONEY, None)


def levels(*pairs):
    return tuple(Level(Price(price), Contracts(count)) for price, count in pairs)


BOOK = OrderBook(
    "T", levels((4_000, 500), (3_900, 1_000)), levels((4_400, 300), (4_500, 700)), at_us=1
)


def test_asks_are_derived_from_no_bids():
    book = OrderBook.from_bids(
        "T", levels((3_900, 1_000), (4_000, 500)), levels((5_500, 700), (5_600, 300)), 1
    )
    assert book == BOOK


def test_walks_level_by_level_up_to_the_limit():
    # 3 at 0.44 and 2 at 0.45: 1.32 + 0.90
    walk = BOOK.walk(Side.BID, Contracts(500))
    assert (walk.count, walk.cost, walk.worst) == (Contracts(500), Money(2_220_000), Price(4_500))
    assert BOOK.walk(Side.BID, Contracts(500), Price(4_400)).count == Contracts(300)
    assert BOOK.walk(Side.BID, Contracts(500), Price(4_399)) == NOTHING
    assert BOOK.walk(Side.ASK, Contracts(600)).cost == Money(500 * 4_000 + 100 * 3_900)


def test_a_missing_side_is_missing():
    empty = OrderBook("T", (), (), 1)
    assert empty.best_bid is None
    assert empty.best_ask is None
    assert empty.walk(Side.BID, Contracts(100)) == NOTHING


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        (levels((4_000, 100), (4_100, 100)), ()),
        (levels((4_000, 100), (4_000, 100)), ()),
        ((), levels((4_100, 100), (4_000, 100))),
        (levels((4_000, 0)), ()),
        (levels((4_000, -1)), ()),
        (levels((0, 100)), ()),
        ((), levels((10_000, 100))),
        (levels((4_000, 100)), levels((4_000, 100))),
        (levels((4_001, 100)), levels((4_000, 100))),
    ],
)
def test_refuses_impossible_books(bids, asks):
    with pytest.raises(InvalidValue):
        OrderBook("T", bids, asks, 1)


LADDER = st.dictionaries(st.integers(1, 4_999), st.integers(1, 5_000), max_size=8)


@given(LADDER, LADDER, st.integers(1, 60_000), st.sampled_from(Side))
def test_a_walk_takes_what_there_is_at_prices_within_its_limit(yes, no, count, side):
    book = OrderBook.from_bids("T", levels(*yes.items()), levels(*no.items()), 1)
    walk = book.walk(side, Contracts(count))
    there = sum(level.count.units for level in book.against(side))
    assert walk.count.units == min(count, there)
    if walk.worst is not None:
        bounded = book.walk(side, Contracts(count), walk.worst)
        assert bounded == walk
        assert all(reaches(side, walk.worst, walk.worst) for _ in book.against(side))
        outer = walk.worst.units * walk.count.units
        best = book.against(side)[0].price.units * walk.count.units
        assert min(best, outer) <= walk.cost.units <= max(best, outer)
