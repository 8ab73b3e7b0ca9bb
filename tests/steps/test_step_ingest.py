"""Reading the markets: what is read when, what is counted, and what a partial read may not do."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest
from fakes.floor import ASKS, BIDS, EVENT, A, B, taking, the_policies
from hypothesis import given
from hypothesis import strategies as st

from kalshi_cli.domain.fees import MILLION, FeeChange, FeeTerms, LaterTerms
from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.errors import ExchangeRefusal, Unavailable
from kalshi_cli.ports.catalog import Saved
from kalshi_cli.ports.exchange import Page, Unusable
from kalshi_cli.settings.sections import Filters
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.paging import collect

REFUSAL = ExchangeRefusal("no such path", status=404, exchange_code="not_found")
DEAR = FeeTerms("quadratic_with_maker_fees", 2 * MILLION)


async def markets(floor):
    return {row.ticker: row for row in await floor.store.reports.markets()}


async def markers(floor):
    async with floor.store.unit() as unit:
        return [await unit.catalog.marker(name) for name in ("full_pass", "delta_pass")]


def rows(floor):
    """How many rows each table holds, and what the catalogue's tables hold."""
    with contextlib.closing(sqlite3.connect(floor.store.location.path)) as database:
        return [
            database.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("series", "events", "markets", "quotes", "quote_history")
        ]


async def test_a_full_pass_first_then_what_changed_then_a_full_pass_again(floor):
    start = floor.clock.now()
    assert await markers(floor) == [start, None]  # the floor has ingested once
    floor.clock.now_us += HOUR - 1
    assert (await floor.ingest()).kind == "delta"
    assert await markers(floor) == [start, start + HOUR - 1]
    floor.clock.now_us += 1
    assert (await floor.ingest()).kind == "full"
    assert await markers(floor) == [start + HOUR, start + HOUR - 1]


async def test_fees_are_read_again_once_an_announced_change_is_in_force(floor):
    start, series = floor.clock.now(), next(iter(floor.exchange.serieses))
    ahead = [start - HOUR, start + HOUR + 20 * MINUTE, start + 2 * HOUR]
    floor.notices.series_changes = [FeeChange("s", series, None, DEAR, ahead[2])]
    floor.notices.event_changes = [FeeChange(f"{at}", series, "E", DEAR, at) for at in ahead[:2]]
    floor.clock.now_us += HOUR
    assert (await floor.ingest()).kind == "full"
    floor.clock.now_us += 20 * MINUTE - 1
    assert (await floor.ingest()).kind == "delta"
    before = floor.exchange.serieses[series]
    floor.exchange.serieses[series] = replace(before, fees=DEAR)
    floor.clock.now_us += 1
    assert (await floor.ingest()).kind == "full"
    async with floor.store.unit() as unit:
        assert {entry.series.fees for entry in await unit.catalog.entries()} == {DEAR}
    assert (await floor.ingest()).kind == "delta"


async def announced(floor):
    async with floor.store.unit(reads=True) as unit:
        return [change.change_id for change in await unit.catalog.fee_changes()]


async def test_a_change_of_fees_counts_before_it_is_read_and_until_all_of_it_was(floor):
    """Announced for in a quarter of an hour: known ahead, in force at once, then read."""
    floor.clock.now_us += HOUR
    event, at_us = floor.exchange.events[EVENT], floor.clock.now() + 15 * MINUTE
    floor.notices.event_changes = [FeeChange("c", event.series_ticker, EVENT, DEAR, at_us)]
    await floor.ingest()
    async with floor.store.unit(reads=True) as unit:
        (entry, _) = await unit.catalog.entries()
    assert entry.later_terms(at_us - 1) == (LaterTerms(at_us, DEAR),)
    assert [entry.fee_terms(at) for at in (at_us - 1, at_us)] == [entry.series.fees, DEAR]
    assert entry.later_terms(at_us) == ()
    floor.notices.event_changes = []  # the exchange tells of no past ones
    floor.exchange.events[EVENT] = replace(event, fees=DEAR)
    floor.clock.now_us = at_us

    async def broken(*_, **__):
        raise Unavailable("the line is cut")

    whole, floor.exchange.open_events = floor.exchange.open_events, broken
    with pytest.raises(Unavailable):
        await floor.ingest()
    assert await announced(floor) == ["c"]
    floor.exchange.open_events = whole
    assert (await floor.ingest()).kind == "full"
    assert await announced(floor) == []
    async with floor.store.unit(reads=True) as unit:
        (entry, _) = await unit.catalog.entries()
    assert (entry.event.fees, entry.fee_terms(at_us)) == (DEAR, DEAR)


