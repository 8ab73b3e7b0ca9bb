"""From pages of the exchange into the store: what is written, and what is left alone.

The client, the step and the store together; the exchange is a list of pages in memory.
"""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import wire_samples as sample
from fakes.clock import FakeClock
from fakes.desk_store import fresh_store

from kalshi_cli.adapters.kalshi.connection import connect
from kalshi_cli.adapters.store import worker
from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.adapters.store.unit import SqlUnit
from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, to_rfc3339
from kalshi_cli.errors import IntegrityError
from kalshi_cli.ports.catalog import Saved
from kalshi_cli.settings.sections import Filters, Settings
from kalshi_cli.steps.ingest import IngestResult, ingest

EVENTS, LEGS, PAGE = 6, 5, 2


class Listed:
    """The exchange's open events, two a page; `cut` fails the pages after so many."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.events = [self._event(number) for number in range(EVENTS)]
        self.cut: int | None = None

    def _event(self, number: int) -> dict[str, Any]:
        name, now = f"KXRAIN-{number}", self.clock.now()
        times = {
            "open_time": to_rfc3339(now - DAY),
            "close_time": to_rfc3339(now + 3 * DAY),
            "expected_expiration_time": to_rfc3339(now + 3 * DAY),
        }
        legs = [
            sample.market(ticker=f"{name}-{leg}", event_ticker=name, **times) for leg in range(LEGS)
        ]
        return sample.event(event_ticker=name, markets=legs)

    def market(self, number: int, leg: int) -> dict[str, Any]:
        return self.events[number]["markets"][leg]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/series"):
            return httpx.Response(200, json={"series": [sample.series()]})
        if request.url.path.endswith("/fee_changes"):
            changes = {"series_fee_change_arr": [], "event_fee_changes": [], "cursor": ""}
            return httpx.Response(200, json=changes)
        if request.url.path.endswith("/incentive_programs"):
            return httpx.Response(200, json={"incentive_programs": []})
        start = int(request.url.params.get("cursor", 0))
        if self.cut is not None and start >= self.cut * PAGE:
            return httpx.Response(404, json={"error": {"code": "gone", "message": "gone"}})
        self.clock.now_us += SECOND
        end = start + PAGE
        cursor = str(end) if end < len(self.events) else ""
        return httpx.Response(200, json={"events": self.events[start:end], "cursor": cursor})


class Desk:
    """A store and what is written into it."""

    def __init__(self, store: SqlStore) -> None:
        self.clock = FakeClock()
        self.listed = Listed(self.clock)
        self.store = store
        self.filters = Filters()
        self.written: Counter[str] = Counter()
        self.loaded: list[str] = []
        self._file = store.location.path
        with closing(sqlite3.connect(self._file)) as books, books:
            books.executescript(_watched())

    def saw(self, statement: str, parameters: Sequence[object]) -> None:
        """Each statement that runs; which markets are loaded whole is all that is kept of it."""
        if statement.startswith("SELECT") and "rules_primary" in statement:
            self.loaded += json.loads(str(parameters[0])) if parameters else ["all"]

    def _count(self) -> None:
        """Rows that were written since the last count, by what the database itself saw."""
        with closing(sqlite3.connect(self._file)) as books, books:
            self.written.update(what for (what,) in books.execute("SELECT what FROM seen"))
            books.execute("DELETE FROM seen")

    async def ingest(self) -> IngestResult:
        self.written.clear()
        self.loaded.clear()
        filters = policies(Env.SIM, Settings(filters=self.filters), None).filters
        async with self.store.unit() as unit:
            run = await unit.desk.start_run("ingest", self.clock.now(), self.clock.wall())
            await unit.commit()
        async with connect(
            base_url="http://exchange.test",
            signer=None,
            clock=self.clock,
            transport=httpx.MockTransport(self.listed),
            paced=False,
        ) as connection:
            result = await ingest(
                connection.market_data,
                connection.notices,
                self.store,
                self.clock,
                filters=filters,
                run_id=run.run_id,
            )
        self._count()
        return result

    async def quotes(self) -> dict[str, Any]:
        async with self.store.unit() as unit:
            return {e.market.ticker: e.quote for e in await unit.catalog.entries()}


def _watched() -> str:
    """Triggers that write down each row that is inserted or updated."""
    made = [
        f"CREATE TRIGGER seen_{verb}_{table} AFTER {verb} ON {table} "
        f"BEGIN INSERT INTO seen VALUES ('{verb} {table}'); END;"
        for table in ("series", "events", "markets", "quotes")
        for verb in ("INSERT", "UPDATE")
    ]
    return "CREATE TABLE seen (what TEXT);" + "".join(made)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with await fresh_store(tmp_path) as store:
        desk, execute = Desk(store), worker.Cursor.execute

        async def seen(self, statement, parameters=()):
            desk.saw(statement, parameters)
            return await execute(self, statement, parameters)

        monkeypatch.setattr(worker.Cursor, "execute", seen)
        yield desk


async def test_an_unchanged_pass_writes_no_row_but_the_time_of_each_quote(desk: Desk):
    first = await desk.ingest()
    assert first.saved == Saved(new=EVENTS + EVENTS * LEGS)
    assert desk.written == {
        "INSERT series": 1,
        "INSERT events": EVENTS,
        "INSERT markets": EVENTS * LEGS,
        "INSERT quotes": EVENTS * LEGS,
    }
    before = await desk.quotes()
    desk.clock.now_us += HOUR
    again = await desk.ingest()
    assert again.saved == Saved(unchanged=EVENTS + EVENTS * LEGS)
    assert desk.written == {"UPDATE quotes": EVENTS * LEGS}
    assert desk.loaded == []
    after = await desk.quotes()
    # A page is read a second after the one before it, and that is the time its quotes get.
    assert max(q.at_us for q in after.values()) == desk.clock.now()
    assert len({q.at_us for q in after.values()}) == EVENTS // PAGE
    assert all(after[ticker].at_us >= before[ticker].at_us + HOUR for ticker in before)
    assert (again.kind, again.markets, again.eligible) == ("full", EVENTS * LEGS, first.eligible)
    assert (again.open_markets, again.dropped) == (first.open_markets, first.dropped)


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({"yes_bid_dollars": "0.4200"}, {}),
        ({"title": "Will it snow?"}, {"UPDATE markets": 1}),
        ({"liquidity_dollars": "7.0000"}, {}),
    ],
)
async def test_a_changed_field_writes_that_market_alone(desk: Desk, change, written):
    await desk.ingest()
    desk.clock.now_us += HOUR
    desk.listed.market(3, 2).update(change)
    result = await desk.ingest()
    assert result.saved == Saved(changed=1, unchanged=EVENTS + EVENTS * LEGS - 1)
    assert desk.written == {"UPDATE quotes": EVENTS * LEGS, **written}


async def test_the_funnel_is_the_same_whether_a_market_is_read_or_known(desk: Desk):
    """Screened as it is read, or later out of the store: every market counts once."""
    desk.listed.market(0, 0).update(yes_bid_size_fp="0.00")
    desk.listed.market(1, 1).update(volume_fp="1.00")
    desk.listed.market(2, 2).update(status="inactive")
    first = await desk.ingest()
    desk.clock.now_us += HOUR
    again = await desk.ingest()
    assert dict(first.dropped) == {"ONE_SIDED": 1, "LOW_VOLUME": 1}
    assert (again.dropped, again.eligible) == (first.dropped, first.eligible)
    total = EVENTS * LEGS - 1
    assert first.open_markets == again.open_markets == total
    assert again.eligible == total - sum(count for _, count in again.dropped) == total - 2


async def test_a_market_is_screened_again_when_time_has_changed_its_verdict(desk: Desk):
    soon = desk.clock.now() + 90 * MINUTE
    desk.listed.market(0, 0).update(close_time=to_rfc3339(soon))
    desk.listed.market(0, 1).update(close_time=to_rfc3339(soon), volume_fp="1.00")
    far = desk.clock.now() + 30 * DAY + HOUR
    desk.listed.market(5, 4).update(expected_expiration_time=to_rfc3339(far))
    first = await desk.ingest()
    assert dict(first.dropped) == {"LOW_VOLUME": 1, "TOO_FAR": 1}
    desk.clock.now_us += 80 * MINUTE
    again = await desk.ingest()
    # two that close in ten minutes less than what reading took, and one that came near enough
    assert dict(again.dropped) == {"CLOSING": 2}
    assert again.eligible == again.open_markets - 2 == EVENTS * LEGS - 2
    assert desk.loaded == ["KXRAIN-0-0", "KXRAIN-0-1", "KXRAIN-5-4"]
    assert desk.written == {"UPDATE quotes": EVENTS * LEGS + 3}
    desk.clock.now_us += HOUR
    assert (await desk.ingest()).dropped == again.dropped
    assert desk.loaded == []


async def test_other_filters_screen_all_markets_again(desk: Desk):
    desk.listed.market(1, 1).update(volume_fp="500.00")
    plain = await desk.ingest()
    desk.clock.now_us += HOUR
    desk.filters = Filters(min_volume=600.0, block_tickers=("KXRAIN-3-3",))
    strict = await desk.ingest()
    assert (plain.dropped, dict(strict.dropped)) == ((), {"BLOCKED": 1, "LOW_VOLUME": 1})
    assert len(desk.loaded) == EVENTS * LEGS
    desk.filters = Filters()
    desk.clock.now_us += HOUR
    assert (await desk.ingest()).dropped == ()


async def test_an_event_of_another_category_has_its_markets_screened_again(desk: Desk):
    desk.filters = Filters(block_categories=("Sports",))
    first = await desk.ingest()
    desk.clock.now_us += HOUR
    desk.listed.events[2].update(category="Sports")
    again = await desk.ingest()
    assert (first.dropped, dict(again.dropped)) == ((), {"BLOCKED": LEGS})
    assert desk.loaded == [f"KXRAIN-2-{leg}" for leg in range(LEGS)]


async def test_a_bad_row_costs_only_itself_also_among_known_ones(desk: Desk):
    desk.listed.market(4, 1).update(close_time=17)
    first = await desk.ingest()
    assert [row.what for row in first.unusable] == ["KXRAIN-4-1"]
    assert (first.complete, first.markets) == (True, EVENTS * LEGS - 1)
    desk.clock.now_us += HOUR
    again = await desk.ingest()
    assert [row.what for row in again.unusable] == ["KXRAIN-4-1"]
    assert desk.written == {"UPDATE quotes": EVENTS * LEGS - 1}


async def test_a_pass_that_breaks_off_leaves_whole_events_and_no_marker(desk: Desk):
    """As a crash would: every page is one transaction, and the next pass takes up what is left."""
    desk.listed.cut = 2
    broken = await desk.ingest()
    assert (broken.complete, "gone" in broken.why_incomplete) == (False, True)
    async with desk.store.unit() as unit:
        assert await unit.catalog.marker("full_pass") is None
        entries = await unit.catalog.entries()
    legs = Counter(entry.event.event_ticker for entry in entries)
    assert legs == {f"KXRAIN-{number}": LEGS for number in range(2 * PAGE)}
    desk.listed.cut = None
    result = await desk.ingest()
    left = EVENTS - 2 * PAGE
    assert (result.kind, result.complete) == ("full", True)
    assert result.saved == Saved(new=left + left * LEGS, unchanged=2 * PAGE * (1 + LEGS))
    assert desk.written["INSERT markets"] == left * LEGS


@pytest.mark.parametrize("failing", range(EVENTS // PAGE))
async def test_a_page_that_cannot_be_saved_ends_the_pass_there(desk: Desk, failing: int):
    """The pages after it are read and judged while it is saved: none of them may be there."""
    refused = f"KXRAIN-{failing * PAGE}-{LEGS - 1}"
    with closing(sqlite3.connect(desk.store.location.path)) as books, books:
        books.execute(
            f"CREATE TRIGGER no_room BEFORE INSERT ON markets WHEN NEW.ticker = '{refused}' "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    with pytest.raises(IntegrityError, match="no room"):
        await desk.ingest()
    async with desk.store.unit() as unit:
        assert await unit.catalog.marker("full_pass") is None
        entries = await unit.catalog.entries()
    assert len(entries) == failing * PAGE * LEGS
    with closing(sqlite3.connect(desk.store.location.path)) as books, books:
        books.execute("DROP TRIGGER no_room")
    result = await desk.ingest()
    assert (result.kind, result.complete, result.events) == ("full", True, EVENTS)
    left = EVENTS - failing * PAGE
    assert result.saved.new == left * (1 + LEGS)


async def test_a_page_is_judged_and_another_read_while_one_is_saved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    third_asked, listed = asyncio.Event(), desk.listed
    saved, commit = 0, SqlUnit.commit

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("cursor") == str(2 * PAGE):
            third_asked.set()
        return listed(request)

    async def waiting(unit: SqlUnit) -> None:
        nonlocal saved
        if await unit.catalog.known_markets(["KXRAIN-0-0"]) and not saved:
            async with asyncio.timeout(5):
                await third_asked.wait()
            saved += 1
        await commit(unit)

    desk.listed = answer  # type: ignore[assignment]
    monkeypatch.setattr(SqlUnit, "commit", waiting)
    assert (await desk.ingest()).complete
    assert saved == 1


async def test_a_quote_written_since_it_was_asked_about_keeps_its_own_time(desk: Desk):
    """Another process reads a new price while a pass that knew the old one is under way."""
    await desk.ingest()
    desk.clock.now_us += HOUR
    taken = "KXRAIN-5-0"

    async def meanwhile() -> None:
        async with desk.store.transaction() as transaction:
            await transaction.run(
                lambda connection: connection.exec_driver_sql(
                    "UPDATE quotes SET bid_price_units = 4300, row_hash = 1, at_us = at_us + 1"
                    f" WHERE ticker = '{taken}'"
                )
            )
            await transaction.commit()

    before = (await desk.quotes())[taken].at_us
    listed, first_page = desk.listed, True

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal first_page
        if first_page and request.url.path.endswith("/events"):
            first_page = False
            await meanwhile()
        return listed(request)

    desk.listed = answer  # type: ignore[assignment]
    await desk.ingest()
    quote = (await desk.quotes())[taken]
    assert (str(quote.bid.price), quote.at_us) == ("0.4300", before + 1)
