"""The book world: recorded books on their own clock, our orders in them, holes and pauses."""

from array import array
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import TAPERED_DECI_CENT
from kalshi_cli.domain.instant import HOUR, MINUTE, SECOND
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_tape import (
    BookRecording,
    BookTape,
    Changes,
    Statistics,
    Stretch,
    Touches,
)
from kalshi_cli.engine.book_world import BookState, BookWorld
from kalshi_cli.engine.inferred_prints import read
from kalshi_cli.engine.playback import Played
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.engine.tape_queue import QueueRule
from kalshi_cli.engine.world import Listed, Matched, Moved, Printed
from kalshi_cli.errors import InvalidValue, NotFound

START = 1_700_000_000_000_000
CLOSE = START + 15 * MINUTE
TICKER = "KXAA-1-00"
BID, ASK = Side.BID, Side.ASK
Row = tuple[int, Side, int, int]
"""Second, side, cents, contracts added (or taken away)."""
Print = tuple[int, int, int, Side]
"""Second, cents, contracts, the side that was hit."""


def stretch_of(*rows: Row) -> Stretch:
    """Bids 40 x 100, 39 x 50; asks 42 x 80, 43 x 60; the first row's second is its start."""
    changes = Changes(
        array("q", [START + row[0] * SECOND for row in rows]),
        array("b", [row[1] is BID for row in rows]),
        array("h", [100 * row[2] for row in rows]),
        array("q", [100 * row[3] for row in rows]),
    )
    bids, asks = ((4_000, 10_000), (3_900, 5_000)), ((4_200, 8_000), (4_300, 6_000))
    return Stretch(changes.at_us[0], changes.at_us[-1], bids, asks, changes)


def prints_of(*rows: Print) -> Prints:
    units = [100 * row[2] for row in rows]
    return Prints(
        array("q", [START + row[0] * SECOND for row in rows]),
        array("q", [100 * row[1] for row in rows]),
        array("q", units),
        array("q", [row[3] is ASK for row in rows]),
        array("q", accumulate(units)),
    )


def a_recording(stretches: list[Stretch], prints: tuple[Print, ...] = ()) -> BookRecording:
    touches = [touch for stretch in stretches for touch in read(stretch).touches]
    ticked = [START + 3 * SECOND, START + 6 * SECOND]
    tape = BookTape(
        tuple(stretches),
        prints_of(*prints),
        Statistics(ticked, [4_100, 4_200], [50_000, 60_000], [7_000, 8_000]),
        Touches(*(array("q", column) for column in zip(*touches, strict=True))),
    )
    market = Market(
        ticker=TICKER,
        event_ticker="KXAA-1",
        title="Up?",
        status=MarketStatus.INITIALIZED,
        open_us=stretches[0].start_us,
        close_us=CLOSE,
        latest_expiration_us=CLOSE + HOUR,
        grid=TAPERED_DECI_CENT,
        expected_expiration_us=CLOSE + 5 * MINUTE,
        settlement_timer_s=60,
    )
    recorded = RecordedMarket(market, tape.prints, Result.YES, ONE_DOLLAR, Contracts(8_000))
    event = RecordedEvent(Event("KXAA-1", "KXAA", "Up?"), (recorded,), market.open_us)
    series = {"KXAA": Series("KXAA", "A", "Crypto", FeeTerms("quadratic"))}
    recording = Recording("test", "d1", market.open_us, series, (event,), {"changes lost": 3})
    return BookRecording(recording, {TICKER: tape})


def a_world(*rows: Row, prints: tuple[Print, ...] = (), second: int = 0) -> BookWorld:
    """Rows end at second 600; the world stands at `second`."""
    last = (600, BID, 1, 1)
    world = BookWorld(a_recording([stretch_of((0, BID, 2, 1), *rows, last)], prints))
    world.advance(START + second * SECOND)
    return world


