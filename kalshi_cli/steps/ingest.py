"""Bring the catalogue up to date, and count every market dropped under the filter that dropped it.

A full pass reads all series and open events, every hour and once a change of fees that was
announced, or told by the stream, has come into force; between full passes only what changed is
read. Quotes are refreshed for markets worth a look and for those we hold, ordered or forecast, also
when they have left the open feed: their close and settlement must be seen.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import Event, Listing, Quote
from kalshi_cli.errors import ExchangeRefusal, Unavailable
from kalshi_cli.filters._base import Filter, Subject, Verdict
from kalshi_cli.filters._gate import Screen
from kalshi_cli.ports.catalog import EVENTS_READ, Saved
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import EventListing, MarketData, SeenAgain, Unusable
from kalshi_cli.ports.notices import Notices
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.steps.paging import Behind, Pages, ahead, collect
from kalshi_cli.steps.selection import batched, judge, screen_rest, subjects

FULL_PASS_EVERY = HOUR
DELTA_OVERLAP = MINUTE


@dataclass(frozen=True, slots=True)
class IngestResult:
    """One pass: what was read, what was new, and the funnel from open to eligible markets.

    `complete` tells that all was read that was due, every list to its end; rows in it that cannot
    be trusted are named in `unusable`, and change nothing about that.
    """

    at_us: int
    kind: str
    complete: bool
    why_incomplete: str
    events: int
    markets: int
    saved: Saved
    open_markets: int
    dropped: tuple[tuple[str, int], ...]
    eligible: int
    unusable: tuple[Unusable, ...]


@dataclass(slots=True)
class _Pass:
    """What a pass has read so far.

    `categories` are those of the series by ticker. `why` tells where a list of markets ended early,
    `besides` what else could not be read.
    """

    kind: str
    screen: Screen
    clock: Clock
    started_us: int
    categories: dict[str, str] = field(default_factory=dict)
    series_read: bool = False
    complete: bool = True
    why: str = ""
    besides: str = ""
    events: int = 0
    saved: Saved = field(default_factory=Saved)
    seen: set[str] = field(default_factory=set)
    unusable: list[Unusable] = field(default_factory=list)

    def add(self, saved: Saved) -> None:
        old = self.saved
        self.saved = Saved(
            old.new + saved.new, old.changed + saved.changed, old.unchanged + saved.unchanged
        )

    def stop(self, why: str) -> None:
        """End the reading of a list: early, unless `why` is empty."""
        self.complete, self.why = not why, why


@dataclass(frozen=True, slots=True)
class _Judged:
    """A page of events with their markets and the filters' verdicts, to be saved."""

    events: list[Event]
    listings: list[Listing]
    verdicts: dict[str, Verdict]
    seen_again: list[SeenAgain]


async def ingest(
    data: MarketData,
    notices: Notices,
    store: Store,
    clock: Clock,
    *,
    filters: Sequence[Filter],
    run_id: str,
) -> IngestResult:
    """Run one pass. Raises `Unavailable` when not even the first page could be read."""
    started = clock.now()
    async with store.unit(reads=True) as unit:
        full_at = await unit.catalog.marker(EVENTS_READ)
        delta_at = await unit.catalog.marker("delta_pass")
        changes = await unit.catalog.fee_changes()
    read_us = [at_us for at_us in (full_at, delta_at) if at_us is not None and at_us <= started]
    is_full = full_at is None or not 0 <= started - full_at < FULL_PASS_EVERY
    is_full = is_full or any(fees.from_us <= started for fees in changes)
    done = _Pass("full" if is_full else "delta", Screen.of(filters), clock, started)
    if is_full:  # what fees are now is of a series and its events together
        await _read_series(data, store, done, started)
        await _read_announced_fees(notices, store, done, clock)
        await _read_incentives(notices, store, done)
        await _full_pass(data, store, done, full_at or 0, started)
    else:
        async with store.unit(reads=True) as unit:
            done.categories.update(await unit.catalog.known_series())
        since = max(read_us) - DELTA_OVERLAP
        await _delta_pass(data, store, done, since, started)
    await _refresh_quotes(data, store, done, clock)
    return await _finish(store, done, run_id, clock.now())


