"""Candles against what a plain reading of trades and quotes gives, minute by minute."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, from_datetime
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.engine.candles import History, Range, candles, latest_before, periods

NEW_YORK = ZoneInfo("America/New_York")
START = from_datetime(datetime(2027, 3, 13, 12, tzinfo=NEW_YORK))
"""A Saturday; the clocks go forward in the night."""


def constant(_at_us: int) -> tuple[Price, Price]:
    return Price(4_000), Price(4_400)


def wandering(at_us: int) -> tuple[Price, Price]:
    """Another quote every five minutes."""
    step = at_us // (5 * MINUTE)
    bid = 3_000 + 100 * (step * step % 7)
    return Price(bid), Price(bid + 200)


def history(trades=(), *, quotes_at=constant, life=6 * HOUR, now=DAY, known=0, volume=None):
    return History(
        open_us=START,
        close_us=START + life,
        now_us=START + now,
        known_us=START + known,
        trades=trades,
        volume=Contracts(volume or sum(t.count.units for t in trades)),
        open_interest=Contracts((volume or sum(t.count.units for t in trades)) // 2),
        quotes_at=quotes_at,
    )


def trade(at_us: int, price: int = 4_000, units: int = 100) -> Trade:
    return Trade("t", "KX-1", Price(price), Contracts(units), "bid", START + at_us)


def drawn(*asked):
    return [candle for candle in candles(*asked) if candle is not None]


tapes = st.lists(
    st.tuples(st.integers(0, 6 * HOUR - 1), st.integers(1, 9_999), st.integers(1, 10_000)),
    max_size=30,
).map(lambda rows: [trade(*row) for row in sorted(rows)])


@given(tapes, st.sampled_from([1, 60, 1440]), st.integers(-2, 8), st.integers(0, 30))
def test_trades_fall_into_the_period_that_they_were_made_in(tape, minutes, first, hours):
    start, end = START + first * HOUR, START + (first + hours) * HOUR
    found = drawn(history(tape), minutes, start, end)
    assert [candle.end_us for candle in found] == sorted({candle.end_us for candle in found})
    spans = {end: (begin, end) for begin, end in periods(history(tape), minutes, start, end)}
    told = 0
    for candle in found:
        begin, until = spans[candle.end_us]
        assert start <= until <= end
        mine = [t for t in tape if begin < t.at_us <= until]
        told += len(mine)
        units = sum(t.count.units for t in mine)
        assert candle.volume == Contracts(units)
        before = [t.price for t in tape if t.at_us <= begin]
        assert candle.previous == (before[-1] if before else None)
        if mine:
            prices = [t.price for t in mine]
            assert candle.price == Range(prices[0], min(prices), max(prices), prices[-1])
            weighed = sum(t.price.units * t.count.units for t in mine) / units
            assert abs(candle.mean.units - weighed) <= 0.5
        else:
            assert candle.price is candle.mean is None
        so_far = sum(t.count.units for t in tape if t.at_us <= until)
        assert abs(candle.open_interest.units - so_far / 2) <= 1
    within = [begin for begin, _ in spans.values()], [end for _, end in spans.values()]
    if spans:
        assert told == sum(min(within[0]) < t.at_us <= max(within[1]) for t in tape)


@given(st.sampled_from([1, 60]), st.integers(0, 5 * 60))
def test_quotes_are_those_of_the_period(minutes, offset):
    start = START + offset * MINUTE
    found = drawn(history(quotes_at=wandering), minutes, start, start + HOUR)
    assert found
    for candle in found:
        begin = max(candle.end_us - minutes * MINUTE, START)
        last = min(candle.end_us, START + 6 * HOUR - 1)
        bids = [wandering(at)[0] for at in (*range(begin, last, MINUTE), last)]
        assert candle.bid == Range(bids[0], min(bids), max(bids), bids[-1])
        assert candle.ask.high.units == candle.bid.high.units + 200


def test_a_period_in_which_nothing_happened_has_no_candle():
    quiet = drawn(history([trade(90 * MINUTE)]), 60, START, START + DAY)
    assert [(c.end_us - START) // HOUR for c in quiet] == [1, 2]
    assert quiet[0].price is None
    moving = drawn(history(quotes_at=wandering), 60, START, START + DAY)
    assert [(c.end_us - START) // HOUR for c in moving] == [1, 2, 3, 4, 5, 6]


def test_only_what_is_over_has_a_candle():
    running = history(quotes_at=wandering, now=2 * HOUR)
    assert [c.end_us for c in drawn(running, 60, START, START + DAY)] == [START + HOUR]


def test_days_end_at_midnight_in_new_york_also_when_its_clocks_change():
    life = history(life=4 * DAY, now=5 * DAY)
    days = [c.end_us - START for c in drawn(life, 1440, START, START + 9 * DAY)]
    assert days == [12 * HOUR, 35 * HOUR, 59 * HOUR, 83 * HOUR, 107 * HOUR]


def test_what_is_not_known_is_not_told():
    """A market that traded before the exchange listed it, or whose oldest trades are dropped."""
    tape = [trade(3 * HOUR + SECOND), trade(5 * HOUR)]
    late = history(tape, known=150 * MINUTE, volume=1_000, quotes_at=wandering)
    found = drawn(late, 60, START, START + DAY)
    assert [(c.end_us - START) // HOUR for c in found] == [4, 5, 6]
    assert [c.open_interest.units for c in found] == [450, 500, 500]
    assert found[0].previous is None


@given(
    tapes,
    st.sampled_from([1, 60, 1440]),
    st.integers(-90, 3_000),
    st.booleans(),
    st.integers(0, 50),
)
def test_the_latest_candle_before_is_the_last_of_all_that_end_before(
    tape, minutes, start, moves, now
):
    """Found at once, and by drawing every candle from the opening on: the same."""
    life = history(tape, quotes_at=wandering if moves else constant, now=now * HOUR)
    start_us = START + start * MINUTE
    earlier = drawn(life, minutes, 0, start_us - 1)
    latest = latest_before(life, minutes, start_us)
    if not earlier:
        assert latest is None
        return
    last = earlier[-1]
    assert (latest.bid.open, latest.ask.open) == (last.bid.close, last.ask.close)
    assert latest.previous == (last.price.close if last.price else last.previous)
    assert latest.open_interest == last.open_interest
    assert latest.end_us - minutes * MINUTE < start_us <= latest.end_us or minutes == 1440


def test_the_latest_candle_before_is_carried_on():
    tape = [trade(30 * MINUTE, 3_000), trade(100 * MINUTE, 5_000)]
    start = START + 5 * HOUR - 10 * MINUTE
    latest = latest_before(history(tape), 60, start)
    assert latest.end_us == START + 5 * HOUR
    assert (latest.price, latest.mean, latest.previous) == (None, None, Price(5_000))
    assert latest.volume == Contracts(0)
    assert latest.bid == Range(*[Price(4_000)] * 4)
    assert latest_before(history(tape), 60, START + 59 * MINUTE) is None
    quiet = latest_before(history(quotes_at=wandering), 60, start)
    assert quiet.previous is None
    assert quiet.bid.open == wandering(START + 4 * HOUR)[0]