def fills(world: BookWorld, second: int) -> list[tuple[str, int, int]]:
    happened = world.advance(START + second * SECOND)
    return [
        (o.order_id, o.execution.price.units // 100, o.execution.count.units // 100)
        for o in happened
        if isinstance(o, Matched)
    ]


def touch(world: BookWorld) -> list[tuple[int, int] | None]:
    """The best of each side, in cents and contracts."""
    sides = world.ladders(TICKER)
    return [(s[0].price.units // 100, s[0].count.units // 100) if s else None for s in sides]


def contracts(count: int) -> Contracts:
    return Contracts(100 * count)


def test_a_market_is_listed_with_its_book_and_lives_by_the_recording():
    world = a_world()
    world = BookWorld(a_recording([stretch_of((0, BID, 2, 1), (899, BID, 2, 1))]))
    (listed,) = world.advance(START)
    assert isinstance(listed, Listed)
    assert [market.status for market in listed.markets] == [MarketStatus.ACTIVE]
    assert touch(world) == [(40, 100), (42, 80)]
    moved = [o for o in world.advance(START + HOUR) if isinstance(o, Moved)]
    assert [(o.at_us - CLOSE, o.status, o.result) for o in moved] == [
        (-SECOND + 1, MarketStatus.INACTIVE, None),
        (0, MarketStatus.CLOSED, None),
        (5 * MINUTE, MarketStatus.DETERMINED, Result.YES),
        (6 * MINUTE, MarketStatus.FINALIZED, None),
    ]
    assert world.ladders(TICKER) == ((), ())


def test_where_the_recording_has_a_hole_the_market_is_paused():
    first = stretch_of((0, BID, 2, 1), (100, BID, 41, 5))
    second = stretch_of((300, BID, 2, 1), (600, BID, 38, 5))
    world = BookWorld(a_recording([first, second]))
    world.advance(START + 10 * SECOND)
    world.join(TICKER, "mine", BID, Price(4_000), contracts(5))
    moved = [o for o in world.advance(START + 200 * SECOND) if isinstance(o, Moved)]
    assert [(o.at_us, o.status) for o in moved] == [(first.end_us + 1, MarketStatus.INACTIVE)]
    assert touch(world) == [None, None]
    assert world.take(TICKER, BID, Price(9_900), contracts(5)) == ()
    assert world.quotes_at(TICKER, START + 200 * SECOND) == (None, None)
    moved = [o for o in world.advance(START + 400 * SECOND) if isinstance(o, Moved)]
    assert [(o.at_us, o.status) for o in moved] == [(second.start_us, MarketStatus.ACTIVE)]
    assert touch(world) == [(40, 100), (42, 80)]
    with pytest.raises(NotFound):
        world.ahead(TICKER, "mine")
    world.leave(TICKER, "mine")


def test_a_stop_at_the_very_end_of_a_stretch_leads_into_the_hole_too():
    first, second = stretch_of((0, BID, 2, 1)), stretch_of((300, BID, 2, 1))
    world = BookWorld(a_recording([first, second]))
    world.advance(first.end_us)
    assert touch(world) == [(40, 100), (42, 80)]
    (moved,) = world.advance(first.end_us + SECOND)
    assert isinstance(moved, Moved)
    assert touch(world) == [None, None]


def test_the_book_follows_and_orders_wait_in_it():
    world = a_world(
        (5, BID, 40, -70), (6, BID, 40, -20), (7, BID, 40, -10),
        prints=((5, 40, 70, BID), (7, 40, 10, BID)), second=2,
    )  # fmt: skip
    world.join(TICKER, "mine", BID, Price(4_000), contracts(8))
    assert world.ahead(TICKER, "mine") == contracts(100)
    assert touch(world)[0] == (40, 108)
    assert fills(world, 5) == []
    assert world.ahead(TICKER, "mine") == contracts(30)
    assert fills(world, 6) == []
    assert world.ahead(TICKER, "mine") == contracts(10)
    world.join(TICKER, "next", BID, Price(4_000), contracts(1))
    assert world.ahead(TICKER, "next") == contracts(18)
    world.reduce(TICKER, "mine", contracts(3))
    assert fills(world, 7) == []
    assert touch(world)[0] == (40, 4)


def test_prints_are_told_with_our_takes_and_fill_what_they_reach():
    world = a_world((5, BID, 40, -100), prints=((5, 39, 12, BID),), second=2)
    world.join(TICKER, "mine", BID, Price(4_000), contracts(20))
    taken = world.take(TICKER, BID, Price(4_300), contracts(100))
    assert [(e.price, e.count) for e in taken] == [
        (Price(4_200), contracts(80)), (Price(4_300), contracts(20)),
    ]  # fmt: skip
    assert touch(world)[1] == (43, 40)
    told = world.advance(START + 5 * SECOND)
    trades = [o.trade for o in told if isinstance(o, Printed)]
    assert [(t.price.units, t.count, t.taker_side) for t in trades] == [
        (4_200, contracts(80), "bid"),
        (4_300, contracts(20), "bid"),
        (3_900, contracts(12), "ask"),
    ]
    assert len({trade.trade_id for trade in trades}) == 3
    assert [(o.order_id, o.execution.count) for o in told if isinstance(o, Matched)] == [
        ("mine", contracts(12))
    ]


def test_after_a_pause_on_demand_what_came_comes_at_once():
    """Paused from 2 to 6: the print there is not told, the ask that came through ours meets it."""
    world = a_world((4, ASK, 41, 3), (5, BID, 40, -60), prints=((5, 40, 60, BID),), second=2)
    world.join(TICKER, "mine", BID, Price(4_100), contracts(10))
    world.join(TICKER, "deep", BID, Price(4_000), contracts(10))
    world.set_trading(TICKER, active=False)
    assert world.advance(START + 6 * SECOND) == ()
    assert touch(world) == [(41, 10), (42, 80)]
    world.set_trading(TICKER, active=True)
    assert touch(world) == [None, None]
    assert fills(world, 7) == [("mine", 41, 3)]
    assert touch(world) == [(41, 7), (42, 80)]
    assert world.ahead(TICKER, "deep") == contracts(40 + 7)


def test_statistics_are_those_of_the_ticker_and_quotes_those_of_the_book():
    world = a_world((5, BID, 41, 9), (8, BID, 41, -9), second=2)
    assert world.tally(TICKER).last is None
    world.advance(START + 9 * SECOND)
    tally = world.tally(TICKER)
    assert (tally.last, tally.volume, tally.open_interest) == (
        Price(4_200), Contracts(60_000), Contracts(8_000),
    )  # fmt: skip
    quotes = [world.quotes_at(TICKER, START + s * SECOND)[0] for s in (-1, 0, 4, 5, 7, 8)]
    assert quotes == [None, Price(4_000), Price(4_000), Price(4_100), Price(4_100), Price(4_000)]
    assert world.truth(TICKER) is None
    with pytest.raises(NotFound):
        world.tally("KXAA-1-99")


@pytest.mark.parametrize("rule", QueueRule)
def test_it_says_what_it_is(rule: QueueRule):
    world = BookWorld(a_recording([stretch_of((0, BID, 2, 1))]), rule=rule)
    how = {"pessimistic": "behind us", "proportional": "evenly", "optimistic": "ahead of us"}[rule]
    for words in ("inferred", "estimated", how, "six minutes", "3 changes lost", "quadratic"):
        assert words in world.description
    assert world.world_id.startswith("books:d1:")


def test_it_does_not_trade_when_closed_and_does_not_go_back():
    world = a_world(second=901)
    with pytest.raises(InvalidValue, match="trade"):
        world.join(TICKER, "mine", BID, Price(4_000), contracts(1))
    assert world.take(TICKER, BID, Price(9_900), contracts(1)) == ()
    with pytest.raises(InvalidValue, match="back"):
        world.advance(START)


def test_a_snapshot_of_another_recording_is_refused():
    with pytest.raises(InvalidValue, match="another recording"):
        BookWorld(a_recording([stretch_of((0, BID, 2, 1))]), state=BookState(Played("d2", START)))


QUOTES = st.tuples(st.integers(1, 90), st.sampled_from((38, 39, 40, 41)), st.integers(0, 150))
TAKERS = st.tuples(st.integers(1, 90), st.just(0), st.integers(1, 200))
ACTS = st.lists(
    st.tuples(
        st.integers(0, 95),
        st.sampled_from(("join", "take", "pause", "resume", "leave", "reduce")),
        st.sampled_from(Side),
        st.integers(37, 44),
        st.integers(1, 60),
    ),
    max_size=8,
).map(lambda acts: sorted(acts, key=lambda act: act[0]))


@st.composite
def tapes(draw: st.DrawFn) -> BookRecording:
    """Bids that come and go, takers that sell to the best one, a hole somewhere."""
    levels = {40: 100, 39: 50}
    rows: list[Row] = [(0, BID, 2, 1)]
    prints: list[Print] = []
    for second, quoted, count in sorted(draw(st.lists(QUOTES | TAKERS, max_size=14))):
        price = quoted or max((p for p, n in levels.items() if n), default=38)
        by = count - levels.get(price, 0) if quoted else -min(count, levels.get(price, 0))
        levels[price] = levels.get(price, 0) + by
        if by:
            rows.append((second, BID, price, by))
        if by and not quoted:
            prints.append((second, price, -by, BID))
    ends = (rows[-1][0], BID, 2, 1)
    second = stretch_of((draw(st.integers(91, 94)), BID, 3, 1), (95, BID, 3, 1))
    return a_recording([stretch_of(*rows, ends), second], tuple(prints))


def do(world: BookWorld, number: int, act: tuple[int, str, Side, int, int]) -> None:
    _, what, side, cents, count = act
    price = Price(100 * cents)
    if what == "join":
        against = world.ladders(TICKER)[0 if side is ASK else 1]
        if not against or side.sign * (against[0].price.units - price.units) > 0:
            world.join(TICKER, f"o{number}", side, price, contracts(count))
    elif what == "take":
        world.take(TICKER, side, price, contracts(count))
    elif what == "leave":
        world.leave(TICKER, f"o{number - 1}")
    elif what == "reduce":
        waiting = [own for pit in world.state.pits for own in pit.ours.waiting]
        if waiting:
            less = Contracts(min(waiting[-1].units, 100 * count))
            world.reduce(TICKER, waiting[-1].order_id, less)
    else:
        world.set_trading(TICKER, active=what == "resume")


def restarted(recording: BookRecording, world: BookWorld) -> BookWorld:
    kept = msgspec.msgpack.encode(world.state)
    return BookWorld(recording, state=msgspec.msgpack.decode(kept, type=BookState))


@given(tapes(), ACTS)
def test_any_recording_with_a_restart_at_every_act(recording: BookRecording, acts: list):
    """A snapshot loses nothing, the displayed book is never crossed, no fill beyond an order."""
    kept, other = BookWorld(recording), BookWorld(recording)
    histories: tuple[list, list] = ([], [])
    for number, act in enumerate(acts):
        for world, history in zip((kept, other), histories, strict=True):
            history.extend(world.advance(START + act[0] * SECOND))
            do(world, number, act)
            bids, asks = world.ladders(TICKER)
            OrderBook(TICKER, bids, asks, world.now_us)
            history.append((bids, asks))
        other = restarted(recording, other)
        assert other.ladders(TICKER) == kept.ladders(TICKER)
        assert other.state == kept.state
    for world, history in zip((kept, other), histories, strict=True):
        history.extend(world.advance(START + HOUR))
    assert histories[0] == histories[1]
    filled: dict[str, int] = {}
    for o in histories[0]:
        if isinstance(o, Matched):
            filled[o.order_id] = filled.get(o.order_id, 0) + o.execution.count.units
    assert all(units <= 100 * acts[int(name[1:])][4] for name, units in filled.items())


@given(tapes(), st.lists(st.integers(0, 95), max_size=6).map(sorted))
def test_how_often_it_advances_does_not_matter(recording: BookRecording, stops: list[int]):
    """Without acts of ours in between: the same prints and moves, the same book."""
    once, often = BookWorld(recording), BookWorld(recording)
    told: list = []
    for second in stops:
        told.extend(often.advance(START + second * SECOND))
        often.ladders(TICKER)
    end = START + 95 * SECOND
    told.extend(often.advance(end))
    assert tuple(told) == once.advance(end)
    assert often.ladders(TICKER) == once.ladders(TICKER)
    assert all(isinstance(level, Level) for level in once.ladders(TICKER)[0])
