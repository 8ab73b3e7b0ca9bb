"""A strategy's allocation where shares are lent; of $1,000, by hand."""

import pytest
from fakes.decisions import (
    STRATEGY,
    a_position,
    an_intent,
    an_order,
    resting,
    the_limits,
    the_state,
)

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.limits import Lending
from kalshi_cli.domain.money import Money
from kalshi_cli.risk._usage import usages
from kalshi_cli.risk.strategy_allocation import StrategyAllocation

MAKER = "market_making"
SHARES = {STRATEGY: 0.40, MAKER: 0.30}
NOTHING = Money(0)
# 10 contracts at 0.40 may lose $4
WISH = an_intent(limit="0.4000")


def held(dollars, owner=STRATEGY):
    """Long contracts at 50 cents that may lose so much."""
    return a_position(f"{2 * dollars}.00", "0.5000", "V", owner)


def state(*positions, wanted, share=0.40, **changes):
    lending = Lending(SHARES, wanted)
    limits = the_limits(strategy_allocation=share, lending=lending)
    return the_state(positions=positions, limits=limits, **changes)


def refused(seen, wish=WISH):
    return StrategyAllocation().check(wish, seen, 0)


@pytest.mark.parametrize(
    ("at_risk", "wanted", "passes"),
    [
        (696, {MAKER: NOTHING}, True),  # 400 of its own and 300 lent
        (697, {MAKER: NOTHING}, False),
        (500, {MAKER: Money.parse("196")}, True),  # 104 are on offer
        (501, {MAKER: Money.parse("196")}, False),
        (396, {}, True),  # nobody else was asked in this pass
        (397, {}, False),
        (696, None, True),
    ],
)
def test_a_share_and_what_is_lent_to_it_bound_entries(at_risk, wanted, passes):
    assert (refused(state(held(at_risk), wanted=wanted)) is None) is passes


def test_the_denial_tells_why_the_bound_is_what_it_is():
    recalled = refused(state(held(500), wanted={MAKER: Money.parse("250")}))
    assert (recalled.code, recalled.value, recalled.limit) == (
        "STRATEGY_ALLOCATION",
        "504.000000",
        "450.000000",
    )
    assert "its share of $400.00, and $50.00 that is lent to it" in recalled.detail
    assert "nothing is lent to it" in refused(state(held(500), wanted={})).detail
    wish = an_intent(limit="0.4000", strategy=MAKER)
    seen = state(held(697), wanted={STRATEGY: NOTHING}, share=0.30)
    assert "of which $297.00 is out" in refused(seen, wish).detail  # 700 - 697 = 3 are left


def test_a_resting_order_of_the_borrower_counts_as_filled():
    order = an_order(resting(limit="0.5000", count="800.00", ticker="V", strategy=MAKER))
    seen = state(orders=(order,), wanted={MAKER: NOTHING})
    # the maker's order may lose $400, 100 more than its share: of 700, 300 are left of our 400
    assert StrategyAllocation().check(an_intent(limit="0.4000", count="750.00"), seen, 0) is None
    one_more = an_intent(limit="0.4000", count="751.00")
    assert refused(seen, one_more).limit == "300.000000"


def test_what_others_hold_is_not_lent_a_second_time():
    # $400 that are not ours: of 1,000 there are 600, of which 300 are ours before any loan
    seen = state(held(400, EXTERNAL), wanted={MAKER: NOTHING})
    assert refused(seen, an_intent(limit="0.4000", count="1500.00")) is None
    assert refused(seen, an_intent(limit="0.4000", count="1501.00")).limit == "600.000000"


def test_use_is_told_against_the_share_with_what_is_on_offer():
    seen = state(held(500), wanted=None)
    used = usages(seen, SHARES)
    assert str(used[f"allocation.{STRATEGY}"].bound) == "700.000000"
    assert str(used[f"allocation.{MAKER}"].bound) == "200.000000"