@pytest.mark.parametrize("error", [Unavailable("down"), REFUSAL])
async def test_fees_that_nobody_tells_of_stop_no_pass(floor, error):
    async def refused():
        raise error

    floor.notices.series_fee_changes = refused
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    assert (result.kind, result.complete, result.why_incomplete) == ("full", False, str(error))
    assert (await markers(floor))[0] == floor.clock.now()  # all events were read


async def test_a_partial_list_of_fee_changes_is_told(floor):
    at_us, series = floor.clock.now() + DAY, next(iter(floor.exchange.serieses))
    old, told = (FeeChange(name, series, "E", DEAR, at_us) for name in ("old", "told"))

    async def changes(cursor=""):
        if cursor:
            raise Unavailable("the line is cut")
        return Page((told,), "more")

    floor.notices.event_changes = [old]
    floor.clock.now_us += HOUR
    await floor.ingest()
    floor.notices.event_fee_changes = changes
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    assert (result.complete, result.why_incomplete) == (False, "the line is cut")
    assert await announced(floor) == ["old", "told"]


@pytest.mark.parametrize("what", ["series_fee_changes", "event_fee_changes"])
async def test_a_change_of_fees_that_cannot_be_read_any_more_is_still_to_come(floor, what):
    """A row that nobody understands is no evidence that what it told is called off."""
    at_us, series = floor.clock.now() + DAY, next(iter(floor.exchange.serieses))
    floor.notices.series_changes = [FeeChange("s", series, None, DEAR, at_us)]
    floor.notices.event_changes = [FeeChange("e", series, "E", DEAR, at_us)]
    floor.clock.now_us += HOUR
    await floor.ingest()

    async def garbled(cursor=""):
        return Page((), "", (Unusable("row 0", "a multiplier is missing"),))

    setattr(floor.notices, what, garbled)
    floor.clock.now_us += HOUR
    await floor.ingest()
    assert await announced(floor) == ["e", "s"]


async def test_quotes_that_cannot_be_read_again_cost_no_pass(floor):
    gone = floor.exchange.markets[A]
    floor.exchange.markets[A] = replace(gone, status=MarketStatus.CLOSED)
    floor.exchange.markets[B] = replace(floor.exchange.markets[B], status=MarketStatus.CLOSED)

    async def listings(tickers):
        raise Unavailable("too slow")

    whole, floor.exchange.listings = floor.exchange.listings, listings
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    assert (result.kind, result.complete, result.why_incomplete) == ("full", False, "too slow")
    assert (await markers(floor))[0] == floor.clock.now()
    floor.exchange.listings = whole
    floor.clock.now_us += HOUR
    assert (await floor.ingest()).complete


async def test_an_event_that_cannot_be_read_costs_itself(floor):
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    floor.exchange.set_book("KXNEW-1-A", BIDS, ASKS)
    bad = Unusable("KXNEW-1", "a grid from nowhere")

    async def events_named(tickers):
        assert set(tickers) == {"KXNEW-1"}
        return Page((), unusable=(bad,))

    floor.exchange.events_named = events_named
    floor.clock.now_us += MINUTE
    result = await floor.ingest()
    assert (result.kind, result.complete) == ("delta", True)
    assert result.unusable == (bad,)
    assert (await markers(floor))[1] == floor.clock.now()


async def test_new_events_that_nobody_tells_of_are_read_by_the_next_pass(floor):
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    floor.exchange.set_book(A, (("0.3000", "5.00"),), ASKS)

    async def events_named(tickers):
        raise Unavailable("too slow")

    whole, floor.exchange.events_named = floor.exchange.events_named, events_named
    floor.clock.now_us += MINUTE
    before = await markers(floor)
    result = await floor.ingest()
    assert (result.complete, result.why_incomplete) == (False, "too slow")
    assert await markers(floor) == before
    assert str((await markets(floor))[A].bid.price) == "0.3000"
    floor.exchange.events_named = whole
    assert (await floor.ingest()).complete
    assert "KXNEW-1-A" in await markets(floor)


async def test_pages_of_events_that_begin_again_are_seen_though_their_quotes_are_new(floor):
    whole, asked = floor.exchange.open_events, []

    async def open_events(cursor="", known=None):
        asked.append(cursor)
        floor.clock.now_us += 1
        return Page((await whole(known=known)).items, f"c{len(asked)}")

    floor.exchange.open_events = open_events
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    told = (result.complete, result.why_incomplete, len(asked))
    assert told == (False, "the exchange's pages begin again", 2)


