"""The generated world is fair: prices alone earn nothing, what is not yet public does."""

import pytest

from studies.fairness import Row, fairness_table, rendered


@pytest.fixture(scope="module")
def table() -> dict[str, Row]:
    return fairness_table(range(1, 3), 3)


@pytest.mark.slow
def test_no_rule_on_prices_alone_earns(table: dict[str, Row]) -> None:
    rules = [rule for rule in table if not rule.startswith(("oracle", "maker in"))]
    assert len(rules) == 13
    for rule in rules:
        row = table[rule]
        assert row.trades > 100, rule
        assert row.low <= 0.0, f"{rule}\n{rendered(table)}"


@pytest.mark.slow
def test_who_knows_the_truth_earns(table: dict[str, Row]) -> None:
    for rule in ("oracle buys", "oracle sells"):
        assert table[rule].trades > 50
        assert table[rule].low > 0.015


@pytest.mark.slow
def test_resting_inside_the_spread_is_filled_and_about_breaks_even(table: dict[str, Row]) -> None:
    row = table["maker"]
    assert row.trades > 1_000
    assert -0.015 < row.mean < 0.005
