"""Our scoring on rows of ForecastBench: the crowd at the freeze, as readers of it have it."""

import csv
import gzip
from pathlib import Path

import pytest

from kalshi_cli.evaluation.interval import Verdict
from kalshi_cli.evaluation.scores import ScoredForecast, brier, score

FOUND = {"polymarket": (975, 0.0825), "manifold": (516, 0.085), "metaculus": (299, 0.142)}
"""Resolved rows of each crowd, and its Brier score as computed apart from this program."""
ALL = 1_958


@pytest.fixture(scope="module")
def resolved(shared_data: Path) -> list[dict[str, str]]:
    path = shared_data / "forecastbench" / "questions_with_resolutions.csv.gz"
    if not path.is_file():
        pytest.skip("no forecastbench rows beside the repository")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    crowds = {*FOUND, "infer"}
    return [row for row in rows if row["source"] in crowds and row["resolved"] == "True"]


def crowd(row: dict[str, str], number: int) -> ScoredForecast:
    """A row as a forecast that agrees with the market; each row stands for itself."""
    price = float(row["freeze_value"])
    return ScoredForecast(
        ticker=f"{row['id']}-{number}",
        event_ticker=row["id"],
        category="",
        forecaster=row["source"],
        model=row["source"],
        probability=price,
        blended=price,
        market=price,
        payout=float(row["resolved_to"]),
        made_us=number,
        low=price,
        high=price,
    )


def test_the_crowds_brier_scores_are_the_known_ones(resolved):
    assert len(resolved) == ALL
    scores = {s.model: s for s in score([crowd(row, at) for at, row in enumerate(resolved)])}
    for name, (count, known) in FOUND.items():
        told = scores[name]
        assert told.judged == count
        assert told.raw.market_brier == pytest.approx(known, abs=0.0005)
        # whoever says what the market says is exactly as good: no edge is claimed
        assert (told.raw.gain.mean, told.verdict) == (0.0, Verdict.UNRESOLVED)


def test_always_one_half_is_a_quarter(resolved):
    assert {brier(0.5, float(row["resolved_to"])) for row in resolved} == {0.25}
