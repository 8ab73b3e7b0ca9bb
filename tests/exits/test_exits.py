"""Every exit, found by name, keeps the contract; numbers are in prices of the outcome held."""

from dataclasses import replace
from itertools import pairwise

import pytest
from fakes.decisions import NOW, PLAIN, STRATEGY, a_book, a_forecast, a_plan, a_position, changed
from hypothesis import given
from hypothesis import strategies as st

import kalshi_cli.exits as package
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Probability
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.position import Position
from kalshi_cli.exits._base import Venue
from kalshi_cli.exits._gate import exits
from kalshi_cli.exits._pricing import exit_price, least_price, proceeds
from kalshi_cli.plugins import names

SETTINGS = {"target_confidence_change": 0.15, "value_exit": 0.01, "forecast_half_life_hours": 6.0}
EXITS = {rule.code: rule for rule in exits({**SETTINGS, "other": 1})}
YES = a_position("10.00", "0.4000")
NO = a_position("-10.00", "0.4000")
PLAN = a_plan(made_us=NOW - HOUR)
EMPTY = a_book((), ())
BY_PRICE = ("STOP_LOSS", "TRAILING_STOP", "TAKE_PROFIT", "VALUE")


def price(text):
    return Price.parse(text)


def reason(code, position=YES, book=None, forecast=None, now=NOW, venue=None, **plan):
    venue = venue or Venue(a_book() if book is None else book, PLAIN, NOW + DAY)
    return EXITS[code].check(position, changed(PLAN, **plan), forecast, venue, now)


def fires(*args, **kwargs):
    return reason(*args, **kwargs) is not None


def test_all_were_found_in_order():
    assert list(EXITS) == [
        "RESOLUTION",
        "STOP_LOSS",
        "TRAILING_STOP",
        "TAKE_PROFIT",
        "VALUE",
        "CONFIDENCE_CHANGE",
        "TIME_LIMIT",
        "TIME_TO_CLOSE",
    ]
    assert len(EXITS) == len(names(package))


@pytest.mark.parametrize("code", EXITS)
@pytest.mark.parametrize(
    "book", [EMPTY, a_book(), a_book((), ("0.4400",)), a_book(("0.4000",), ())]
)
def test_a_flat_position_is_never_left_and_a_bare_plan_never_fires(code, book):
    flat = Position("T", STRATEGY)
    armed = {
        "stop": price("0.9900"),
        "target": price("0.0100"),
        "trail": price("0.0100"),
        "peak": price("0.9900"),
        "leave_by_us": 0,
        "before_close_us": 2 * DAY,
        "entry_confidence": 1.0,
        "entry_probability": 0.99,
    }
    unsure = a_forecast(0.1, low=0.05, high=0.9)
    over = Venue(book, PLAIN, NOW, payout=price("1"))
    assert not fires(code, flat, forecast=unsure, venue=over, **armed)
    assert not fires(code, YES, book, unsure)


@pytest.mark.parametrize("code", BY_PRICE)
def test_without_a_bid_for_what_is_held_prices_say_nothing(code):
    armed = {
        "stop": price("0.9900"),
        "target": price("0.0100"),
        "trail": price("0.0100"),
        "peak": price("0.9900"),
        "entry_confidence": 0.8,
    }
    assert not fires(code, YES, a_book((), ("0.4400",)), a_forecast(0.01), **armed)
    assert not fires(code, NO, a_book(("0.4000",), ()), a_forecast(0.99), **armed)


@pytest.mark.parametrize(
    ("code", "position", "plan", "told"),
    [
        ("STOP_LOSS", YES, {"stop": price("0.4050")}, "the bid is 40c, the stop 40.5c"),
        ("STOP_LOSS", NO, {"stop": price("0.5700")}, "the bid is 56c, the stop 57c"),
        ("TAKE_PROFIT", YES, {"target": price("0.3900")}, "the bid is 40c, the target 39c"),
        ("TAKE_PROFIT", NO, {"target": price("0.5600")}, "the bid is 56c, the target 56c"),
        (
            "TRAILING_STOP",
            NO,
            {"trail": price("0.0500"), "peak": price("0.6200")},
            "the bid is 56c, the trailing stop 57c, the best bid was 62c",
        ),
    ],
)
def test_prices_are_told_in_cents_of_what_is_held(code, position, plan, told):
    assert reason(code, position, **plan).detail == told


def test_what_leaving_pays():
    assert exit_price(YES, a_book()) == price("0.4000")
    assert exit_price(NO, a_book()) == price("0.5600")  # sold into the YES ask of 0.44
    assert exit_price(YES, EMPTY) is None
    assert proceeds(price("0.4000"), PLAIN) == pytest.approx(0.40 - 0.07 * 0.40 * 0.60)


