"""The whole desk on recorded markets: what was held is paid as the recording says."""

import csv
import gzip
from pathlib import Path

import pytest
from fakes.program import Program

pytestmark = pytest.mark.slow
DOLLAR = 10_000
"""Price units; contracts have 100 to one, so price x contracts is in millionths of a dollar."""


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> dict[str, str]:
    """The result of each market, from the recording itself."""
    with gzip.open(shared_data / "weather" / "markets.csv.gz", "rt", newline="") as file:
        return {row["ticker"]: row["result"] for row in csv.DictReader(file)}


def test_a_desk_on_recorded_markets(shared_data: Path, recorded: dict[str, str], tmp_path: Path):
    """Two days, an hour a cycle."""
    program = Program(tmp_path, {"KALSHI_INTERVALS__SIM_CYCLE_S": "3600"})
    world = f"tape:{shared_data / 'weather'}"
    last = program.run("run-loop", "--sim", "--world", world, "--cycles", "55", "--json").data
    assert last["world"].startswith("Recorded markets, weather.")

    settled = program.rows("SELECT ticker, value_units, net_units, revenue_units FROM settlements")
    assert len(settled) > 1
    for ticker, value, net, revenue in settled:
        assert value == {"yes": DOLLAR, "no": 0}[recorded[ticker]]
        assert revenue == (net * value if net > 0 else -net * (DOLLAR - value))
    report = program.data("inspect-db")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]

    earned = program.data("evaluate")
    (strategy,) = earned["strategies"]
    mean = strategy["per_event"]
    assert mean["low"] < mean["mean"] < mean["high"]
    assert strategy["verdict"] == "unresolved"  # two days are too few events to claim anything
    assert [score["model"] for score in earned["scores"]] == ["baseline"]
