"""The study of recorded weather, on markets made by hand."""

from array import array
from itertools import accumulate

import pytest
from fakes.decisions import a_market, an_event, an_intent, resting

from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Result, Trade
from kalshi_cli.domain.money import NO_CONTRACTS, ONE_DOLLAR, ZERO_PRICE, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.engine.tape import TapeWorld
from tests.studies.flip_walk import walk_tape
from tests.studies.quotes_walk import Maker, Resting, quote_tape
from tests.studies.weather import (
    agreeing,
    climatology,
    decided_us,
    filled,
    profit,
    quote_at,
    rendered,
    run,
)

OPEN, CLOSE = 1_700_000_000_000_000, 1_700_000_000_000_000 + 36 * HOUR
AT = CLOSE - 24 * HOUR


def a_tape(*prints):
    """Prints as (minutes after the decision, cents, contracts)."""
    at = array("q", [AT + minutes * MINUTE for minutes, *_ in prints])
    price = array("q", [cents * 100 for _, cents, _ in prints])
    units = array("q", [100 * count for *_, count in prints])
    return Prints(at, price, units, array("q", [1] * len(at)), array("q", accumulate(units)))


def recorded(ticker, prints, *, won, **market):
    found = a_market(ticker, open_us=OPEN, close_us=CLOSE, **market)
    result, value = (Result.YES, ONE_DOLLAR) if won else (Result.NO, ZERO_PRICE)
    return RecordedMarket(found, prints, result, value, NO_CONTRACTS)


def an_occasion(*markets):
    return RecordedEvent(an_event(mutually_exclusive=True), markets, OPEN)


def test_a_quote_is_two_cents_about_the_last_print_seen():
    market = recorded("A", a_tape((-5, 40, 10), (5, 60, 10)), won=True)
    quote = quote_at(market, AT)
    assert (quote.bid.price, quote.ask.price) == (Price(3_800), Price(4_200))
    assert quote_at(market, AT - HOUR) is None
    assert quote_at(recorded("B", a_tape((-5, 1, 1)), won=False), AT).bid is None


def test_what_rests_is_filled_by_later_prints_through_its_price():
    """A bid at 41 for ten: not by the print before, nor at 41, nor after it expired."""
    tape = a_tape((-1, 39, 50), (2, 41, 50), (4, 40, 3), (6, 39, 4), (40, 30, 50))
    order = resting(Side.BID, "0.4100", "10.00", expires_us=AT + 30 * MINUTE)
    fill = filled(order, None, tape, AT)
    assert (str(fill.count), str(fill.cost)) == ("7.00", "2.870000")
    assert str(profit(fill, ONE_DOLLAR)) == "4.130000"
    assert str(profit(fill, ZERO_PRICE)) == "-2.870000"


def test_what_takes_pays_the_book_and_the_fee():
    book = quote_book(40)
    fill = filled(an_intent(Side.ASK, "0.3800", "10.00"), book, a_tape(), AT)
    # ten NO at 0.62 and 0.07 * 10 * 0.38 * 0.62 = 0.164920, rounded up to 0.165
    assert str(fill.cost) == "6.365000"
    assert str(profit(fill, ZERO_PRICE)) == "3.635000"


def quote_book(cents):
    quote = quote_at(recorded("T", a_tape((-1, cents, 1)), won=True), AT)
    return OrderBook("T", (quote.bid,), (quote.ask,), AT)


def test_agreeing_with_the_market_trades_nothing():
    legs = [recorded(t, a_tape((-5, c, 9)), won=t == "A") for t, c in (("A", 60), ("B", 35))]
    event = an_occasion(*legs)
    assert decided_us(event, 24) == AT
    assert agreeing(event, AT) == pytest.approx({"A": 0.60, "B": 0.35})
    made = run(Recording("r", "d", OPEN, {}, (event,), {}), 24, agreeing, 1.0, 0.0)
    assert (made.events, made.orders, made.entered) == (1, 0, 0)
    assert rendered("nobody", made).endswith("nothing was traded, nothing made")


def test_knowing_the_result_earns_and_the_opposite_loses():
    legs = [recorded(t, a_tape((-5, 40, 9)), won=t == "A") for t in "AB"]
    tape = Recording("r", "d", OPEN, {}, (an_occasion(*legs),), {})
    for truth, sign in ((0.9, 1), (0.1, -1)):
        made = run(tape, 24, lambda *_, p=truth: {"A": p, "B": 1 - p}, 1.0, 0.0)
        assert made.entered == 1
        assert made.profit.value * sign > 0


def test_a_climate_needs_ten_days_and_adds_up():
    strikes = [
        {"strike_type": "less", "cap_strike": "80"},
        {"strike_type": "between", "floor_strike": "80", "cap_strike": "81"},
        {"strike_type": "greater", "floor_strike": "81"},
    ]
    event = an_occasion(
        *(recorded(f"M{i}", a_tape(), won=i == 1, **strike) for i, strike in enumerate(strikes))
    )
    later = event.finalized_us
    tape = Recording("r", "d", OPEN, {}, (event,) * 10, {})
    assert climatology(tape)(event, later - 1) == {}
    chances = climatology(tape)(event, later)
    assert sum(chances.values()) == pytest.approx(1.0)
    # ten days at 80.5, four degrees: one degree to either side of it is a quarter of a deviation
    assert chances["M1"] == pytest.approx(0.1974, abs=5e-5)


def test_quotes_are_filled_by_prints_through_them_and_held_to_the_result():
    """Ten bid at 41: seven are filled, four by a print at 40 and three by one at 39, none at 41;
    two of ten offered at 45 by one at 46. Seven YES cost $2.87 and two NO $1.10.
    """
    market = recorded("A", a_tape(), won=True)
    event = RecordedEvent(an_event(mutually_exclusive=True), (market,), CLOSE + HOUR)
    walker = Maker(TapeWorld(Recording("r", "d", OPEN, {}, (event,), {})))
    walker.resting["A"] = [
        Resting(Side.BID, Price(4_100), 1_000),
        Resting(Side.ASK, Price(4_500), 1_000),
    ]
    for number, (cents, count) in enumerate(((41, 50), (40, 4), (45, 50), (46, 2), (39, 3))):
        price, size = Price(100 * cents), Contracts(100 * count)
        walker.print(Trade(str(number), "A", price, size, "bid", AT))
    assert str(walker.gain(market)) == "3.030000"
    lost = recorded("A", a_tape(), won=False)
    assert str(walker.gain(lost)) == "-1.970000"


def test_quotes_of_a_recording_without_prints_are_none():
    event = RecordedEvent(
        an_event(mutually_exclusive=True), (recorded("A", a_tape(), won=True),), CLOSE + HOUR
    )
    made = quote_tape(Recording("r", "d", OPEN, {}, (event,), {}))
    assert (made.events, made.orders, made.entered) == (1, 0, 0)


def test_a_tape_without_a_push_flips_nothing():
    market = recorded("A", a_tape(*((5 * n, 40, 9) for n in range(20))), won=False)
    event = RecordedEvent(an_event(mutually_exclusive=True), (market,), CLOSE + HOUR)
    walk = walk_tape(Recording("r", "d", OPEN, {}, (event,), {}))
    assert (walk.record.count, walk.flips) == (0, ())
