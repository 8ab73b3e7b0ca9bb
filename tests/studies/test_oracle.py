"""Two seeds of the study: knowing the truth earns, and not knowing it is not called an edge."""

import asyncio

import pytest

from kalshi_cli.evaluation.interval import Verdict
from studies.desk_runs import run_oracle


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
def test_who_knows_the_truth_earns_net_of_fees(seed: int) -> None:
    run = asyncio.run(run_oracle(seed, error=0.0))
    assert run.gain > 0
    assert run.differences == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_error_that_drowns_the_truth_is_not_called_an_edge() -> None:
    run = asyncio.run(run_oracle(1, error=3.0, days=10))
    assert run.evaluation.scores
    assert all(score.verdict is not Verdict.EDGE for score in run.evaluation.scores)
    assert all(row.verdict is not Verdict.EDGE for row in run.evaluation.strategies)
    assert run.differences == 0
