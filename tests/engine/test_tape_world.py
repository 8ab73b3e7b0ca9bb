"""The tape: a book around the last print, fills that later prints allow, results as recorded."""

from array import array
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import LINEAR_CENT
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.playback import Played
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.engine.tape import TapeState, TapeWorld
from kalshi_cli.engine.world import Listed, Matched, Moved, Printed
from kalshi_cli.errors import InvalidValue, NotFound

START = 1_700_000_000_000_000
YES, NO = "HIGHXX-A", "HIGHXX-B"
HUNDRED = Contracts(10_000)


def prints_of(*rows: tuple[int, int, int, bool]) -> Prints:
    """From (minute, cents, contracts, taker bought YES)."""
    units = [100 * row[2] for row in rows]
    return Prints(
        array("q", [START + row[0] * MINUTE for row in rows]),
        array("q", [100 * row[1] for row in rows]),
        array("q", units),
        array("q", [int(row[3]) for row in rows]),
        array("q", accumulate(units)),
    )


def a_recording(*rows: tuple[int, int, int, bool]) -> Recording:
    markets = tuple(
        RecordedMarket(
            Market(
                ticker=ticker,
                event_ticker="HIGHXX",
                title="Will it be warm?",
                status=MarketStatus.INITIALIZED,
                open_us=START,
                close_us=START + DAY,
                latest_expiration_us=START + 7 * DAY,
                grid=LINEAR_CENT,
                expected_expiration_us=START + DAY + 10 * HOUR,
                settlement_timer_s=3_600,
            ),
            prints_of(*rows) if ticker == YES else prints_of(),
            result,
            value,
            Contracts(4_000),
        )
        for ticker, result, value in (
            (YES, Result.YES, ONE_DOLLAR),
            (NO, Result.NO, ZERO_PRICE),
        )
    )
    series = Series("HIGH", "High", "Climate and Weather", FeeTerms("quadratic"))
    event = RecordedEvent(Event("HIGHXX", "HIGH", "High"), markets, START)
    return Recording("test", "d1", START, {"HIGH": series}, (event,), {"prints too early": 3})


def a_tape(*rows: tuple[int, int, int, bool], minute: int = 0) -> TapeWorld:
    world = TapeWorld(a_recording(*rows))
    world.advance(START + minute * MINUTE)
    return world