@given(st.floats(0.001, 0.999), st.sampled_from([0, 500_000, 1_000_000]))
def test_the_least_price_is_the_first_that_brings_its_worth(worth, multiplier):
    """Each price brings more than the one below it: no other needs to be looked at."""
    fees = FeeTerms("quadratic", multiplier)
    found = least_price(worth, fees)
    below = 9_999 if found is None else found.units - 1
    assert found is None or proceeds(found, fees) >= worth - 1e-9
    assert below == 0 or proceeds(Price(below), fees) < worth - 1e-9


@pytest.mark.parametrize("multiplier", [0, 500_000, 1_000_000])
def test_a_dearer_sale_brings_more(multiplier):
    fees = FeeTerms("quadratic", multiplier)
    brought = [proceeds(Price(units), fees) for units in range(1, 10_000)]
    assert all(lower < higher for lower, higher in pairwise(brought))


@pytest.mark.parametrize(
    ("position", "stop", "left"),
    [(YES, "0.4000", True), (YES, "0.3999", False), (NO, "0.5600", True), (NO, "0.5599", False)],
)
def test_stops_are_prices_of_what_is_held(position, stop, left):
    assert fires("STOP_LOSS", position, stop=price(stop)) is left


@pytest.mark.parametrize(
    ("position", "target", "left"),
    [(YES, "0.4000", True), (YES, "0.4001", False), (NO, "0.5600", True), (NO, "0.5601", False)],
)
def test_targets_are_prices_of_what_is_held_and_nothing_is_sold_for_less(position, target, left):
    told = reason("TAKE_PROFIT", position, target=price(target))
    assert (told is not None) is left
    assert told is None or told.least == price(target)


@pytest.mark.parametrize(("mirrored", "position"), [(False, YES), (True, NO)])
def test_a_trailing_stop_follows_the_best_bid_and_never_comes_down(mirrored, position):
    """Entered at 0.40 of what is held, 10 cents of trail: the best bid of 0.50 puts it at 0.40."""
    plan = changed(PLAN, trail=price("0.1000"))
    assert plan.trailing_level is None
    levels, left = [], []
    for bid in ("0.4000", "0.4500", "0.4300", "0.5000", "0.4400", "0.4001", "0.4000"):
        book = a_book((bid,), ("0.6000",))
        if mirrored:
            book = a_book(("0.4000",), (str(price(bid).complement),))
        plan = plan.seeing(exit_price(position, book))
        levels.append(str(plan.trailing_level))
        venue = Venue(book, PLAIN, NOW + DAY)
        left.append(EXITS["TRAILING_STOP"].check(position, plan, None, venue, NOW) is not None)
    assert levels == ["0.3000", "0.3500", "0.3500", *["0.4000"] * 4]
    assert left == [False] * 6 + [True]


@given(st.lists(st.integers(1, 9_999), min_size=1, max_size=20), st.integers(1, 9_000))
def test_a_trailing_level_only_rises(bids, trail):
    plan, before = changed(PLAN, trail=Price(trail)), None
    for bid in bids:
        plan = plan.seeing(Price(bid)).seeing(None)
        assert before is None or plan.trailing_level >= before
        before = plan.trailing_level
    assert before == Price(max(bids)) - Price(trail)


