"""What language models cost, with every digit that is one."""

import pytest

from kalshi_cli.cli.render.words import charged
from kalshi_cli.domain.money import AiCost, Money


@pytest.mark.parametrize(
    ("ticks", "told", "exactly"),
    [
        (0, "$0.00", "$0.00"),
        (1, "$0.0001", "$0.0000000001"),
        (3_703_701, "$0.0004", "$0.0003703701"),
        (427_000_000, "$0.0427", "$0.0427"),
        (427_000_001, "$0.0428", "$0.0427000001"),
        (15_000_000_000, "$1.50", "$1.50"),
        (12_345_600_000_000, "$1,234.56", "$1,234.56"),
    ],
)
def test_a_cost_has_the_digits_that_it_needs(ticks: int, told: str, exactly: str):
    """To a hundredth of a cent in tables, and never as nothing where it is something."""
    assert (charged(AiCost(ticks)), AiCost(ticks).spoken) == (told, exactly)


def test_what_a_strategy_was_charged_reads_alike():
    assert [charged(Money(units)) for units in (0, 1, 42_700, 42_701)] == [
        "$0.00",
        "$0.0001",
        "$0.0427",
        "$0.0428",
    ]


def test_calls_since_before_there_was_time_are_all_of_them(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    assert kalshi("inspect", "llm", "--since", "999999999999d").code == 0
