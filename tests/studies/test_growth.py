"""The study of growth: its theory by hand, a world of it, and that it says what did not hold."""

import math
from dataclasses import replace

import pytest

from kalshi_cli.settings.sections import Trading
from tests.studies import growth_theory
from tests.studies.growth import Grown, failed, grow, told, told_of_costs
from tests.studies.growth_theory import BLIND, SKILLS, Theory, cases, theory

SURE, *_, VAGUE = SKILLS


def test_the_say_is_that_of_inverse_variances():
    assert [skill.weight for skill in SKILLS] == pytest.approx([1.0, 0.8, 0.5, 0.2])


def test_the_theory_of_one_market_is_kellys(monkeypatch):
    """Market 0.50, truth 0.60 for sure: c = 0.51 + 0.07 * 0.51 * 0.49 = 0.527493. A tenth of Kelly
    is 0.1 * (0.6 - c) / (1 - c) = 0.015346; the cap is beyond it.
    """
    monkeypatch.setattr(growth_theory, "LOWEST", 50)
    monkeypatch.setattr(growth_theory, "HIGHEST", 50)
    monkeypatch.setattr(growth_theory, "CROWD", math.log(1.5) / 4.0)
    monkeypatch.setattr(growth_theory, "STEPS", 1)  # four deviations up, or down: 0.6 or 0.4
    found = theory(SURE, Trading(kelly_fraction=0.1, max_single_position=0.5))
    cost, stake = 0.527493, 0.1 * (0.6 - 0.527493) / (1 - 0.527493)
    grows = 0.6 * math.log(1 + stake * (1 - cost) / cost) + 0.4 * math.log(1 - stake)
    assert found.bought == 1.0
    assert found.growth == pytest.approx(grows, rel=1e-9)
    capped = theory(SURE, Trading(kelly_fraction=1.0, max_single_position=0.001))
    dearest = 0.57 + 0.07 * 0.57 * 0.43  # 0.587157 leaves a cent of edge, 58 cents would not
    stake = 0.001 * cost / dearest
    grows = 0.6 * math.log(1 + stake * (1 - cost) / cost) + 0.4 * math.log(1 - stake)
    assert capped.growth == pytest.approx(grows, rel=1e-9)


def test_every_skill_meets_the_same_markets_and_no_skill_knows_no_truth():
    sure, vague, blind = (list(cases(1, skill)) for skill in (SURE, VAGUE, BLIND[0]))
    assert [(c.market, c.truth, c.draw) for c in sure] == [
        (c.market, c.truth, c.draw) for c in vague
    ]
    assert all(case.said == pytest.approx(case.truth) for case in sure)
    assert blind == [replace(case, truth=one.truth) for case, one in zip(blind, sure, strict=True)]


def test_the_desk_grows_about_as_the_theory_has_it(monkeypatch):
    """One world: four standard errors of a market's growth are 0.0008 at the truth."""
    monkeypatch.setattr(growth_theory, "STEPS", 16)
    found = grow(5, SURE, "disciplined")
    known = theory(SURE, Trading(kelly_fraction=0.25, max_single_position=0.03, min_net_edge=0.02))
    assert found.expected == pytest.approx(known.growth, abs=0.0008)
    assert found.bought / growth_theory.MARKETS == pytest.approx(known.bought, abs=0.12)


def worlds(*growths, gained=0.0, costs=0.0):
    return [Grown(n, g, g, 30, gained + n, gained + n, costs) for n, g in enumerate(growths)]


def test_the_study_says_what_did_not_hold():
    known = Theory(0.001, 0.1)
    good = known, worlds(0.0009, 0.0011, 0.001)
    poor = Theory(0.0005, 0.1), worlds(0.0004, 0.0006, 0.0005)
    flat = Theory(-0.001, 0.1), worlds(-0.0009, -0.0011, -0.001, gained=-101.0, costs=100.0)
    rows = {("much", "beast"): good, ("little", "beast"): poor}
    assert failed(rows, {("none", "beast"): flat}) == []
    assert "who knows more" in failed(dict(reversed(rows.items())), {})[0]
    assert "theory's" in failed({("much", "beast"): (Theory(0.002, 0.1), good[1])}, {})[0]
    lost = flat[0], worlds(-0.0009, -0.0011, -0.001, gained=-301.0, costs=100.0)
    assert "within its costs" in failed({}, {("none", "beast"): lost})[0]
    assert told(SURE, "beast", good[1], known).count("[") == 2
    assert told_of_costs(lost[1]).startswith("  fees and spreads took $100; at the truth $-300")
