"""What language models cost, with every digit that is one."""

import pytest

from kalshi_cli.cli.render.llm import exactly
from kalshi_cli.domain.money import AiCost


@pytest.mark.parametrize(
    ("ticks", "told"),
    [
        (0, "$0.00"),
        (3_703_701, "$0.0003703701"),
        (427_000_000, "$0.0427"),
        (15_000_000_000, "$1.50"),
    ],
)
def test_a_cost_has_the_digits_that_it_needs(ticks: int, told: str):
    assert exactly(AiCost(ticks)) == told


def test_calls_since_before_there_was_time_are_all_of_them(kalshi):
    kalshi("ingest", "--sim", "--seed", "7")
    assert kalshi("inspect", "llm", "--since", "999999999999d").code == 0
