"""Price-time priority: nothing is made or lost, the first in line is served first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.matching import MatchingBook
from kalshi_cli.errors import NotFound

PRICES = st.integers(1, 99).map(lambda cents: cents * 100)
UNITS = st.integers(1, 50).map(lambda contracts: contracts * 100)
QUOTES = st.dictionaries(PRICES, UNITS, max_size=6)


def _quotes(bids: dict[int, int], asks: dict[int, int], middle: int) -> tuple[list, list]:
    below = sorted(((p, u) for p, u in bids.items() if p < middle), reverse=True)
    above = sorted((p, u) for p, u in asks.items() if p > middle)
    return below, above


def _total(book: MatchingBook, side: Side) -> int:
    return sum(units for _, units in book.levels(side))


def _check(book: MatchingBook) -> None:
    bids, asks = ([price for price, _ in book.levels(side)] for side in Side)
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert not (bids and asks and bids[0] >= asks[0])
    assert all(order[2] > 0 for order in book.bids + book.asks)


@given(QUOTES, QUOTES, PRICES, st.sampled_from(Side), PRICES, UNITS)
def test_a_taker_gets_what_is_gone_at_prices_within_the_limit(
    bids: dict, asks: dict, middle: int, side: Side, limit: int, units: int
) -> None:
    book = MatchingBook()
    book.requote(*_quotes(bids, asks, middle))
    reachable = sum(
        size for price, size in book.levels(side.opposite) if side.sign * (limit - price) >= 0
    )
    before, other_before = _total(book, side.opposite), _total(book, side)
    hits = book.take(side, limit, units)
    got = sum(hit[2] for hit in hits)
    assert got == min(units, reachable)
    assert _total(book, side.opposite) == before - got
    assert _total(book, side) == other_before
    prices = [side.sign * hit[0] for hit in hits]
    assert prices == sorted(prices)
    _check(book)


def test_ours_wait_behind_what_is_there_and_ahead_of_what_comes() -> None:
    book = MatchingBook()
    book.requote([(4_000, 500)], [])
    book.join(Side.BID, 4_000, "mine", 300)
    book.requote([(4_000, 900)], [])
    assert book.bids == [(4_000, "", 500), (4_000, "mine", 300), (4_000, "", 400)]
    assert book.take(Side.ASK, 4_000, 600) == [(4_000, "", 500), (4_000, "mine", 100)]
    assert book.bids == [(4_000, "mine", 200), (4_000, "", 400)]


def test_others_leave_from_the_back_of_the_queue() -> None:
    book = MatchingBook([(4_000, "", 500), (4_000, "mine", 300), (4_000, "", 400)])
    book.requote([(4_000, 450)], [])
    assert book.bids == [(4_000, "", 450), (4_000, "mine", 300)]
    book.requote([], [])
    assert book.bids == [(4_000, "mine", 300)]


def test_a_better_price_goes_first() -> None:
    book = MatchingBook()
    book.requote([(4_000, 500)], [(4_600, 500)])
    book.join(Side.BID, 4_100, "bid", 100)
    book.join(Side.ASK, 4_500, "ask", 100)
    assert book.take(Side.ASK, 1, 200) == [(4_100, "bid", 100), (4_000, "", 100)]
    assert book.take(Side.BID, 9_900, 200) == [(4_500, "ask", 100), (4_600, "", 100)]


def test_our_own_taker_passes_over_ours() -> None:
    book = MatchingBook()
    book.requote([], [(4_600, 500)])
    book.join(Side.ASK, 4_500, "mine", 100)
    assert book.take(Side.BID, 4_600, 200, ours_too=False) == [(4_600, "", 200)]
    assert book.asks == [(4_500, "mine", 100), (4_600, "", 300)]


def test_a_stale_order_of_ours_is_taken_alone() -> None:
    book = MatchingBook()
    book.requote([], [(4_400, 500)])
    book.join(Side.ASK, 4_500, "mine", 100)
    book.join(Side.ASK, 4_700, "dear", 100)
    assert book.take_ours(Side.BID, 4_600) == [(4_500, "mine", 100)]
    assert book.asks == [(4_400, "", 500), (4_700, "dear", 100)]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("requote"), QUOTES, QUOTES, PRICES),
            st.tuples(st.just("join"), st.sampled_from(Side), PRICES, UNITS),
            st.tuples(st.just("take"), st.sampled_from(Side), PRICES, UNITS),
        ),
        max_size=25,
    )
)
def test_ours_are_conserved_and_the_book_never_crosses(steps: list) -> None:
    book = MatchingBook()
    joined, matched = 0, 0
    for number, step in enumerate(steps):
        if step[0] == "requote":
            book.requote(*_quotes(*step[1:]))
        elif step[0] == "take":
            hits = book.take(step[1], step[2], step[3])
            matched += sum(units for _, owner, units in hits if owner)
        else:
            _, side, price, units = step
            opposite = book.resting(side.opposite)
            if not opposite or side.sign * (opposite[0][0] - price) > 0:
                book.join(side, price, f"own{number}", units)
                joined += units
        _check(book)
        left = sum(units for _, owner, units in book.bids + book.asks if owner)
        assert left == joined - matched


def test_a_smaller_order_keeps_its_place_and_knows_what_is_ahead_of_it() -> None:
    book = MatchingBook([(4_100, "", 700), (4_000, "", 500), (4_000, "mine", 300), (4_000, "b", 9)])
    assert [book.ahead(owner) for owner in ("mine", "b")] == [1_200, 1_500]
    book.reduce("mine", 100)
    assert [book.ahead(owner) for owner in ("mine", "b")] == [1_200, 1_300]
    assert book.take(Side.ASK, 4_000, 1_250) == [
        (4_100, "", 700), (4_000, "", 500), (4_000, "mine", 50),
    ]  # fmt: skip
    assert book.ahead("b") == 50
    book.reduce("mine", 0)
    assert book.bids == [(4_000, "b", 9)]
    for lost in (lambda: book.ahead("mine"), lambda: book.reduce("mine", 1)):
        with pytest.raises(NotFound):
            lost()
