"""Every exit, found by name, keeps the contract; numbers are in prices of the outcome held."""

from dataclasses import replace

import pytest
from fakes.decisions import NOW, STRATEGY, a_book, a_forecast, a_position, an_intent, resting
from hypothesis import given
from hypothesis import strategies as st

import kalshi_cli.exits as package
from kalshi_cli.domain.fees import FREE, FeeTerms, fee_per_contract
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.side import Side
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.exits._gate import exits
from kalshi_cli.exits._planning import ExitRules, plan_for, stop_price
from kalshi_cli.exits._pricing import exit_price
from kalshi_cli.plugins import names

EXITS = {rule.code: rule for rule in exits({"target_confidence_change": 0.15, "other": 1})}
YES = a_position("10.00", "0.4000")
NO = a_position("-10.00", "0.4000")
PLAN = ExitPlan("T", STRATEGY, None, None, None, None, None, NOW - HOUR)
EMPTY = a_book((), ())


def price(text):
    return Price.parse(text)


def fires(code, position=YES, book=None, forecast=None, now=NOW, **plan):
    book = a_book() if book is None else book
    return EXITS[code].check(position, replace(PLAN, **plan), forecast, book, now) is not None


def test_all_were_found_in_order():
    assert list(EXITS) == ["STOP_LOSS", "TAKE_PROFIT", "CONFIDENCE_CHANGE", "TIME_LIMIT"]
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
        "leave_by_us": 0,
        "entry_confidence": 1.0,
    }
    unsure = a_forecast(low=0.1, high=0.9)
    assert not fires(code, flat, book, unsure, **armed)
    assert not fires(code, YES, book, unsure)


@pytest.mark.parametrize("code", ["STOP_LOSS", "TAKE_PROFIT"])
def test_without_a_bid_for_what_is_held_prices_say_nothing(code):
    armed = {"stop": price("0.9900"), "target": price("0.0100")}
    assert not fires(code, YES, a_book((), ("0.4400",)), **armed)
    assert not fires(code, NO, a_book(("0.4000",), ()), **armed)


def test_what_leaving_pays():
    assert exit_price(YES, a_book()) == price("0.4000")
    assert exit_price(NO, a_book()) == price("0.5600")  # sold into the YES ask of 0.44
    assert exit_price(YES, EMPTY) is None


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
def test_targets_are_prices_of_what_is_held(position, target, left):
    assert fires("TAKE_PROFIT", position, target=price(target)) is left


def test_a_newer_forecast_of_more_than_the_bid_pays_keeps_a_position_past_its_target():
    target = price("0.4000")
    # YES: the bid of 0.40 pays 0.40 - 0.07 * 0.40 * 0.60 = 0.3832
    assert not fires("TAKE_PROFIT", YES, None, a_forecast(0.39), target=target)
    assert fires("TAKE_PROFIT", YES, None, a_forecast(0.38), target=target)
    # NO: the bid of 0.56 pays 0.56 - 0.07 * 0.56 * 0.44 = 0.5428, which 1 - 0.46 is below
    assert not fires("TAKE_PROFIT", NO, None, a_forecast(0.45), target=target)
    assert fires("TAKE_PROFIT", NO, None, a_forecast(0.46), target=target)


def test_time_runs_out_to_the_microsecond():
    assert not fires("TIME_LIMIT", leave_by_us=NOW + 1)
    assert fires("TIME_LIMIT", leave_by_us=NOW)
    assert fires("TIME_LIMIT", book=EMPTY, leave_by_us=NOW)


@pytest.mark.parametrize(
    ("width", "made", "left"), [(0.35, NOW, True), (0.34, NOW, False), (0.9, NOW - HOUR, False)]
)
def test_confidence_lost_since_entry(width, made, left):
    forecast = a_forecast(0.5, low=0.5 - width / 2, high=0.5 + width / 2, made_us=made)
    assert fires("CONFIDENCE_CHANGE", forecast=forecast, entry_confidence=0.8) is left
    logged = replace(forecast, weight=0.0)  # a repaired answer, or a model without a record
    assert not fires("CONFIDENCE_CHANGE", forecast=logged, entry_confidence=0.8)


def test_plans_hold_prices_of_the_outcome_bought():
    rules = ExitRules(stop_loss=0.25, take_profit=True, max_hold_us=72 * HOUR)
    yes = plan_for(an_intent(Side.BID, "0.4000", fair=0.5), a_forecast(), rules, NOW, FREE)
    assert (yes.stop, yes.target) == (price("0.3000"), price("0.5000"))
    assert yes.leave_by_us == NOW + 72 * HOUR
    assert yes.entry_confidence == pytest.approx(0.8)
    assert (yes.entry_fair, yes.owner, yes.ticker) == (0.5, STRATEGY, "T")
    no = plan_for(an_intent(Side.ASK, "0.4000", fair=0.3), None, rules, NOW, FREE)
    assert (no.stop, no.target) == (price("0.4500"), price("0.7000"))
    assert no.entry_confidence is None


def test_nothing_is_planned_by_default():
    plan = plan_for(an_intent(), a_forecast(), ExitRules(), NOW)
    assert (plan.stop, plan.target, plan.leave_by_us) == (None, None, None)


def test_the_target_pays_fair_value_after_the_fee():
    # 0.5175 - 0.07 * 0.5175 * 0.4825 = 0.50002; one tick less pays 0.49992
    rules = ExitRules(take_profit=True)
    plan = plan_for(resting(fair=0.5), None, rules, NOW, FeeTerms("quadratic"))
    assert plan.target == price("0.5175")


@given(st.floats(0.01, 0.99), st.sampled_from(Side))
def test_the_target_is_the_first_price_that_pays(fair, side):
    terms = FeeTerms("quadratic")
    plan = plan_for(an_intent(side, fair=fair), None, ExitRules(take_profit=True), NOW, terms)
    worth = fair if side is Side.BID else 1 - fair
    pays = [
        units
        for units in range(1, 10_000)
        if units / 10_000 - fee_per_contract(terms, Price(units), is_taker=True) >= worth
    ]
    assert plan.target == (Price(pays[0]) if pays else None)


@pytest.mark.parametrize(
    ("entry", "share", "stop"),
    [
        ("0.4000", 0.25, "0.3000"),
        ("0.2900", 0.1, "0.2610"),
        ("0.0001", 0.5, None),
        ("0.4", 1, None),
    ],
)
def test_a_stop_is_a_share_of_the_entry_price(entry, share, stop):
    assert stop_price(price(entry), share) == (None if stop is None else price(stop))
    assert stop_price(price(entry), None) is None
