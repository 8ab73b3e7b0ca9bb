"""What is asked at every look reads no more rows than it is about."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fakes.desk_store import fresh_store

from kalshi_cli.adapters.store import trials
from kalshi_cli.adapters.store.prepared import Prepared


async def plan(place: Path, query: Prepared, **given: int) -> str:
    """How SQLite would go about a query."""
    await (await fresh_store(place)).close()
    with closing(sqlite3.connect(place / "desk.db")) as books:
        steps = books.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.values(given)).fetchall()
    return "; ".join(step[3] for step in steps)


async def test_trials_under_way_are_found_among_those_that_ended(tmp_path: Path) -> None:
    found = await plan(tmp_path, trials._UNDER_WAY)
    assert "SEARCH trials USING INDEX ix_trials_ending_at_us" in found
    assert "(ending=?)" in found


async def test_hit_rates_are_counted_in_the_index(tmp_path: Path) -> None:
    found = await plan(tmp_path, trials._HIT_RATES, since_us=1)
    assert "SEARCH trials USING COVERING INDEX ix_trials_ending_at_us" in found
    assert "(ending=? AND at_us>?)" in found
