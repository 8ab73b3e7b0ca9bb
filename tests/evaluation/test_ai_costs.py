from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import AiCost
from kalshi_cli.evaluation.ai_costs import UNUSED, DecisionCost, by_strategy

NAMES = st.sampled_from(["directional_trading", "market_making", "quick_flip"])


def costs(*units):
    return [DecisionCost(f"d{at}", AiCost(each)) for at, each in enumerate(units)]


def test_those_that_traded_on_it_share_what_it_cost():
    users = {"d0": {"a"}, "d1": {"b", "a"}, "d2": set()}
    paid = by_strategy(costs(10, 7, 5, 3), users)
    assert paid == {"a": AiCost(14), "b": AiCost(3), UNUSED: AiCost(8)}
    assert by_strategy(costs(5), {}, otherwise="a") == {"a": AiCost(5)}
    assert by_strategy([], {}) == {}


@given(
    st.lists(st.integers(0, 10**12)),
    st.dictionaries(st.sampled_from(["d0", "d1", "d2"]), st.sets(NAMES)),
)
def test_no_tick_is_lost(units, users):
    paid = by_strategy(costs(*units), users)
    assert sum(each.units for each in paid.values()) == sum(units)
