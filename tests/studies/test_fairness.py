"""The generated world is fair and its prices are as designed, in four worlds of a day; and a world
that is not is found out."""

from dataclasses import replace

import pytest

from kalshi_cli.engine.series_plan import CLIMATES
from kalshi_cli.engine.world_plan import WorldPlan
from tests.studies.claims import NAMED, ORACLES, SURPRISING, demands
from tests.studies.fairness import (
    FEWEST,
    Findings,
    broken,
    earners,
    pooled,
    surprises,
    watched,
)
from tests.studies.rules import SETS
from tests.studies.table import rendered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def found() -> Findings:
    return pooled(watched(seed, 1) for seed in range(1, 5))


def test_no_rule_on_prices_alone_earns(found: Findings) -> None:
    assert list(earners(found)) == [], rendered(found)
    for rule in NAMED:
        estimate = found.estimate(rule)
        if estimate is None:
            assert rule in {"complete sets", "ladder breaks"}
            assert found.checked[rule] > 1_000
        else:
            assert estimate.weight > 100, rule
    assert all(found.checked[rule] for rule in SETS)


def test_who_knows_the_truth_earns(found: Findings) -> None:
    for rule in ORACLES:
        estimate = found.estimate(rule)
        assert estimate is not None
        assert estimate.low > 0.015


def test_prices_are_as_designed(found: Findings) -> None:
    """Three standard errors: a hundred demands, of which none shall fail by chance."""
    assert list(broken(found, deviations=3.0)) == [], rendered(found)
    judged = [found.estimate(demand.measure) for demand in demands()]
    assert sum(estimate is not None and estimate.events >= FEWEST for estimate in judged) >= 60


def test_results_are_what_the_truth_promised(found: Findings) -> None:
    differences = dict(surprises(found))
    assert len(differences) >= 15
    assert max(abs(errors) for errors in differences.values()) < SURPRISING


def test_a_world_that_overprices_yes_is_found_out() -> None:
    unfair = {name: replace(climate, yes_bias=0.06) for name, climate in CLIMATES.items()}
    found = pooled([watched(1, 1, WorldPlan(climates=unfair))])
    assert "always sell: earns" in earners(found)
    wrong = set(broken(found))
    assert "yes bias: Crypto: outside of what is demanded" in wrong
    assert "mids 0.3 to 0.4: outside of what is demanded" in wrong
    assert "EARNS" in rendered(found)
    assert "BROKEN" in rendered(found)
