"""Bring the catalogue up to date, and count every market dropped under the filter that dropped it.

A full pass reads all open events; between full passes only what changed is read. Quotes are
refreshed for markets worth a look and for those we hold, ordered or forecast, also when they have
left the open feed: their close and settlement must be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE
from kalshi_cli.domain.market import Listing, MarketStatus, Series
from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import EventListing, MarketData, Unusable
from kalshi_cli.ports.store import Saved, Store
from kalshi_cli.steps.paging import Pages
from kalshi_cli.steps.selection import Funnel, batched, screen_active

FULL_PASS_EVERY = HOUR
SERIES_PASS_EVERY = DAY
DELTA_OVERLAP = MINUTE


@dataclass(frozen=True, slots=True)
class IngestResult:
    """One pass: what was read, what was new, and the funnel from open to eligible markets.

    `complete` tells that every list was read to its end; rows in it that cannot be trusted are
    named in `unusable`, and change nothing about that.
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
    """What a pass has read so far."""

    kind: str
    complete: bool = True
    why: str = ""
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


async def ingest(
    data: MarketData, store: Store, clock: Clock, *, filters: Sequence[Filter], run_id: str
) -> IngestResult:
    """Run one pass. Raises `Unavailable` when not even the first page could be read."""
    started = clock.now()
    async with store.unit() as unit:
        full_at = await unit.catalog.marker("full_pass")
        delta_at = await unit.catalog.marker("delta_pass")
        series_at = await unit.catalog.marker("series_pass")
    is_full = full_at is None or started - full_at >= FULL_PASS_EVERY
    done = _Pass("full" if is_full else "delta")
    known = await _series_pass(data, store, done, started, series_at)
    if is_full:
        await _full_pass(data, store, done, known, started)
    else:
        since = max(full_at or 0, delta_at or 0) - DELTA_OVERLAP
        await _delta_pass(data, store, done, known, since, started)
    await _refresh_quotes(data, store, done, filters, clock)
    return await _finish(store, done, filters, run_id, started, clock.now())


async def _series_pass(
    data: MarketData, store: Store, done: _Pass, now_us: int, last_us: int | None
) -> set[str]:
    if last_us is not None and now_us - last_us < SERIES_PASS_EVERY:
        async with store.unit() as unit:
            return set(await unit.catalog.known_series())
    page = await data.series()
    done.unusable.extend(page.unusable)
    await _save_series(store, page.items, now_us)
    return {series.ticker for series in page.items}


async def _save_series(store: Store, series: Sequence[Series], now_us: int) -> None:
    async with store.unit() as unit:
        await unit.catalog.save_series(series, now_us)
        await unit.catalog.set_marker("series_pass", now_us)
        await unit.commit()


async def _full_pass(
    data: MarketData, store: Store, done: _Pass, series: set[str], now_us: int
) -> None:
    async with store.unit() as unit:
        known = await unit.catalog.known_listings()
    pages = Pages(partial(data.open_events, known=known))
    async for page in pages:
        done.unusable.extend(page.unusable)
        await _save_events(data, store, done, series, page.items, now_us)
    done.stop(pages.why)


async def _delta_pass(
    data: MarketData, store: Store, done: _Pass, series: set[str], since_us: int, now_us: int
) -> None:
    pages = Pages(partial(data.updated_markets, since_us))
    async for page in pages:
        done.unusable.extend(page.unusable)
        tickers = {listing.market.event_ticker for listing in page.items}
        async with store.unit() as unit:
            there = await unit.catalog.known_events(tickers)
        fresh: list[EventListing] = []
        for event_ticker in sorted(tickers - there):
            try:
                fresh.append(await data.event(event_ticker))
            except NotFound as error:
                done.unusable.append(Unusable(event_ticker, str(error)))
        await _save_events(data, store, done, series, fresh, now_us)
        old = [listing for listing in page.items if listing.market.event_ticker in there]
        await _save_listings(store, done, old, now_us)
    done.stop(pages.why)


async def _save_events(
    data: MarketData,
    store: Store,
    done: _Pass,
    series: set[str],
    events: Sequence[EventListing],
    now_us: int,
) -> None:
    """Save a page of events with their markets in one unit: all of it is there, or none."""
    if {item.event.series_ticker for item in events} - series:
        page = await data.series()
        await _save_series(store, page.items, now_us)
        series |= {one.ticker for one in page.items}
    usable = [item for item in events if item.event.series_ticker in series]
    done.unusable.extend(
        Unusable(item.event.event_ticker, f"unknown series {item.event.series_ticker}")
        for item in events
        if item.event.series_ticker not in series
    )
    done.events += len(usable)
    listings = [listing for item in usable for listing in item.listings]
    seen_again = [seen for item in usable for seen in item.seen_again]
    async with store.unit() as unit:
        done.add(await unit.catalog.save_events([item.event for item in usable], now_us))
        done.add(await unit.catalog.save_listings(listings, now_us))
        await unit.catalog.seen_again(seen_again)
        await unit.commit()
    done.add(Saved(unchanged=len(seen_again)))
    done.seen.update(listing.market.ticker for listing in listings)
    done.seen.update(seen.ticker for seen in seen_again)


async def _save_listings(
    store: Store, done: _Pass, listings: Sequence[Listing], now_us: int
) -> None:
    if not listings:
        return
    done.seen.update(listing.market.ticker for listing in listings)
    async with store.unit() as unit:
        done.add(await unit.catalog.save_listings(listings, now_us))
        await unit.commit()


async def _refresh_quotes(
    data: MarketData, store: Store, done: _Pass, filters: Sequence[Filter], clock: Clock
) -> None:
    """Read again what matters and was not in this pass: watched, eligible, gone from the feed."""
    async with store.unit() as unit:
        wanted = set(await unit.catalog.watched())
        if done.kind == "full" and done.complete:
            wanted.update(await unit.catalog.tickers({MarketStatus.ACTIVE}))
    if done.kind == "delta":
        wanted.update((await _funnel(store, filters, clock.now())).eligible)
    for some in batched(sorted(wanted - done.seen)):
        page = await data.listings(some)
        done.unusable.extend(page.unusable)
        await _save_listings(store, done, page.items, clock.now())


async def _funnel(store: Store, filters: Sequence[Filter], now_us: int) -> Funnel:
    funnel = Funnel()
    async for screened in screen_active(store, filters, now_us):
        funnel.add(screened)
    return funnel


async def _finish(
    store: Store,
    done: _Pass,
    filters: Sequence[Filter],
    run_id: str,
    started_us: int,
    now_us: int,
) -> IngestResult:
    funnel = await _funnel(store, filters, now_us)
    totals = {"open": funnel.open_markets, "eligible": len(funnel.eligible)}
    async with store.unit() as unit:
        await unit.catalog.drop_counts(run_id, {**funnel.dropped, **totals})
        if done.complete:
            marker = "full_pass" if done.kind == "full" else "delta_pass"
            await unit.catalog.set_marker(marker, started_us)
        await unit.commit()
    return IngestResult(
        at_us=now_us,
        kind=done.kind,
        complete=done.complete,
        why_incomplete=done.why,
        events=done.events,
        markets=len(done.seen),
        saved=done.saved,
        open_markets=funnel.open_markets,
        dropped=tuple(funnel.dropped.most_common()),
        eligible=len(funnel.eligible),
        unusable=tuple(done.unusable),
    )