async def _read_series(data: MarketData, store: Store, done: _Pass, now_us: int) -> None:
    page = await data.series()
    done.series_read = True
    done.unusable.extend(page.unusable)
    done.categories.update((series.ticker, series.category) for series in page.items)
    async with store.unit() as unit:
        await unit.catalog.save_series(page.items, now_us)
        await unit.commit()


async def _read_announced_fees(notices: Notices, store: Store, done: _Pass, clock: Clock) -> None:
    """Keep what fees are to be, and what has come since all events were last read: the stream may
    tell some of it while this is read.

    Where it was not all told, what was known stays beside it.
    """
    try:
        of_series = await notices.series_fee_changes()
        of_events = await collect(notices.event_fee_changes)
    except (Unavailable, ExchangeRefusal) as error:
        done.besides = str(error)
        return
    done.besides = "" if of_events.reached_end else of_events.why
    done.unusable.extend((*of_series.unusable, *of_events.unusable))
    told = [each for each in (*of_series.items, *of_events.items) if each.from_us > done.started_us]
    is_whole = of_events.complete and not of_series.unusable
    async with store.unit() as unit:
        now_us, known = clock.now(), await unit.catalog.fee_changes()
        kept = [each for each in known if each.from_us <= now_us or not is_whole]
        coming = {(each.change_id, each.event_ticker): each for each in (*kept, *told)}
        await unit.catalog.save_fee_changes(list(coming.values()))
        await unit.commit()


async def _read_incentives(notices: Notices, store: Store, done: _Pass) -> None:
    """Keep the programmes that run; where they could not all be read, those known before stay."""
    try:
        found = await collect(notices.incentives)
    except (Unavailable, ExchangeRefusal) as error:
        done.besides = str(error)
        return
    done.unusable.extend(found.unusable)
    if not found.reached_end:
        done.besides = found.why
        return
    async with store.unit() as unit:
        await unit.making.save_incentives([each for each in found.items if not each.paid_out])
        await unit.commit()


async def _full_pass(
    data: MarketData, store: Store, done: _Pass, since_us: int, now_us: int
) -> None:
    """Read all open events; what was read since the last time is looked at twice if it changed.

    While a page is saved, the next one is judged and the one after it read.
    """
    async with store.unit(reads=True) as unit:
        known = await unit.catalog.known_listings(since_us)
    pages = Pages(partial(data.open_events, known=known))
    async with Behind() as saving, aclosing(ahead(pages)) as read:
        async for page in read:
            done.unusable.extend(page.unusable)
            judged = await _judged(data, store, done, page.items, now_us)
            await saving.begin(partial(_save_events, store, done, judged))
    done.stop(pages.why)


async def _delta_pass(
    data: MarketData, store: Store, done: _Pass, since_us: int, now_us: int
) -> None:
    pages, why = Pages(partial(data.updated_markets, since_us)), ""
    async for page in pages:
        done.unusable.extend(page.unusable)
        tickers = {listing.market.event_ticker for listing in page.items}
        async with store.unit(reads=True) as unit:
            there = await unit.catalog.events(tickers)
        try:
            await _save_new_events(data, store, done, tickers - there.keys(), now_us)
        except (Unavailable, ExchangeRefusal) as error:
            why = str(error)  # and the next pass reads the same changes again
        old = [listing for listing in page.items if listing.market.event_ticker in there]
        await _save_listings(store, done, old)
    done.stop(pages.why or why)


async def _save_new_events(
    data: MarketData, store: Store, done: _Pass, tickers: set[str], now_us: int
) -> None:
    """Read the events of markets that changed and are not known yet."""
    if not tickers:
        return
    page = await data.events_named(tickers)
    told = {item.event.event_ticker for item in page.items} | {bad.what for bad in page.unusable}
    absent = [Unusable(name, "the exchange lists no such event") for name in tickers - told]
    done.unusable.extend((*page.unusable, *sorted(absent, key=lambda bad: bad.what)))
    await _save_events(store, done, await _judged(data, store, done, page.items, now_us))