def fills(world: TapeWorld, minute: int) -> list[tuple[str, int, int]]:
    happened = world.advance(START + minute * MINUTE)
    return [
        (o.order_id, o.execution.price.units // 100, o.execution.count.units // 100)
        for o in happened
        if isinstance(o, Matched)
    ]


def test_an_event_is_listed_when_it_opens_and_lives_by_the_recording() -> None:
    world = TapeWorld(a_recording())
    (listed,) = world.advance(START)
    assert isinstance(listed, Listed)
    assert [m.status for m in listed.markets] == [MarketStatus.ACTIVE] * 2
    moved = [o for o in world.advance(START + 3 * DAY) if isinstance(o, Moved)]
    assert [(o.at_us - START - DAY, o.ticker, o.status) for o in moved] == [
        (0, YES, MarketStatus.CLOSED),
        (0, NO, MarketStatus.CLOSED),
        (10 * HOUR, YES, MarketStatus.DETERMINED),
        (10 * HOUR, NO, MarketStatus.DETERMINED),
        (11 * HOUR, YES, MarketStatus.FINALIZED),
        (11 * HOUR, NO, MarketStatus.FINALIZED),
    ]
    assert [(o.result, o.value) for o in moved[2:4]] == [
        (Result.YES, ONE_DOLLAR),
        (Result.NO, ZERO_PRICE),
    ]


def test_no_book_before_the_first_print_then_two_cents_either_side() -> None:
    world = a_tape((5, 40, 7, True))
    assert world.ladders(YES) == ((), ())
    assert world.tally(YES).last is None
    (printed,) = world.advance(START + 5 * MINUTE)
    assert isinstance(printed, Printed)
    assert (printed.trade.price, printed.trade.taker_side) == (Price(4_000), "bid")
    assert world.ladders(YES) == ((Level(Price(3_800), HUNDRED),), (Level(Price(4_200), HUNDRED),))


@pytest.mark.parametrize(("cents", "bid", "ask"), [(1, None, 3), (2, None, 4), (98, 96, None)])
def test_a_side_at_the_tail_is_empty_not_clipped(cents: int, bid: int, ask: int) -> None:
    bids, asks = a_tape((0, cents, 7, True), (1, cents, 7, True), minute=2).ladders(YES)
    assert [level.price.units // 100 for level in bids] == ([] if bid is None else [bid])
    assert [level.price.units // 100 for level in asks] == ([] if ask is None else [ask])


def test_what_we_take_is_gone_until_the_next_print() -> None:
    world = a_tape((1, 40, 7, True), (9, 40, 7, False), minute=2)
    assert world.take(YES, Side.BID, Price(4_100), Contracts(500)) == ()
    (first,) = world.take(YES, Side.BID, Price(4_300), Contracts(6_000))
    (second,) = world.take(YES, Side.BID, Price(4_300), Contracts(6_000))
    assert (first.price, first.count, second.count) == (
        Price(4_200),
        Contracts(6_000),
        Contracts(4_000),
    )
    assert world.take(YES, Side.BID, Price(4_300), Contracts(100)) == ()
    assert world.ladders(YES)[1] == ()
    assert world.ladders(YES)[0] == (Level(Price(3_800), HUNDRED),)
    own = [o for o in world.advance(START + 3 * MINUTE) if isinstance(o, Printed)]
    assert [o.trade.count for o in own] == [Contracts(6_000), Contracts(4_000)]
    world.advance(START + 9 * MINUTE)
    assert world.ladders(YES)[1] == (Level(Price(4_200), HUNDRED),)


def test_at_the_price_the_queue_goes_first() -> None:
    world = a_tape((1, 40, 7, True), (5, 38, 60, False), (6, 38, 30, True), (7, 38, 55, False),
                   minute=2)  # fmt: skip
    world.join(YES, "mine", Side.BID, Price(3_800), Contracts(2_000))
    assert world.ladders(YES)[0] == (Level(Price(3_800), Contracts(12_000)),)
    assert fills(world, 5) == []
    assert fills(world, 6) == []
    assert fills(world, 7) == [("mine", 38, 15)]
    assert world.ladders(YES)[0][0] == Level(Price(3_800), Contracts(500))


def test_a_print_through_the_price_fills_for_what_was_printed() -> None:
    world = a_tape((1, 40, 7, True), (5, 37, 12, False), (6, 36, 50, True), minute=2)
    world.join(YES, "mine", Side.BID, Price(3_800), Contracts(2_000))
    assert fills(world, 5) == [("mine", 38, 12)]
    assert fills(world, 9) == [("mine", 38, 8)]


def test_inside_the_spread_there_is_no_queue_and_better_prices_go_first() -> None:
    world = a_tape((1, 40, 7, True), (5, 39, 15, False), minute=2)
    world.join(YES, "low", Side.BID, Price(3_900), Contracts(1_000))
    world.join(YES, "high", Side.BID, Price(4_000), Contracts(1_000))
    assert fills(world, 5) == [("high", 40, 10), ("low", 39, 5)]


def test_an_ask_is_the_mirror_image() -> None:
    world = a_tape((1, 40, 7, True), (5, 41, 4, True), (6, 42, 4, False), minute=2)
    world.join(YES, "mine", Side.ASK, Price(4_100), Contracts(1_000))
    assert fills(world, 9) == [("mine", 41, 4), ("mine", 41, 4)]
    world.leave(YES, "mine")
    assert world.ladders(YES)[1] == (Level(Price(4_400), HUNDRED),)


def test_a_built_quote_that_would_cross_ours_is_not_shown() -> None:
    world = a_tape((1, 40, 7, True), (5, 37, 1, False), minute=2)
    world.join(YES, "mine", Side.BID, Price(4_100), Contracts(1_000))
    world.advance(START + 6 * MINUTE)
    bids, asks = world.ladders(YES)
    OrderBook(YES, bids, asks, world.now_us)
    assert [level.price.units // 100 for level in bids] == [41, 35]
    assert asks == ()
    assert world.take(YES, Side.BID, Price(9_900), Contracts(100)) == ()


def test_statistics_are_those_of_the_tape() -> None:
    world = a_tape((1, 40, 30, True), (60, 45, 10, True), minute=2)
    tally = world.tally(YES)
    assert (tally.last, tally.volume, tally.open_interest) == (
        Price(4_000), Contracts(3_000), Contracts(3_000),
    )  # fmt: skip
    world.advance(START + 2 * HOUR)
    assert world.tally(YES).open_interest == Contracts(4_000)
    assert world.truth(YES) is None
    with pytest.raises(NotFound):
        world.tally("HIGHXX-Z")


def test_it_says_what_it_is() -> None:
    world = a_tape()
    for words in ("not recorded", "2 cents", "100 contracts", "3 prints too early", "quadratic"):
        assert words in world.description
    assert world.world_id.startswith("tape:d1:")


ROWS = st.lists(
    st.tuples(st.integers(1, 300), st.integers(1, 99), st.integers(1, 300), st.booleans()),
    max_size=30,
).map(sorted)
ORDERS = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from(Side), st.integers(1, 99), st.integers(1, 200)),
    max_size=6,
).map(lambda found: sorted(found, key=lambda order: order[0]))


@given(ROWS, ORDERS)
def test_any_tape_with_a_restart_at_every_order(rows: list, orders: list) -> None:
    """Never more than printed or wanted, never a crossed book, and a snapshot loses nothing."""
    recording = a_recording(*rows)
    kept, restarted = TapeWorld(recording), TapeWorld(recording)
    filled: dict[str, int] = {}
    histories: tuple[list, list] = ([], [])
    for number, (minute, side, cents, contracts) in enumerate(orders):
        for world, history in zip((kept, restarted), histories, strict=True):
            history.extend(world.advance(START + minute * MINUTE))
            against = world.ladders(YES)[0 if side is Side.ASK else 1]
            if not against or side.sign * (against[0].price.units - 100 * cents) > 0:
                count = Contracts(100 * contracts)
                world.join(YES, f"o{number}", side, Price(100 * cents), count)
            bids, asks = world.ladders(YES)
            OrderBook(YES, bids, asks, world.now_us)
        kept_state = msgspec.msgpack.encode(restarted.state)
        state = msgspec.msgpack.decode(kept_state, type=TapeState)
        restarted = TapeWorld(recording, state=state)
    for world, history in zip((kept, restarted), histories, strict=True):
        history.extend(world.advance(START + DAY))
    assert histories[0] == histories[1]
    for o in histories[0]:
        if isinstance(o, Matched):
            filled[o.order_id] = filled.get(o.order_id, 0) + o.execution.count.units
    assert all(units <= 100 * orders[int(name[1:])][3] for name, units in filled.items())
    assert sum(filled.values()) <= sum(100 * row[2] for row in rows)


def test_a_snapshot_of_another_recording_is_refused() -> None:
    world = a_tape()
    other = TapeState(Played("d2", START))
    with pytest.raises(InvalidValue, match="another recording"):
        TapeWorld(world.recording, state=other)


def test_a_smaller_order_keeps_its_place_and_sees_our_own_before_it() -> None:
    world = a_tape((0, 40, 1, True), (5, 37, 112, False))
    world.join(YES, "first", Side.BID, Price(3_800), Contracts(2_000))
    world.join(YES, "deep", Side.BID, Price(3_700), Contracts(500))
    assert world.ahead(YES, "first") == HUNDRED
    assert world.ahead(YES, "deep") == Contracts(10_000 + 2_000)
    world.reduce(YES, "first", Contracts(1_000))
    assert world.ahead(YES, "first") == HUNDRED
    assert world.ahead(YES, "deep") == Contracts(11_000)
    assert fills(world, 5) == [("first", 38, 10), ("deep", 37, 2)]
    with pytest.raises(NotFound):
        world.ahead(YES, "first")
    with pytest.raises(NotFound):
        world.reduce(YES, "first", Contracts(100))


def test_while_paused_the_tape_runs_on_unseen() -> None:
    world = a_tape((0, 40, 1, True), (5, 30, 500, False), (20, 50, 2, True))
    world.join(YES, "o1", Side.BID, Price(3_800), Contracts(2_000))
    world.set_trading(YES, active=False)
    shown = world.ladders(YES)
    assert world.advance(START + 6 * MINUTE) == ()
    assert world.ladders(YES) == shown
    world = TapeWorld(world.recording, state=world.state)
    world.set_trading(YES, active=True)
    ours = Level(Price(3_800), Contracts(2_000))
    assert world.ladders(YES) == ((ours, Level(Price(2_800), HUNDRED)), ())
    assert [o.at_us for o in world.advance(START + 30 * MINUTE)] == [START + 20 * MINUTE]


def test_history_has_the_built_quotes_of_its_moment() -> None:
    world = a_tape((5, 40, 7, True), (9, 99, 1, True))
    world.take(YES, Side.BID, Price(9_900), HUNDRED)
    at = [world.quotes_at(YES, START + minute * MINUTE) for minute in (4, 5, 8, 9, 24 * 60)]
    forty, high = (Price(3_800), Price(4_200)), (Price(9_700), None)
    assert at == [(None, None), forty, forty, high, (None, None)]
