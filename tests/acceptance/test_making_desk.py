"""A desk that makes markets on the embedded exchange, as a process: quotes, fills, and a stop."""

import signal
from pathlib import Path

import pytest
from fakes.program import Program

pytestmark = pytest.mark.slow

WORLD = Path(__file__).parents[1] / "studies" / "regatta.toml"
MAKING = {
    "KALSHI_TRADING__STRATEGIES": '["market_making"]',
    "KALSHI_INTERVALS__SIM_CYCLE_S": "300",
}
LOOP = ("run-loop", "--sim", "--seed", "3", "--world", str(WORLD), "--forecaster", "baseline")


def test_it_quotes_both_sides_and_its_books_balance(tmp_path: Path):
    program = Program(tmp_path, MAKING)
    ended = program.start(*LOOP, "--cycles", "8", "--json").ended()
    assert ended.code == 0, ended.err
    sides = dict(
        program.rows("SELECT side, count(*) FROM orders WHERE purpose = 'quote' GROUP BY side")
    )
    assert min(sides["ask"], sides["bid"]) >= 5
    # Nothing but quotes, none of them a taker's, and none without an end.
    assert program.rows("SELECT count(*) FROM orders WHERE purpose = 'entry'") == [(0,)]
    assert program.rows("SELECT count(*) FROM orders WHERE NOT post_only") == [(0,)]
    assert program.rows("SELECT count(*) FROM orders WHERE expires_us IS NULL") == [(0,)]
    assert program.rows("SELECT DISTINCT owner, is_taker FROM fills") == [("market_making", 0)]
    # Never two of a side: what rests now is one an owner, market and side.
    live = "SELECT ticker, side FROM orders WHERE state IN ('resting', 'partially_filled')"
    resting = program.rows(live)
    assert resting
    assert len(set(resting)) == len(resting)
    assert program.rows("SELECT count(*) FROM markouts")[0][0] > 0
    report = program.data("inspect-db", "--sim")
    assert report["audit"]["findings"] == report["differences"] == []
    assert report["exchange_cash"] == report["audit"]["cash"]
    told = program.data("status", "--sim")
    assert [row["strategy"] for row in told["strategies"]] == ["market_making"]


def test_a_person_who_stops_it_leaves_no_quote_behind(tmp_path: Path):
    program = Program(tmp_path, MAKING)
    with program.start(*LOOP, "--json") as process:
        process.line(3)
        process.send_signal(signal.SIGINT)
        ended = process.ended()
    assert ended.code == 130, ended.err
    live = "SELECT count(*) FROM orders WHERE state IN ('resting', 'partially_filled', 'unknown')"
    assert program.rows(live) == [(0,)]
    assert program.rows("SELECT count(*) FROM orders WHERE purpose = 'quote'")[0][0] > 0