@pytest.mark.parametrize(
    ("weight", "age_hours", "probability", "left"),
    [
        # mid 0.61, log-odds 0.4473; the bid of 0.60 brings 0.60 - 0.07 * 0.60 * 0.40 = 0.5832
        (0.5, 0, 0.5, True),  # expit(0.4473 / 2) = 0.5557 and a cent is 0.5657
        (0.5, 6, 0.5, False),  # w 0.25: expit(0.4473 * 3 / 4) = 0.5831, which selling just brings
        (0.1, 0, 0.5, False),  # w 0.10: 0.5993, above what selling brings
        (0.1, 0, 0.3, False),  # 0.4473 - 0.1 * (0.4473 + 0.8473) = 0.3178, 0.5788: 0.0044 over
        (0.1, 0, 0.1, True),  # 0.4473 - 0.1 * (0.4473 + 2.1972) = 0.1829, 0.5456
        (0.0, 0, 0.01, False),  # without a say it is worth the mid
        (1.0, 0, 0.9, False),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_what_selling_brings_against_what_holding_is_worth(
    weight, age_hours, probability, left, mirrored
):
    position, book, said = YES, a_book(("0.6000",), ("0.6200",)), probability
    if mirrored:
        position, book, said = NO, a_book(("0.3800",), ("0.4000",)), 1 - probability
    made = NOW - age_hours * HOUR
    forecast = a_forecast(said, market=0.5, weight=weight, made_us=made)
    assert fires("VALUE", position, book, forecast, entry_confidence=0.8) is left
    assert not fires("VALUE", position, book, forecast)  # it was not entered on a forecast
    of_market = replace(forecast, forecaster="baseline")
    assert not fires("VALUE", position, book, of_market, entry_confidence=0.8)


def test_a_value_exit_asks_for_what_it_is_worth_by_the_closed_form():
    told = reason(
        "VALUE",
        YES,
        a_book(("0.6000",), ("0.6200",)),
        a_forecast(0.5, weight=0.5),
        entry_confidence=0.8,
    )
    # P - 0.07 P (1 - P) = 0.5557 + 0.01, so P = (sqrt(0.93^2 + 0.28 * 0.5657) - 0.93) / 0.14
    worth = 1 / (1 + (0.39 / 0.61) ** 0.5) + 0.01
    exact = ((0.93**2 + 0.28 * worth) ** 0.5 - 0.93) / 0.14
    assert 0 <= float(told.least) - exact < 0.0001
    assert told.detail == "the bid is 60c, 58.28c is asked: holding is worth 55.57c"


def test_an_old_forecast_does_not_sell_a_winner():
    """Entered on 0.50 at 0.40; the market is at 0.80 by now. Fresh, the forecast would sell (it is
    held to 0.65); three days later holding is worth the mid again.
    """
    book = a_book(("0.7900",), ("0.8100",))
    fresh = a_forecast(0.5, weight=0.5)
    assert fires("VALUE", YES, book, fresh, entry_confidence=0.8)
    old = replace(fresh, made_us=NOW - 72 * HOUR)
    assert not fires("VALUE", YES, book, old, entry_confidence=0.8)


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_old_forecast_sells_nothing_by_its_slope(mirrored):
    """A slope of 0.8 puts a market of 90/91 at expit(0.8 * 2.2541) = 0.8585; the bid of 0.90
    brings 0.90 - 0.07 * 0.90 * 0.10 = 0.8937. After 12 h the slope is 0.95: 0.8949.
    """
    position, book, said = YES, a_book(("0.9000",), ("0.9100",)), 0.95
    if mirrored:
        position, book, said = NO, a_book(("0.0900",), ("0.1000",)), 0.05
    fresh = a_forecast(said, weight=0.0, slope=0.8)
    assert fires("VALUE", position, book, fresh, entry_confidence=0.8)
    for hours in (12, 30 * 24):
        old = replace(fresh, made_us=NOW - hours * HOUR)
        assert not fires("VALUE", position, book, old, entry_confidence=0.8)


@given(
    bid=st.integers(100, 9_800),
    spread=st.integers(1, 100),
    slope=st.floats(0.5, 1.5),
    said=st.floats(0.01, 0.99),
    weight=st.floats(0.0, 1.0),
    age=st.floats(0, 100),
)
def test_a_value_exit_never_sells_for_less_than_holding_is_worth(
    bid, spread, slope, said, weight, age
):
    ask = bid + spread
    book = a_book((str(Price(bid)),), (str(Price(ask)),))
    forecast = a_forecast(said, weight=weight, slope=slope, made_us=NOW - int(age * HOUR))
    told = reason("VALUE", YES, book, forecast, entry_confidence=0.8)
    if told is None:
        return
    mid, left = (bid + ask) / 20_000, 0.5 ** (age / 6)
    w, power = weight * left, 1 + (slope - 1) * left
    odds = (mid / (1 - mid)) ** (power - w) * (said / (1 - said)) ** w
    worth = min(max(odds / (1 + odds), mid - 0.15), mid + 0.15)
    assert told.least <= Price(bid)
    paid = float(told.least)
    assert paid - 0.07 * paid * (1 - paid) >= worth + 0.01 - 1e-6


def test_time_runs_out_to_the_microsecond():
    assert not fires("TIME_LIMIT", leave_by_us=NOW + 1)
    assert fires("TIME_LIMIT", leave_by_us=NOW)
    assert fires("TIME_LIMIT", book=EMPTY, leave_by_us=NOW)


@pytest.mark.parametrize(
    ("left_us", "left"),
    [(30 * MINUTE + 1, False), (30 * MINUTE, True), (0, True), (-MINUTE, True)],
)
def test_the_close_counts_as_it_is_scheduled_now(left_us, left):
    venue = Venue(a_book(), PLAIN, NOW + left_us)
    assert fires("TIME_TO_CLOSE", venue=venue, before_close_us=30 * MINUTE) is left


@pytest.mark.parametrize(("position", "pays"), [(YES, "100c"), (NO, "0c")], ids=["yes", "no"])
def test_once_the_result_is_known_it_waits_to_be_paid(position, pays):
    venue = Venue(EMPTY, PLAIN, NOW, payout=price("1"))
    told = reason("RESOLUTION", position, venue=venue)
    assert (told.detail, told.for_sale) == (f"what is held pays {pays} a contract", False)


@pytest.mark.parametrize(
    ("width", "made", "left"), [(0.36, NOW, True), (0.35, NOW, False), (0.9, NOW - HOUR, False)]
)
def test_confidence_lost_since_entry(width, made, left):
    forecast = a_forecast(0.5, low=0.5 - width / 2, high=0.5 + width / 2, made_us=made)
    assert fires("CONFIDENCE_CHANGE", forecast=forecast, entry_confidence=0.8) is left
    logged = replace(forecast, weight=0.0)  # a repaired answer, or a model without a record
    assert not fires("CONFIDENCE_CHANGE", forecast=logged, entry_confidence=0.8)
    of_market = replace(forecast, forecaster="baseline")
    assert not fires("CONFIDENCE_CHANGE", forecast=of_market, entry_confidence=0.8)


@pytest.mark.parametrize(
    ("position", "was", "now", "left"),
    [
        (YES, 0.60, 0.44, True),
        (YES, 0.60, 0.45, False),
        (YES, 0.60, 0.90, False),  # it moved for what is held
        (NO, 0.40, 0.56, True),
        (NO, 0.40, 0.55, False),
        (NO, 0.40, 0.10, False),
    ],
)
def test_a_new_forecast_that_moved_against_what_is_held(position, was, now, left):
    forecast = a_forecast(now)
    assert fires("CONFIDENCE_CHANGE", position, None, forecast, entry_probability=was) is left
    before = replace(forecast, made_us=NOW - HOUR)
    assert not fires("CONFIDENCE_CHANGE", position, None, before, entry_probability=was)


@pytest.mark.parametrize(
    ("code", "plan"),
    [
        ("STOP_LOSS", {"stop": price("0.3000")}),
        ("TRAILING_STOP", {"trail": price("0.1000"), "peak": price("0.5000")}),
        ("TAKE_PROFIT", {"target": price("0.6000")}),
    ],
)
@pytest.mark.parametrize("position", [YES, NO], ids=["yes", "no"])
def test_an_exit_by_price_has_one_level(code, plan, position):
    """Over all bids of the outcome held it changes its mind once."""
    answers = []
    for bid in range(1, 100):
        yes = a_book((f"0.{bid:02d}00",), ())
        no = a_book((), (f"0.{100 - bid:02d}00",))
        answers.append(fires(code, position, yes if position is YES else no, **plan))
    assert sum(a != b for a, b in pairwise(answers)) == 1


@given(data=st.data())
def test_no_mirrors_yes_for_every_exit(data):
    bid = data.draw(st.integers(1, 9_990))
    ask = data.draw(st.integers(bid + 1, min(9_999, bid + 1_000)))
    count = Contracts.parse("10.00")
    yes = OrderBook("T", (Level(Price(bid), count),), (Level(Price(ask), count),), NOW)
    no = OrderBook(
        "T", (Level(Price(ask).complement, count),), (Level(Price(bid).complement, count),), NOW
    )
    levels = st.none() | st.builds(Price, st.integers(1, 9_999))
    said, entry = data.draw(st.floats(0.05, 0.95)), data.draw(st.floats(0.05, 0.95))
    plan = changed(
        PLAN,
        stop=data.draw(levels),
        target=data.draw(levels),
        trail=data.draw(levels),
        peak=data.draw(levels),
        leave_by_us=data.draw(st.none() | st.just(NOW)),
        before_close_us=data.draw(st.none() | st.just(DAY)),
        entry_confidence=0.8,
        entry_probability=Probability(entry),
    )
    other = replace(plan, entry_probability=Probability(1 - entry))
    forecast = a_forecast(said, weight=data.draw(st.floats(0, 1)), slope=1.1)
    turned = replace(
        forecast,
        probability=Probability(1 - said),
        low=Probability(1 - forecast.high),
        high=Probability(1 - forecast.low),
    )
    for rule in EXITS.values():
        held = rule.check(YES, plan, forecast, Venue(yes, PLAIN, NOW + DAY), NOW)
        mirrored = rule.check(NO, other, turned, Venue(no, PLAIN, NOW + DAY), NOW)
        assert (held is None) == (mirrored is None)
        if held is not None:
            assert (held.code, held.least, held.for_sale) == (
                mirrored.code,
                mirrored.least,
                mirrored.for_sale,
            )
