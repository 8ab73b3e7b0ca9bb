from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import NO_COST, AiCost, Money
from kalshi_cli.evaluation.ai_costs import UNUSED, Charges, DecisionCost, Use, by_strategy

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
    charges = Charges()
    assert charges.paid(NO_COST, "market_making") == {}
    charges.revise([Use("d0", "quick_flip", 1), Use("d0", "market_making", 2)], {"d0": four})
    two, eight = Money.parse("2"), Money.parse("8")
    assert charges.paid(whole, None) == {"market_making": two, "quick_flip": two}
    assert charges.paid(whole, "market_making") == {"market_making": eight, "quick_flip": two}


def test_an_order_that_never_was_at_the_exchange_is_taken_back():
    """And a decision that cost more by now is charged anew."""
    charges, one = Charges(), Money.parse("1")
    charges.revise([Use("d0", "a", 1), Use("d0", "b", 1)], {"d0": AiCost.parse("1")})
    charges.revise([Use("d0", "b", -1)], {"d0": AiCost.parse("1"), "d9": AiCost.parse("5")})
    assert charges.paid(AiCost.parse("6"), None) == {"a": one}
    charges.revise([], {"d0": AiCost.parse("3")})
    assert charges.paid(AiCost.parse("8"), "b") == {"a": Money.parse("3"), "b": Money.parse("5")}
    charges.revise([Use("d0", "a", -1)], {"d0": AiCost.parse("3")})
    assert charges.paid(AiCost.parse("8"), "b") == {"b": Money.parse("8")}


CHANGES = st.lists(
    st.tuples(st.sampled_from(["d0", "d1", "d2"]), NAMES, st.integers(0, 10**12)), max_size=30
)


@given(CHANGES, st.lists(st.integers(0, 30), max_size=3))
def test_what_was_revised_step_by_step_is_what_is_counted_at_once(changes, cuts):
    """However the record is cut into pieces; strategies are sent or taken back in turns."""
    stepwise, at_once, sent, costs = Charges(), Charges(), set(), {}
    for at, (decision_id, strategy, units) in enumerate(changes):
        key = (decision_id, strategy)
        use = Use(*key, -1 if key in sent else 1)
        sent ^= {key}
        costs[decision_id] = AiCost(units)
        others = dict(costs) if at in cuts else {decision_id: costs[decision_id]}
        stepwise.revise([use], others)
    at_once.revise([Use(*key, 1) for key in sent], costs)
    total = AiCost(sum(cost.units for cost in costs.values()))
    assert stepwise.paid(total, "x") == at_once.paid(total, "x")
    by_hand = by_strategy(
        [DecisionCost(each, cost) for each, cost in costs.items()],
        {each: {name for of, name in sent if of == each} for each in costs},
        otherwise="x",
    )
    assert at_once.paid(total, "x") == {n: c.to_money() for n, c in by_hand.items() if c}


@given(
    st.lists(st.integers(0, 10**12)),
    st.dictionaries(st.sampled_from(["d0", "d1", "d2"]), st.sets(NAMES)),
)
def test_no_tick_is_lost(units, users):
    paid = by_strategy(costs(*units), users)
    assert sum(each.units for each in paid.values()) == sum(units)
