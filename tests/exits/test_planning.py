"""What is decided about leaving at entry, in prices of the outcome bought."""

from dataclasses import replace

import pytest
from fakes.decisions import (
    NOW,
    PLAIN,
    STRATEGY,
    a_book,
    a_forecast,
    a_plan,
    an_intent,
    changed,
    resting,
)
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import FREE, FeeTerms, LaterTerms
from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.levels import Levels, least_stop_distance
from kalshi_cli.domain.money import Price
from kalshi_cli.domain.side import Side
from kalshi_cli.exits._planning import ExitRules, plan_for, spread_of

RULES = ExitRules(
    stop_loss=0.25,
    take_profit=0.5,
    trailing_stop=0.4,
    max_hold_us=72 * HOUR,
    before_close_us=30 * MINUTE,
)


def price(text):
    return None if text is None else Price.parse(text)


def test_plans_hold_prices_of_the_outcome_bought():
    yes = plan_for(an_intent(Side.BID, "0.4000", fair=0.5), a_forecast(), RULES, NOW, terms=FREE)
    assert (yes.levels.stop, yes.levels.target, yes.levels.trail) == (
        price("0.3000"),
        price("0.6000"),
        price("0.1600"),
    )
    assert (yes.levels.leave_by_us, yes.levels.before_close_us) == (NOW + 72 * HOUR, 30 * MINUTE)
    assert yes.entry_confidence == pytest.approx(0.8)
    assert (yes.entry_fair, yes.entry_probability) == (0.5, 0.5)
    assert (yes.owner, yes.ticker, yes.asked_stop, yes.peak) == (STRATEGY, "T", None, None)
    no = plan_for(an_intent(Side.ASK, "0.4000", fair=0.3), None, RULES, NOW, terms=FREE)
    assert (no.levels.stop, no.levels.target, no.levels.trail) == (
        price("0.4500"),
        price("0.9000"),
        price("0.2400"),
    )
    assert (no.entry_confidence, no.entry_probability) == (None, None)


@pytest.mark.parametrize(
    ("ends_us", "leave_by_us", "stop"),
    [
        # 2 x (1 c + 1.68 c) where the sale may be charged, 2 x 1 c where it never is
        (NOW + HOUR, NOW + 30 * MINUTE, "0.3800"),
        (NOW + HOUR, NOW + HOUR, "0.3464"),
        (NOW + HOUR, None, "0.3464"),
        (NOW + HOUR, NOW + 2 * HOUR, "0.3464"),
    ],
)
def test_a_stop_counts_the_fee_of_a_sale_that_may_follow_a_waiver(ends_us, leave_by_us, stop):
    plan = plan_for(
        an_intent(limit="0.4000"), None, ExitRules(), NOW,
        terms=FREE, later=[LaterTerms(ends_us, PLAIN)], spread=price("0.0100"),
        own=Levels(stop=price("0.3999"), leave_by_us=leave_by_us),
    )  # fmt: skip
    assert plan.levels.stop == price(stop)


@pytest.mark.parametrize(
    ("expires_us", "post_only", "stop"),
    [
        # 2 x (1 c + 1.68 c) once takers pay 7 % of 0.24, and 2 x 0.42 c more where makers a quarter
        (NOW + HOUR, True, "0.3380"),
        (None, True, "0.3380"),
        (NOW + 30 * MINUTE, True, "0.3464"),
        (NOW + HOUR, False, "0.3464"),
    ],
)
def test_a_stop_counts_the_fee_of_an_entry_that_may_fill_after_a_waiver(
    expires_us, post_only, stop
):
    entry = replace(an_intent(limit="0.4000"), post_only=post_only, expires_us=expires_us)
    plan = plan_for(
        entry, None, ExitRules(), NOW,
        terms=FREE, later=[LaterTerms(NOW + HOUR, FeeTerms("quadratic_with_maker_fees"))],
        spread=price("0.0100"), own=Levels(stop=price("0.3999")),
    )  # fmt: skip
    assert plan.levels.stop == price(stop)


def test_nothing_is_planned_by_default():
    plan = plan_for(an_intent(), a_forecast(), ExitRules(), NOW)
    assert (plan.levels.stop, plan.levels.target, plan.levels.trail) == (None, None, None)
    assert (plan.levels.leave_by_us, plan.levels.before_close_us) == (None, None)


@pytest.mark.parametrize(
    ("entry", "stop_loss", "stop"),
    [
        ("0.4000", 0.25, "0.3000"),
        ("0.2900", 0.1, "0.2610"),
        ("0.0001", 0.5, None),
        ("0.4", 1, None),
    ],
)
def test_a_stop_is_a_share_of_the_entry_price(entry, stop_loss, stop):
    plan = plan_for(an_intent(limit=entry), None, ExitRules(stop_loss=stop_loss), NOW, terms=FREE)
    assert (plan.levels.stop, plan.asked_stop) == (price(stop), None)


def test_a_target_of_a_dollar_and_more_is_none():
    rules = ExitRules(take_profit=1.5)
    assert plan_for(an_intent(limit="0.3900"), None, rules, NOW).levels.target == price("0.9750")
    assert plan_for(an_intent(limit="0.4000"), None, rules, NOW).levels.target is None


