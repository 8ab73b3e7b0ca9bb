"""A desk on an exchange that goes wrong in every way at once keeps its books."""

from pathlib import Path

import pytest
from fakes.program import Program

pytestmark = pytest.mark.slow
STORM = """
seed = 11

[[rules]]
fault = "latency"
method = "POST"
probability = 0.3
ms = 100
jitter_ms = 900

[[rules]]
fault = "pause"
method = "POST"
every = 40
ms = 60000

[[rules]]
fault = "drop_response"
path = "/portfolio/events/orders*"
probability = 0.15

[[rules]]
fault = "drop_request"
path = "/portfolio/events/orders*"
probability = 0.1

[[rules]]
fault = "error_after"
path = "/portfolio/events/orders*"
probability = 0.1

[[rules]]
fault = "no_order"
probability = 0.1

[[rules]]
fault = "no_order"
probability = 0.1
empty = true

[[rules]]
fault = "too_many_requests"
method = "POST"
probability = 0.05

[[rules]]
fault = "stale_reads"
ms = 400

[[rules]]
fault = "short_page"
path = "/portfolio/*"
probability = 0.3
rows = 5

[[rules]]
fault = "lost_rows"
path = "/portfolio/*"
probability = 0.03
rows = 3

[[rules]]
fault = "repeated_cursor"
path = "/portfolio/*"
probability = 0.02
"""
ORDERS = "SELECT client_order_id, state, order_id, filled_units FROM orders ORDER BY 1"


def stormy_desk(home: Path) -> Program:
    """A desk after four cycles in the storm, and one look around when it was over."""
    home.mkdir()
    (home / "storm.toml").write_text(STORM)
    desk = Program(home)
    desk.run(
        "run-loop", "--sim", "--seed", "7", "--cycles", "4", "--faults", "storm.toml", code=None
    )
    desk.run("track")
    return desk


@pytest.mark.timeout(240)
def test_the_books_are_the_exchanges_after_a_storm(tmp_path: Path):
    desk = stormy_desk(tmp_path / "one")
    report = desk.data("inspect-db")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]
    rows = desk.rows(ORDERS)
    states = {state for _, state, _, _ in rows}
    assert "resting" in states or "filled" in states
    assert not states & {"intent", "unknown"}
    again = stormy_desk(tmp_path / "two")
    assert again.rows(ORDERS) == rows  # the same seed, the same faults: the same history
