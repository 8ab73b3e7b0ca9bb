"""Two seeds of the study of makers, two hours long: the spread is kept, and losses are bounded."""

import asyncio
from statistics import mean

import pytest

from kalshi_cli.domain.markout import Horizon
from studies.making import BANKROLL, MANY, MOST_LOST, NOBODY, run_maker


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_against_noise_quotes_keep_what_they_ask_for() -> None:
    run = asyncio.run(run_maker(3, informed=NOBODY, hours=2))
    marks = [mark for mark in run.markouts if mark.horizon is Horizon.SOON]
    assert len(marks) >= 5
    assert mean(mark.kept for mark in marks) > 0.5 * mean(mark.given for mark in marks) > 0
    assert run.differences == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_who_knows_better_takes_little() -> None:
    run = asyncio.run(run_maker(6, informed=MANY, hours=2))
    assert run.markouts
    assert run.worst >= -MOST_LOST * BANKROLL
    assert run.differences == 0
