"""A recorded book: what is told, what is lost, and what becomes of our orders in it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import NO_ASK, NO_BID
from kalshi_cli.engine.recorded_book import ENDLESS, Ours, RecordedBook
from kalshi_cli.engine.tape_queue import QueueRule
from kalshi_cli.errors import InvalidValue, NotFound

BID, ASK = Side.BID, Side.ASK


def a_book(rule: QueueRule = QueueRule.PROPORTIONAL) -> RecordedBook:
    """Bids 40 x 100, 39 x 50; asks 42 x 80, 43 x 60."""
    book = RecordedBook(rule)
    book.snapshot([(4_000, 100), (3_900, 50)], [(4_200, 80), (4_300, 60)], 1)
    return book


def told(book: RecordedBook) -> list[tuple[str, int, int]]:
    """Fills so far: order, cents, units."""
    book.settle()
    return [(order_id, price // 100, units) for _, order_id, price, units in book.fills()]


def ahead(book: RecordedBook, order_id: str = "mine") -> int:
    book.settle()
    return book.ahead(order_id)


def test_levels_follow_the_changes():
    book = a_book()
    book.change(BID, 4_000, -100, 2)
    book.change(BID, 4_100, 7, 2)
    book.change(ASK, 4_200, 5, 3)
    assert book.ladder(BID) == [(4_100, 7), (3_900, 50)]
    assert book.ladder(ASK) == [(4_200, 85), (4_300, 60)]
    assert book.touch == (4_100, 4_200)
    book.change(ASK, 4_200, -85, 4)
    book.change(ASK, 4_300, -60, 4)
    assert book.touch == (4_100, NO_ASK)


@pytest.mark.parametrize("damage", ["lost", "below zero", "crossed"])
def test_a_damaged_book_has_no_side_until_the_next_snapshot(damage: str):
    book = a_book()
    if damage == "lost":
        book.lose()
    elif damage == "below zero":
        book.change(BID, 4_000, -101, 2)
    else:
        book.change(BID, 4_200, 1, 2)
    book.change(BID, 3_800, 1, 3)
    assert not book.known
    assert (book.display(BID), book.display(ASK)) == ([], [])
    assert book.touch == (NO_BID, NO_ASK)
    assert book.take(BID, 9_900, 10) == []
    book.snapshot([(3_700, 5)], [], 4)
    assert book.known
    assert (book.display(BID), book.display(ASK)) == ([(3_700, 5)], [])


def test_inside_an_instant_it_may_cross_and_then_shows_nothing():
    book = a_book()
    book.change(BID, 4_200, 30, 2)
    assert not book.known
    assert book.display(ASK) == []
    book.change(ASK, 4_200, -80, 2)
    book.settle()
    assert book.touch == (4_200, 4_300)


@pytest.mark.parametrize(("price", "units"), [(0, 1), (10_000, 1), (4_000, 0), (4_000, -1)])
def test_an_impossible_level_is_refused(price: int, units: int):
    with pytest.raises(InvalidValue, match="level"):
        RecordedBook().snapshot([(price, units)], [], 1)
    if units == 1:
        with pytest.raises(InvalidValue, match="level"):
            a_book().change(BID, price, units, 2)


def test_it_does_not_go_back():
    book = a_book()
    with pytest.raises(InvalidValue, match="back"):
        book.change(BID, 4_000, 1, 0)


def test_prints_go_through_what_is_ahead_and_then_fill_us():
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    assert book.display(BID)[0] == (4_000, 120)
    book.printed(4_000, 70, BID, 2)
    book.change(BID, 4_000, -70, 2)
    assert (told(book), ahead(book)) == ([], 30)
    book.change(BID, 4_000, 500, 3)
    assert ahead(book) == 30
    book.printed(4_000, 45, BID, 4)
    book.change(BID, 4_000, -45, 4)
    assert told(book) == [("mine", 40, 15)]
    assert book.display(BID)[0] == (4_000, 485 + 5)


def test_a_print_on_the_other_side_at_our_price_is_not_for_us():
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    book.printed(4_000, 500, ASK, 2)
    assert (told(book), ahead(book)) == ([], 100)


def test_a_print_through_our_price_fills_for_what_was_printed():
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    book.printed(3_900, 12, BID, 2)
    assert told(book) == [("mine", 40, 12)]
    book.printed(3_900, 50, BID, 3)
    assert told(book) == [("mine", 40, 8)]


@pytest.mark.parametrize(
    ("rule", "left"),
    [(QueueRule.PESSIMISTIC, 60), (QueueRule.PROPORTIONAL, 30), (QueueRule.OPTIMISTIC, 0)],
)
def test_cancellations_shorten_the_queue_by_rule(rule: QueueRule, left: int):
    """60 ahead and 60 behind; half of all cancel."""
    book = RecordedBook(rule)
    book.snapshot([(4_000, 60)], [], 1)
    book.join("mine", BID, 4_000, 20)
    book.change(BID, 4_000, 60, 2)
    book.change(BID, 4_000, -60, 3)
    assert ahead(book) == left


def test_only_what_was_not_printed_is_a_cancellation():
    """100 ahead, 100 behind. A print of 40 leaves 60 before us and 160 in all; half of them go."""
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    book.change(BID, 4_000, 100, 2)
    book.change(BID, 4_000, -120, 3)
    book.printed(4_000, 40, BID, 3)
    assert ahead(book) == 30


def test_an_empty_level_leaves_nobody_ahead():
    book = a_book(QueueRule.PESSIMISTIC)
    book.join("mine", BID, 4_000, 20)
    book.change(BID, 4_000, -100, 2)
    assert ahead(book) == 0
    assert book.display(BID)[0] == (4_000, 20)


def test_others_who_come_to_rest_against_us_trade_with_us():
    """An ask of 30 at 41 would have met our bid of 50 at 41: it never shows."""
    book = a_book()
    book.join("mine", BID, 4_100, 50)
    book.change(ASK, 4_100, 30, 2)
    assert told(book) == [("mine", 41, 30)]
    assert book.display(ASK)[0] == (4_200, 80)
    book.change(ASK, 4_100, 45, 3)
    assert told(book) == [("mine", 41, 20)]
    assert book.display(ASK)[0] == (4_100, 25)


def test_what_only_passes_inside_an_instant_does_not_meet_us():
    book = a_book()
    book.join("mine", BID, 4_100, 50)
    book.change(ASK, 4_100, 30, 2)
    book.change(ASK, 4_100, -30, 2)
    assert told(book) == []


def test_our_orders_at_one_price_share_one_queue_and_one_print():
    """100 of others before both: a print of 130 fills 20 of the first and 10 of the second."""
    book = a_book()
    book.join("one", BID, 4_000, 20)
    book.join("two", BID, 4_000, 20)
    assert (ahead(book, "one"), ahead(book, "two")) == (100, 120)
    book.printed(4_000, 130, BID, 2)
    assert told(book) == [("one", 40, 20), ("two", 40, 10)]


def test_taking_walks_the_levels_and_what_was_taken_is_gone():
    book = a_book()
    assert book.take(BID, 4_250, 200) == [(4_200, 80)]
    assert book.take(BID, 4_300, 20) == [(4_300, 20)]
    assert book.display(ASK) == [(4_300, 40)]
    book.change(ASK, 4_200, 15, 2)
    book.settle()
    assert book.display(ASK) == [(4_200, 15), (4_300, 40)]
    book.change(ASK, 4_300, -60, 3)
    book.change(ASK, 4_300, 60, 4)
    book.settle()
    assert book.display(ASK) == [(4_200, 15), (4_300, 60)]


def test_after_a_gap_no_more_than_is_displayed_is_ahead():
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    book.join("deep", BID, 3_900, 20)
    book.lose()
    book.join("blind", BID, 3_800, 5)
    assert ahead(book, "blind") >= ENDLESS
    book.printed(3_950, 7, BID, 2)
    assert told(book) == [("mine", 40, 7)]
    book.snapshot([(4_000, 30), (3_900, 900), (3_800, 70)], [(4_300, 1)], 3)
    queues = [(own.order_id, own.ahead) for own in book.ours.waiting]
    assert queues == [("mine", 30), ("deep", 50), ("blind", 70)]


def test_a_snapshot_that_crosses_our_order_met_it():
    book = a_book()
    book.join("mine", BID, 4_100, 50)
    book.lose()
    book.snapshot([(3_900, 5)], [(4_000, 10), (4_050, 15)], 3)
    assert told(book) == [("mine", 41, 10), ("mine", 41, 15)]
    assert book.display(ASK) == []


def test_an_order_is_resized_in_its_place_and_leaves():
    book = a_book()
    book.join("mine", BID, 4_000, 20)
    book.resize("mine", 5)
    assert (ahead(book), book.display(BID)[0]) == (100, (4_000, 105))
    book.resize("mine", 0)
    assert book.ours == Ours()
    with pytest.raises(NotFound):
        book.ahead("mine")


# Properties, on streams that an exchange could tell.

PRICES = range(46, 55)


@dataclass(frozen=True)
class Instant:
    """Changes (side, price, by) and prints (price, units, hit side) of one moment."""

    changes: tuple[tuple[Side, int, int], ...]
    prints: tuple[tuple[int, int, Side], ...]


@dataclass(frozen=True)
class Order:
    side: Side
    price: int
    units: int
    after: int
    """It joins after this many instants."""


Levels = dict[tuple[Side, int], int]


def best(levels: Levels, side: Side) -> int | None:
    prices = [price for (of, price), units in levels.items() if of is side and units]
    return (max if side is BID else min)(prices, default=None)


def crossed(levels: Levels) -> bool:
    bid, ask = best(levels, BID), best(levels, ASK)
    return bid is not None and ask is not None and bid >= ask


@st.composite
def streams(draw: st.DrawFn) -> list[Instant]:
    """Each instant is a quote that changes, or a taker at the touch. Never crossed after it."""
    levels: Levels = {}
    told: list[Instant] = []
    for _ in range(draw(st.integers(1, 25))):
        side = draw(st.sampled_from(Side))
        if draw(st.booleans()) and (touch := best(levels, side)) is not None:
            units = draw(st.integers(1, levels[side, touch]))
            levels[side, touch] -= units
            told.append(Instant(((side, touch, -units),), ((touch, units, side),)))
            continue
        price, units = draw(st.sampled_from(PRICES)), draw(st.integers(0, 40))
        by = units - levels.get((side, price), 0)
        if not by or crossed({**levels, (side, price): units}):
            continue
        levels[side, price] = units
        told.append(Instant(((side, price, by),), ()))
    return told


ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from(Side),
        st.sampled_from(PRICES),
        st.integers(1, 30),
        st.integers(0, 20),
    ),
    max_size=4,
)


def feed(book: RecordedBook, instant: Instant, at_us: int, *, prints_first: bool = True) -> None:
    def print_all() -> None:
        for price, units, hits in instant.prints:
            book.printed(price, units, hits, at_us)

    if prints_first:
        print_all()
    for side, price, by in instant.changes:
        book.change(side, price, by, at_us)
    if not prints_first:
        print_all()


def join(book: RecordedBook, orders: list[Order], number: int) -> None:
    """Orders join where they would not trade at once, as the exchange sees to it."""
    for place, order in enumerate(orders):
        if order.after == number:
            against = book.display(order.side.opposite)
            if not against or order.side.sign * (against[0][0] - order.price) > 0:
                book.join(f"o{place}", order.side, order.price, order.units)


def play(
    stream: list[Instant],
    orders: list[Order],
    rule: QueueRule = QueueRule.PROPORTIONAL,
    *,
    prints_first: bool = True,
) -> tuple[RecordedBook, dict[str, int]]:
    """Units filled by order."""
    book = RecordedBook(rule)
    book.snapshot([], [], 0)
    filled: dict[str, int] = {}
    for number, instant in enumerate(stream, 1):
        join(book, orders, number - 1)
        feed(book, instant, number, prints_first=prints_first)
        book.settle()
        for _, order_id, _, units in book.fills():
            filled[order_id] = filled.get(order_id, 0) + units
    return book, filled


@given(streams())
def test_the_book_is_the_sum_of_its_changes(stream: list[Instant]):
    book, _ = play(stream, [])
    naive: Levels = {}
    for instant in stream:
        for side, price, by in instant.changes:
            naive[side, price] = naive.get((side, price), 0) + by
    for side in Side:
        rows = [(price, units) for (of, price), units in naive.items() if of is side and units]
        assert book.ladder(side) == sorted(rows, reverse=side is BID)
    assert book.touch == (best(naive, BID) or NO_BID, best(naive, ASK) or NO_ASK)


@given(streams(), ORDERS, st.sampled_from(QueueRule))
def test_queues_fills_and_display_stay_possible(
    stream: list[Instant], orders: list[Order], rule: QueueRule
):
    """After every instant: queues within what is displayed, no crossed display, and no more filled
    than was printed against our side or came to rest against it."""
    book = RecordedBook(rule)
    book.snapshot([], [], 0)
    could: dict[Side, int] = {BID: 0, ASK: 0}
    filled: dict[Side, int] = {BID: 0, ASK: 0}
    by_order: dict[str, int] = {}
    for number, instant in enumerate(stream, 1):
        join(book, orders, number - 1)
        feed(book, instant, number)
        book.settle()
        for _, units, hits in instant.prints:
            could[hits] += units
        for side, _, by in instant.changes:
            could[side.opposite] += max(by, 0)
        for _, order_id, price, units in book.fills():
            order = orders[int(order_id[1:])]
            assert price == order.price
            assert units > 0
            filled[order.side] += units
            by_order[order_id] = by_order.get(order_id, 0) + units
        for own in book.ours.waiting:
            shown = dict(book.others(own.side)).get(own.price, 0)
            assert 0 <= own.ahead <= shown
            assert own.units == orders[int(own.order_id[1:])].units - by_order.get(own.order_id, 0)
        bids, asks = book.display(BID), book.display(ASK)
        assert not bids or not asks or bids[0][0] < asks[0][0]
        assert all(units > 0 for _, units in (*bids, *asks))
    assert all(filled[side] <= could[side] for side in Side)
    assert all(units <= orders[int(name[1:])].units for name, units in by_order.items())


@given(streams(), ORDERS)
def test_no_print_alone_fills_more_than_it_printed(stream: list[Instant], orders: list[Order]):
    book = RecordedBook()
    book.snapshot([], [], 0)
    for number, instant in enumerate(stream, 1):
        join(book, orders, number - 1)
        feed(book, instant, number)
        book.settle()
        got = sum(units for _, _, _, units in book.fills())
        if instant.prints:
            assert got <= sum(units for _, units, _ in instant.prints)
        else:
            assert got <= sum(max(by, 0) for _, _, by in instant.changes)


@given(streams(), ORDERS)
def test_in_an_instant_it_matters_not_whether_prints_or_changes_come_first(
    stream: list[Instant], orders: list[Order]
):
    first, filled = play(stream, orders)
    later, filled_later = play(stream, orders, prints_first=False)
    assert filled == filled_later
    assert first.ours == later.ours


@given(streams(), ORDERS.map(lambda orders: orders[:1]))
def test_the_rules_bound_one_another(stream: list[Instant], orders: list[Order]):
    """Of one order: the pessimist fills least, the optimist most."""
    least, likely, most = (
        play(stream, orders, rule)[1].get("o0", 0)
        for rule in (QueueRule.PESSIMISTIC, QueueRule.PROPORTIONAL, QueueRule.OPTIMISTIC)
    )
    assert least <= likely <= most


@given(streams(), ORDERS, st.data())
def test_a_gap_leaves_no_more_ahead_than_the_snapshot_shows(
    stream: list[Instant], orders: list[Order], data: st.DataObject
):
    """Frames between the loss and a snapshot are not heard; after it the book is whole again."""
    lost = data.draw(st.integers(0, len(stream)))
    back = data.draw(st.integers(lost, len(stream)))
    book = RecordedBook()
    book.snapshot([], [], 0)
    levels: Levels = {}
    for number, instant in enumerate(stream, 1):
        join(book, orders, number - 1)
        if number == lost:
            book.lose()
        feed(book, instant, number)
        for side, price, by in instant.changes:
            levels[side, price] = levels.get((side, price), 0) + by
        if lost <= number < back:
            assert not lost or (book.display(BID), book.display(ASK)) == ([], [])
        if lost and number == back:
            sides = ([(p, n) for (of, p), n in levels.items() if of is s and n] for s in Side)
            book.snapshot(*sides, number)
    book.settle()
    if not lost or back or not stream:
        for own in book.ours.waiting:
            assert own.ahead <= dict(book.others(own.side)).get(own.price, 0)
        for side in Side:
            assert book.touch[side is ASK] == (best(levels, side) or (NO_BID, NO_ASK)[side is ASK])


@given(st.integers(0, 200), st.integers(0, 200), st.data())
def test_a_rule_takes_no_more_from_either_part_of_a_level_than_is_there(
    ahead: int, behind: int, data: st.DataObject
):
    canceled = data.draw(st.integers(1, max(ahead + behind, 1)))
    if ahead + behind:
        most, likely, least = (
            rule.left_ahead(ahead, ahead + behind, canceled)
            for rule in (QueueRule.PESSIMISTIC, QueueRule.PROPORTIONAL, QueueRule.OPTIMISTIC)
        )
        assert 0 <= least <= likely <= most <= ahead
        for left in (most, likely, least):
            assert canceled - (ahead - left) <= behind
        assert abs(likely * (ahead + behind) - ahead * (ahead + behind - canceled)) < ahead + behind


class KnownQueue:
    """One level as single orders, first come first served, and an order of ours among them."""

    def __init__(self) -> None:
        self.orders: list[list[int]] = []
        """[units, whether it was there before ours]"""
        self.ours = self.filled = 0

    def add(self, size: int, _: int) -> int:
        self.orders.append([size, 0])
        return size

    def cancel(self, _: int, which: int) -> int:
        return -self.orders.pop(which % len(self.orders))[0] if self.orders else 0

    def trade(self, size: int, _: int) -> int:
        traded = left = min(size, sum(units for units, _ in self.orders))
        ahead = sum(units for units, early in self.orders if early)
        got = min(self.ours, max(traded - ahead, 0))
        self.ours, self.filled = self.ours - got, self.filled + got
        for order in self.orders:
            taken = min(left, order[0])
            order[0] -= taken
            left -= taken
        self.orders = [order for order in self.orders if order[0]]
        return -traded

    def join(self, size: int, _: int) -> int:
        self.ours = size
        self.orders = [[units, 1] for units, _ in self.orders]
        return 0


QUEUE_EVENTS = st.lists(
    st.tuples(st.sampled_from(("add", "trade", "cancel")), st.integers(1, 50), st.integers(0, 99)),
    max_size=30,
)


@given(QUEUE_EVENTS, QUEUE_EVENTS, st.integers(1, 40))
def test_a_queue_of_known_orders_lies_between_the_bounds(before: list, after: list, units: int):
    queue = KnownQueue()
    books = {rule: RecordedBook(rule) for rule in QueueRule}
    for book in books.values():
        book.snapshot([], [], 0)
    for number, (what, size, which) in enumerate((*before, ("join", units, 0), *after), 1):
        by = getattr(queue, what)(size, which)
        for book in books.values():
            if what == "join":
                book.join("mine", BID, 4_000, units)
            if what == "trade" and by:
                book.printed(4_000, -by, BID, number)
            book.change(BID, 4_000, by, number)
            book.settle()
    got = {rule: sum(fill[3] for fill in book.fills()) for rule, book in books.items()}
    assert got[QueueRule.PESSIMISTIC] <= queue.filled <= got[QueueRule.OPTIMISTIC]