@pytest.mark.parametrize(
    ("limit", "spread", "fees", "is_taker", "least"),
    [
        # two takers at 0.40 pay 0.07 * 0.40 * 0.60 = 0.0168 each
        ("0.4000", "0.0400", PLAIN, True, "0.1472"),
        # who waited paid nothing on the way in: 2 * (0.04 + 0.0168)
        ("0.4000", "0.0400", PLAIN, False, "0.1136"),
        ("0.4000", "0.0400", FREE, True, "0.0800"),
        # 2 * (0.01 + 2 * 0.07 * 0.99 * 0.01) = 0.022772
        ("0.9900", "0.0100", PLAIN, True, "0.0228"),
        ("0.4000", None, FREE, True, "1.0000"),
    ],
)
def test_how_far_a_stop_is_at_least(limit, spread, fees, is_taker, least):
    found = least_stop_distance(price(limit), price(spread), fees, leaving=fees, is_taker=is_taker)
    assert found == price(least)


@pytest.mark.parametrize(
    ("intent", "spread", "stop", "asked_stop", "trail", "asked_trail"),
    [
        (an_intent(limit="0.4000"), "0.0400", "0.2528", "0.3000", "0.1600", None),
        (resting(limit="0.4000"), "0.0400", "0.2864", "0.3000", "0.1600", None),
        (an_intent(limit="0.4000"), "0.0100", "0.3000", None, "0.1600", None),
        (an_intent(limit="0.4000"), "0.1000", "0.1328", "0.3000", "0.2672", "0.1600"),
        (an_intent(Side.ASK, "0.6000"), "0.0400", "0.2528", "0.3000", "0.1600", None),
        (an_intent(limit="0.4000"), None, None, "0.3000", None, "0.1600"),
    ],
)
def test_a_stop_too_near_is_put_farther_and_told(
    intent, spread, stop, asked_stop, trail, asked_trail
):
    plan = plan_for(intent, None, RULES, NOW, terms=PLAIN, spread=price(spread))
    assert (plan.levels.stop, plan.asked_stop) == (price(stop), price(asked_stop))
    assert (plan.levels.trail, plan.asked_trail) == (price(trail), price(asked_trail))


def test_a_strategy_sets_its_own_levels_and_leaves_the_rest_to_the_rules():
    own = Levels(stop=price("0.3500"), target=price("0.4700"), leave_by_us=NOW + HOUR)
    plan = plan_for(an_intent(limit="0.4000"), None, RULES, NOW, terms=FREE, own=own)
    assert (plan.levels.stop, plan.levels.target, plan.levels.leave_by_us) == (
        own.stop,
        own.target,
        NOW + HOUR,
    )
    assert (plan.levels.trail, plan.levels.before_close_us) == (price("0.1600"), 30 * MINUTE)
    near = replace(own, stop=price("0.3999"))
    plan = plan_for(an_intent(limit="0.4000"), None, RULES, NOW, terms=PLAIN, own=near)
    # 2 * (0 + 2 * 0.0168)
    assert (plan.levels.stop, plan.asked_stop) == (price("0.3328"), price("0.3999"))


@given(
    limit=st.integers(1, 9_999),
    spread=st.integers(0, 2_000),
    share=st.floats(0.01, 1.0),
    side=st.sampled_from(Side),
)
def test_no_set_stop_is_near_and_a_plan_is_never_past_two_levels(limit, spread, share, side):
    entry = Price(limit)
    asked = entry if side is Side.BID else entry.complement
    rules = ExitRules(stop_loss=share, take_profit=share, trailing_stop=share)
    plan = plan_for(
        an_intent(side, str(asked)), None, rules, NOW, terms=PLAIN, spread=Price(spread)
    )
    fee = 0.07 * float(entry) * (1 - float(entry))
    least = 2 * (spread / 10_000 + 2 * fee)
    assert plan.levels.stop is None or float(entry) - float(plan.levels.stop) >= least - 1e-9
    assert plan.levels.trail is None or float(plan.levels.trail) >= least - 1e-9
    assert (
        plan.levels.stop is None
        or plan.levels.target is None
        or plan.levels.stop < entry <= plan.levels.target
    )


def test_a_spread_needs_both_sides():
    assert spread_of(a_book(("0.4000",), ("0.4400",))) == price("0.0400")
    assert [spread_of(book) for book in (None, a_book((), ("0.44",)), a_book(("0.4",), ()))] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("leave_by_us", "before_close_us", "close_us", "leaves_us"),
    [
        (None, HOUR, 5 * HOUR, 4 * HOUR),
        (3 * HOUR, HOUR, 5 * HOUR, 3 * HOUR),
        (None, HOUR, None, None),
        (3 * HOUR, HOUR, None, 3 * HOUR),
        (None, None, 5 * HOUR, None),
        (72 * HOUR, None, 5 * HOUR, 5 * HOUR),
    ],
)
def test_it_is_left_at_the_sooner_of_its_hold_and_the_close(
    leave_by_us, before_close_us, close_us, leaves_us
):
    plan = a_plan(leave_by_us=leave_by_us)
    assert changed(plan, before_close_us=before_close_us).leaves_us(close_us) == leaves_us
