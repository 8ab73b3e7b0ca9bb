"""Equal parts in the risk of simulated endings."""

import math
from itertools import product

import pytest
from fakes.sizing import WIDE, a_capital, a_footing, waiting
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.side import Side
from kalshi_cli.portfolio.methods.risk_parity import RiskParity, equal_parts

METHOD = RiskParity(0.05, "fractional", scenarios=4_000)


def part(profits, counts, index):
    whole = [sum(c * p[i] for c, p in zip(counts, profits, strict=True))
             for i in range(len(profits[0]))]  # fmt: skip
    return counts[index] * sum(a * b for a, b in zip(profits[index], whole, strict=True))


@given(st.lists(st.lists(st.floats(-1, 1), min_size=6, max_size=6), min_size=1, max_size=4))
def test_each_has_the_same_part(profits):
    # a little of its own for each, so that no two are one
    profits = [[*each, *(0.3 * (i == j) for j in range(4))] for i, each in enumerate(profits)]
    counts = equal_parts(profits, [0.0] * len(profits))
    parts = [part(profits, counts, i) for i in range(len(profits))]
    assert all(count > 0 for count in counts)
    assert parts == pytest.approx([parts[0]] * len(parts), rel=0.02)


def test_two_that_never_met():
    """Standard deviations of 0.1 and 0.4 without correlation: four to one."""
    profits = list(zip(*[(0.1 * a, 0.4 * b) for a, b in product((-1, 1), repeat=2)], strict=True))
    first, second = equal_parts(profits, [0.0, 0.0])
    assert first / second == pytest.approx(4.0, rel=1e-3)


def test_one_alone_is_as_large_as_the_target_allows():
    """$50 of $1,000 at sqrt(0.25) a contract: 100."""
    capital = a_capital({"T": a_footing(clusters=frozenset())}, WIDE)
    (intent,) = METHOD.size([waiting(fair=0.5)], {}, capital).intents
    assert float(intent.count) == pytest.approx(100, rel=0.05)


def test_two_of_one_day_are_smaller_than_two_of_different_kinds():
    """Four hundred by themselves; correlated, less: $50 / sqrt(n (1 + (n - 1) rho)) each."""
    sizes = {}
    for name, clusters, category in (("day", "same", "Weather"), ("none", None, None)):
        footings = {
            t: a_footing(f"E{t}", clusters=frozenset({clusters or t}), category=category or t)
            for t in "ABCD"
        }
        wanted = [waiting(fair=0.5, ticker=t) for t in "ABCD"]
        intents = METHOD.size(wanted, {}, a_capital(footings, WIDE)).intents
        sizes[name] = sum(float(intent.count) for intent in intents)
    assert sizes["none"] == pytest.approx(4 * 100 / math.sqrt(4), rel=0.05)
    assert 0.6 * sizes["none"] < sizes["day"] < 0.9 * sizes["none"]


def test_legs_that_exclude_each_other_hedge():
    """NO of two legs, of which one always pays, is worth more contracts than one of them twice."""
    footings = {t: a_footing(exclusive=True, clusters=frozenset()) for t in "AB"}
    both = METHOD.size([_no(t) for t in "AB"], {}, a_capital(footings, WIDE)).intents
    alone = METHOD.size([_no("A")], {}, a_capital(footings, WIDE)).intents
    assert float(both[0].count) > float(alone[0].count)


def _no(ticker):
    return waiting("0.5500", side=Side.ASK, fair=0.45, ticker=ticker)


def test_what_is_held_takes_its_part_of_the_target():
    footings = {
        "T": a_footing(clusters=frozenset()),
        "H": a_footing("EH", clusters=frozenset(), category="Other", fair=0.5),
    }

    def size(held):
        intents = METHOD.size(
            [waiting(fair=0.5)], {}, a_capital(footings, WIDE, held={"H": Contracts(held)})
        ).intents
        return float(intents[0].count) if intents else 0.0

    # 60 contracts held are $30 of risk: sqrt(50^2 - 30^2) = 40 are left, 80 contracts
    assert size(6_000) == pytest.approx(80, rel=0.06)
    assert size(12_000) == 0.0


def test_another_seed_is_another_draw_and_the_same_seed_the_same():
    footings = {t: a_footing(f"E{t}", clusters=frozenset({"day"})) for t in "ABC"}
    wanted = [waiting(fair=0.5, ticker=t) for t in "ABC"]
    capital = a_capital(footings, WIDE)
    draws = [
        RiskParity(0.05, "fractional", seed=seed).size(wanted, {}, capital).intents
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]