async def _judged(
    data: MarketData, store: Store, done: _Pass, events: Sequence[EventListing], now_us: int
) -> _Judged:
    """Ask the filters about the markets of events whose series are known, or are read for this."""
    unknown = {item.event.series_ticker for item in events} - done.categories.keys()
    if unknown and not done.series_read:
        await _read_series(data, store, done, now_us)
    usable = [item for item in events if item.event.series_ticker in done.categories]
    done.unusable.extend(
        Unusable(item.event.event_ticker, f"unknown series {item.event.series_ticker}")
        for item in events
        if item.event.series_ticker not in done.categories
    )
    asked: list[tuple[Subject, Quote]] = []
    for item in usable:
        category = item.event.category or done.categories[item.event.series_ticker]
        asked.extend(subjects(item.event, category, item.listings))
    return _Judged(
        [item.event for item in usable],
        [listing for item in usable for listing in item.listings],
        judge(done.screen, asked, now_us),
        [seen for item in usable for seen in item.seen_again],
    )


async def _save_events(store: Store, done: _Pass, judged: _Judged) -> None:
    """Save a page of events with their markets in one unit: all of it is there, or none."""
    async with store.unit() as unit:
        now_us = done.clock.now()
        events = await unit.catalog.save_events(judged.events, now_us)
        listings = await unit.catalog.save_listings(judged.listings, now_us, judged.verdicts)
        await unit.catalog.seen_again(judged.seen_again)
        await unit.commit()
    for saved in (events, listings, Saved(unchanged=len(judged.seen_again))):
        done.add(saved)
    done.events += len(judged.events)
    done.seen.update(judged.verdicts)
    done.seen.update(seen.ticker for seen in judged.seen_again)


async def _save_listings(store: Store, done: _Pass, listings: Sequence[Listing]) -> None:
    if not listings:
        return
    done.seen.update(listing.market.ticker for listing in listings)
    async with store.unit() as unit:
        done.add(await unit.catalog.save_listings(listings, done.clock.now()))
        await unit.commit()


async def _refresh_quotes(data: MarketData, store: Store, done: _Pass, clock: Clock) -> None:
    """Read again what matters and was not in this pass: watched, eligible, gone from the feed.

    Where the exchange does not answer, the next pass reads them: this one keeps what it has.
    """
    if done.kind == "delta":
        await screen_rest(store, done.screen, clock.now())
    async with store.unit(reads=True) as unit:
        wanted = set(await unit.catalog.watched())
        if done.kind == "full" and done.complete:
            wanted.update(await unit.catalog.unseen(done.started_us))
        if done.kind == "delta":
            wanted.update(await unit.catalog.undropped(done.screen.mark, clock.now()))
    for some in batched(sorted(wanted - done.seen)):
        try:
            page = await data.listings(some)
        except (Unavailable, ExchangeRefusal) as error:
            done.besides = str(error)
            return
        done.unusable.extend(page.unusable)
        await _save_listings(store, done, page.items)


async def _fees_unread(unit: Unit, done: _Pass) -> bool:
    """Whether fees have changed of a series or an event that a full pass could not read: what is on
    record of them is from before, so the change stays in force and all is read again.
    """
    unread = {each.what for each in done.unusable}
    return any(
        change.from_us <= done.started_us and unread & {change.series_ticker, change.event_ticker}
        for change in await unit.catalog.fee_changes()
    )


async def _finish(store: Store, done: _Pass, run_id: str, now_us: int) -> IngestResult:
    await screen_rest(store, done.screen, now_us)
    async with store.unit() as unit:
        counts = await unit.catalog.verdict_counts(done.screen.mark, now_us)
        totals = {"open": sum(counts.values()), "eligible": counts.get(None, 0)}
        dropped = {code: count for code, count in counts.items() if code is not None}
        await unit.catalog.drop_counts(run_id, {**dropped, **totals})
        if done.complete and done.kind == "delta":
            await unit.catalog.set_marker("delta_pass", done.started_us)
        elif done.complete and not await _fees_unread(unit, done):
            await unit.catalog.set_marker(EVENTS_READ, done.started_us)
        await unit.commit()
    return IngestResult(
        at_us=now_us,
        kind=done.kind,
        complete=done.complete and not done.besides,
        why_incomplete=done.why or done.besides,
        events=done.events,
        markets=len(done.seen),
        saved=done.saved,
        open_markets=totals["open"],
        dropped=tuple(sorted(dropped.items(), key=lambda item: (-item[1], item[0]))),
        eligible=totals["eligible"],
        unusable=tuple(done.unusable),
    )
