from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import AiCost, Money
from kalshi_cli.evaluation.ai_costs import UNUSED, DecisionCost, Used, by_strategy, charged

NAMES = st.sampled_from(["directional_trading", "market_making", "quick_flip"])


def costs(*units):
    return [DecisionCost(f"d{at}", AiCost(each)) for at, each in enumerate(units)]


def test_those_that_traded_on_it_share_what_it_cost():
    users = {"d0": {"a"}, "d1": {"b", "a"}, "d2": set()}
    paid = by_strategy(costs(10, 7, 5, 3), users)
    assert paid == {"a": AiCost(14), "b": AiCost(3), UNUSED: AiCost(8)}
    assert by_strategy(costs(5), {}, otherwise="a") == {"a": AiCost(5)}
    assert by_strategy([], {}) == {}


def test_profits_pay_for_what_was_traded_on_and_one_of_them_for_the_rest():
    """Of $10, d0's $4 are shared by two; $6 led to no trade."""
    whole, four = AiCost.parse("10"), AiCost.parse("4")
    used = [Used("d0", four, frozenset({"quick_flip", "market_making"}))]
    two, eight = Money.parse("2"), Money.parse("8")
    assert charged(used, whole, None) == {"market_making": two, "quick_flip": two}
    assert charged(used, whole, "market_making") == {"market_making": eight, "quick_flip": two}
    assert charged([], AiCost(0), "market_making") == {}


@given(
    st.lists(st.integers(0, 10**12)),
    st.dictionaries(st.sampled_from(["d0", "d1", "d2"]), st.sets(NAMES)),
)
def test_no_tick_is_lost(units, users):
    paid = by_strategy(costs(*units), users)
    assert sum(each.units for each in paid.values()) == sum(units)
