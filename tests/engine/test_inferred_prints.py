"""Trades read off a book and its ticker: exact where they add up, counted where they do not."""

from array import array
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_tape import Changes, Stretch
from kalshi_cli.engine.inferred_prints import Action, Ticked, infer, read

BID, ASK = Side.BID, Side.ASK
Row = tuple[int, Side, int, int]


def stretch_of(*rows: Row) -> Stretch:
    """Bids 40 x 100, 39 x 50; asks 42 x 80, 43 x 60; then (instant, side, price, by)."""
    at_us, sides, prices, changes = zip(*rows, strict=True)
    columns = Changes(
        array("q", at_us), array("b", [side is BID for side in sides]),
        array("h", prices), array("q", changes),
    )  # fmt: skip
    bids, asks = ((4_000, 100), (3_900, 50)), ((4_200, 80), (4_300, 60))
    return Stretch(at_us[0], at_us[-1], bids, asks, columns)


def act(at_us: int, *taken: tuple[int, int], hits: Side = ASK) -> Action:
    return Action(at_us, hits, taken)


def test_what_only_takes_from_the_touch_may_be_a_trade():
    seen = read(
        stretch_of(
            (1, ASK, 4_200, -30),  # from the touch
            (2, ASK, 4_300, -10),  # from behind it
            (3, ASK, 4_200, -20), (3, ASK, 4_300, 20),  # an order that moved
            (4, ASK, 4_200, -30), (4, ASK, 4_300, -70), (4, BID, 4_200, 5),  # a sweep that rests
            (5, BID, 4_200, -5),
        )
    )  # fmt: skip
    assert seen.actions == (
        act(1, (4_200, 30)),
        act(4, (4_200, 30), (4_300, 70)),
        act(5, (4_200, 5), hits=BID),
    )
    assert seen.touches == ((1, 4_000, 4_200), (4, 4_200, 10_000), (5, 4_000, 10_000))


def test_trades_are_those_that_add_up_and_end_in_the_last_one():
    """20 traded, the last of them 5 at 42: not the 9, not what came after, not the other 5."""
    actions = (
        act(1, (4_200, 15)),
        act(2, (4_200, 9)),
        act(3, (4_000, 5), hits=BID),
        act(4, (4_200, 5)),
        act(5, (4_200, 15)),
    )
    trades, unplaced = infer(actions, [Ticked(0, 100, 4_200, 1), Ticked(9, 120, 4_200, 5)])
    assert trades == [actions[0], actions[3]]
    assert unplaced == 0


def test_nothing_is_known_before_the_first_ticker_or_without_volume():
    actions = (act(1, (4_200, 15)), act(3, (4_200, 15)))
    assert infer(actions, [Ticked(2, 100, 4_200, 15)]) == ([], 0)
    assert infer(actions, [Ticked(2, 100, 4_200, 15), Ticked(4, 100, 4_200, 15)]) == ([], 0)


def test_of_several_possible_sets_the_one_that_no_single_cancellation_explains():
    sweep = act(1, (4_200, 4), (4_300, 6))
    actions = (sweep, act(2, (4_200, 10)), act(3, (4_300, 1)))
    trades, _ = infer(actions, [Ticked(0, 0, 4_200, 1), Ticked(9, 11, 4_300, 1)])
    assert trades == [sweep, actions[2]]


def test_what_does_not_add_up_is_counted_but_for_the_last_trade():
    actions = (act(1, (4_200, 7)), act(2, (4_200, 2), (4_300, 3)))
    trades, unplaced = infer(actions, [Ticked(0, 0, 4_200, 1), Ticked(9, 9, 4_300, 3)])
    assert (trades, unplaced) == ([act(2, (4_300, 3))], 6)
    assert infer(actions, [Ticked(0, 0, 4_200, 1), Ticked(9, 9, 4_100, 3)]) == ([], 9)


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=9), st.integers(1, 5))
def test_a_set_is_found_wherever_one_exists(found: list[tuple[int, bool]], last: int):
    """Against all subsets: real trades always add up, so nothing is ever left unplaced."""
    actions = [act(at, (4_200, units)) for at, (units, _) in enumerate(found, 1)]
    actions.append(act(99, (4_200, last)))
    traded = last + sum(units for units, real in found if real)
    tickers = [Ticked(0, 0, 4_200, 1), Ticked(99, traded, 4_200, last)]
    trades, unplaced = infer(actions, tickers)
    assert unplaced == 0
    assert sum(action.units for action in trades) == traded
    assert trades[-1] == actions[-1]
    assert [action.at_us for action in trades] == sorted({action.at_us for action in trades})


@given(st.lists(st.integers(1, 9), max_size=8), st.integers(1, 40))
def test_and_nowhere_else(sizes: list[int], total: int):
    actions = [act(at, (4_200, units)) for at, units in enumerate(sizes, 1)]
    actions.append(act(99, (4_200, 5)))
    _, unplaced = infer(actions, [Ticked(0, 0, 4_200, 1), Ticked(99, total + 5, 4_200, 5)])
    sums = {sum(chosen) for count in range(len(sizes) + 1) for chosen in combinations(sizes, count)}
    assert unplaced == (0 if total in sums else total)