async def test_an_unchanged_pass_writes_nothing(floor):
    floor.clock.now_us += HOUR
    before = rows(floor)
    result = await floor.ingest()
    assert (result.kind, result.saved) == ("full", Saved(new=0, changed=0, unchanged=3))
    # the instant at which a quote was seen again is all that moves
    after = rows(floor)
    assert [after[n] for n in (0, 1, 2, 4)] == [before[n] for n in (0, 1, 2, 4)]
    assert len(after[3]) == len(before[3]) == 2


async def test_a_delta_pass_reads_what_changed_and_quotes_worth_a_look(floor):
    floor.clock.now_us += MINUTE
    floor.exchange.set_book(A, (("0.3000", "5.00"),), ASKS)
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    floor.exchange.set_book("KXNEW-1-A", BIDS, ASKS)
    result = await floor.ingest()
    # the new event, its market and A's quote; everything was updated within the overlap
    assert (result.kind, result.events, result.complete) == ("delta", 1, True)
    assert result.saved == Saved(new=2, changed=1, unchanged=1)
    assert str((await markets(floor))[A].bid.price) == "0.3000"
    floor.clock.now_us += 10 * MINUTE
    floor.exchange.set_book(B, (("0.3100", "5.00"),), ASKS)
    assert (await floor.ingest()).saved == Saved(new=0, changed=1, unchanged=2)
    assert str((await markets(floor))[B].bid.price) == "0.3100"


async def test_quotes_of_markets_that_were_dropped_are_left_alone_between_full_passes(floor):
    floor.exchange.set_book(A, (("0.0100", "5.00"),), (("0.9900", "5.00"),))
    floor.clock.now_us += 10 * MINUTE
    assert (await floor.ingest()).eligible == 1  # too wide now
    floor.clock.now_us += 10 * MINUTE
    floor.exchange.set_book(A, BIDS, ASKS)
    assert (await floor.ingest()).markets == 1
    floor.clock.now_us += HOUR
    assert (await floor.ingest()).eligible == 2


async def test_a_market_gone_from_the_feed_is_read_until_its_end_is_seen(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    for ticker in (A, B):
        gone = floor.exchange.markets[ticker]
        floor.exchange.markets[ticker] = replace(gone, status=MarketStatus.CLOSED)
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    assert (result.events, result.markets, result.open_markets) == (0, 2, 0)
    assert {row.status for row in (await markets(floor)).values()} == {MarketStatus.CLOSED}
    floor.exchange.settle(A, Result.NO)
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], updated_us=1)
    floor.clock.now_us += 10 * MINUTE
    await floor.ingest()  # a delta pass: A is held by us, so its end is seen all the same
    assert (await markets(floor))[A].result is Result.NO


async def test_every_dropped_market_counts_under_one_filter(floor):
    tickers = [f"KXT-2-{letter}" for letter in "ABCDEF"]
    floor.exchange.add_event("KXT-2", tickers)
    wide, far, soon, blocked, bare, quoted = tickers
    for ticker in tickers:
        floor.exchange.set_book(ticker, BIDS, ASKS)
    floor.exchange.set_book(wide, (("0.1000", "5.00"),), (("0.9000", "5.00"),))
    floor.exchange.set_book(bare, (), ASKS)
    for ticker, close_us in ((far, 60 * DAY), (soon, MINUTE)):
        market = floor.exchange.markets[ticker]
        floor.exchange.markets[ticker] = replace(market, close_us=floor.clock.now() + close_us)
    floor.clock.now_us += HOUR
    soon_market = floor.exchange.markets[soon]
    floor.exchange.markets[soon] = replace(soon_market, close_us=floor.clock.now() + MINUTE)
    chosen = the_policies(filters=Filters(min_volume=0, block_tickers=(blocked,))).filters
    result = await floor.ingest(filters=chosen)
    assert result.open_markets == 8
    assert result.open_markets == result.eligible + sum(count for _, count in result.dropped)
    assert result.eligible == 3  # A, B and the quoted one
    assert sorted(count for _, count in result.dropped) == [1, 1, 1, 1, 1]
    funnel = {row.name: row.count for row in await floor.store.reports.funnel()}
    assert funnel == {**dict(result.dropped), "open": 8, "eligible": 3}
    assert quoted in await markets(floor)


async def test_a_new_series_is_looked_up(floor):
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"], category="Sports")
    floor.clock.now_us += MINUTE
    await floor.ingest()
    assert (await markets(floor))["KXNEW-1-A"].category == "Sports"


async def test_an_event_of_a_series_nobody_knows_is_named(floor):
    floor.exchange.add_event("KXNEW-1", ["KXNEW-1-A"])
    del floor.exchange.serieses["KXNEW"]
    floor.clock.now_us += MINUTE
    result = await floor.ingest()
    assert result.unusable == (Unusable("KXNEW-1", "unknown series KXNEW"),)
    assert "KXNEW-1-A" not in await markets(floor)


