"""What is asked at every look reads no more rows than it is about."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fakes.decisions import NOW
from fakes.desk_store import SERIES, fresh_store, seed

from kalshi_cli.adapters.store import market_mapping, trials
from kalshi_cli.adapters.store.prepared import Prepared
from kalshi_cli.domain.fees import FREE, FeeChange


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


async def test_a_market_is_read_with_the_fee_changes_of_its_own_series_only(tmp_path, monkeypatch):
    of_it = FeeChange("1", SERIES.ticker, None, FREE, NOW)
    others = [FeeChange(str(n), f"OTHER{n}", None, FREE, NOW) for n in range(2, 100)]
    read, really = [], market_mapping.fee_change_from

    def reading(row):
        read.append(really(row))
        return read[-1]

    async with await fresh_store(tmp_path) as store:
        await seed(store)
        async with store.unit() as unit:
            await unit.catalog.save_fee_changes([of_it, *others])
            monkeypatch.setattr(market_mapping, "fee_change_from", reading)
            (entry,) = await unit.catalog.entries(["T"])
    assert entry.fee_changes == (of_it,)
    assert read == [of_it]