async def test_an_unusable_row_is_named_and_does_not_make_the_pass_partial(floor):
    """One bad row on the exchange must not turn every pass into a full one."""
    floor.exchange.unusable = [Unusable("KXBAD-1-A", "a price of 2 dollars")]
    floor.clock.now_us += HOUR
    result = await floor.ingest()
    assert (result.complete, result.unusable) == (
        True,
        (Unusable("KXBAD-1-A", "a price of 2 dollars"),),
    )
    assert (await markers(floor))[0] == floor.clock.now()
    floor.clock.now_us += MINUTE
    assert (await floor.ingest()).kind == "delta"


class Cut:
    """The exchange, where the list of a pass breaks off after its first page."""

    def __init__(self, exchange):
        self.exchange = exchange

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def open_events(self, cursor="", known=None):
        return self._cut(await self.exchange.open_events(), cursor)

    async def updated_markets(self, since_us, cursor=""):
        return self._cut(await self.exchange.updated_markets(since_us), cursor)

    def _cut(self, page, cursor):
        if cursor:
            raise Unavailable("the line is cut")
        return Page(page.items[:1], "more")


@pytest.mark.parametrize("later_us", [HOUR, MINUTE])
async def test_a_partial_pass_keeps_what_it_read_and_sets_no_marker(floor, later_us):
    floor.exchange.add_event("KXT-2", ["KXT-2-A"])
    floor.clock.now_us += later_us
    before = await markers(floor)
    whole, floor.exchange = floor.exchange, Cut(floor.exchange)
    floor.exchange.set_book(A, (("0.3000", "5.00"),), ASKS)
    result = await floor.ingest()
    assert (result.complete, result.why_incomplete) == (False, "the line is cut")
    assert await markers(floor) == before
    assert str((await markets(floor))[A].bid.price) == "0.3000"
    assert len(await markets(floor)) == 2  # and nothing was taken for gone
    floor.exchange = whole
    result = await floor.ingest()
    assert (result.complete, len(await markets(floor))) == (True, 3)


async def test_an_exchange_that_does_not_answer_is_an_error(floor):
    floor.exchange.reading = [Unavailable("down")]
    floor.clock.now_us += HOUR
    before = await markers(floor)
    with pytest.raises(Unavailable):
        await floor.ingest()
    assert await markers(floor) == before


async def test_an_event_that_vanished_between_two_reads_is_named(floor):
    floor.exchange.add_event("KXT-2", ["KXT-2-A"])
    event = floor.exchange.events.pop("KXT-2")
    floor.clock.now_us += MINUTE
    result = await floor.ingest()
    assert [row.what for row in result.unusable] == [event.event_ticker]
    assert set(await markets(floor)) == {A, B}
    assert (await markets(floor))[A].event_ticker == EVENT


# Reading a list to its end.


@given(st.lists(st.integers(), max_size=12, unique=True), st.integers(1, 5))
async def test_pages_add_up_to_the_list(values, size):
    async def fetch(cursor):
        start = int(cursor or 0)
        end = start + size
        return Page(tuple(values[start:end]), str(end) if end < len(values) else "")

    found = await collect(fetch)
    assert (list(found.items), found.complete, found.reached_end, found.why) == (
        values,
        True,
        True,
        "",
    )


async def test_a_cursor_that_comes_again_ends_the_list_early():
    async def fetch(cursor):
        return Page((cursor,), "again")

    found = await collect(fetch)
    assert (found.items, found.complete, found.why) == (
        ("", "again"),
        False,
        "the exchange repeats a cursor",
    )


async def test_pages_that_begin_again_end_the_list_early():
    """What the exchange answers to a cursor that it does not know."""

    async def fetch(cursor):
        return Page((1, 2), f"{cursor}+")

    found = await collect(fetch)
    assert (found.items, found.complete, found.why) == (
        (1, 2),
        False,
        "the exchange's pages begin again",
    )


async def test_a_first_page_that_fails_is_an_error_and_a_later_one_ends_the_list():
    async def broken(cursor):
        raise Unavailable("down")

    async def later(cursor):
        return await broken(cursor) if cursor else Page((1,), "next")

    with pytest.raises(Unavailable):
        await collect(broken)
    found = await collect(later)
    assert (found.items, found.complete, found.reached_end, found.why) == (
        (1,),
        False,
        False,
        "down",
    )


async def test_an_unusable_row_leaves_a_list_whole_but_not_complete():
    async def fetch(cursor):
        return Page((1,), "", (Unusable("row 2", "odd"),))

    found = await collect(fetch)
    assert (found.complete, found.reached_end) == (False, True)
    assert found.why == "1 unusable rows, first: row 2: odd"
