"""Markets that the store does not know yet: what the exchange tells of them, put on record."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from kalshi_cli.domain.market import Series
from kalshi_cli.errors import NotFound
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import EventListing, MarketData
from kalshi_cli.ports.store import Store


async def learn_markets(
    data: MarketData, store: Store, clock: Clock, tickers: Collection[str]
) -> None:
    """Put markets into the store that it does not know yet, with their events and series.

    A market whose event or series the exchange does not tell stays unknown.
    """
    async with store.unit(reads=True) as unit:
        unknown = sorted(set(tickers) - await unit.catalog.known_markets(tickers))
    if not unknown:
        return
    told = await unknown_markets(data, unknown)
    async with store.unit() as unit:
        now = clock.now()
        await unit.catalog.save_series(
            [told.series[e.event.series_ticker] for e in told.events], now
        )
        await unit.catalog.save_events([item.event for item in told.events], now)
        await unit.catalog.save_listings([x for item in told.events for x in item.listings], now)
        await unit.commit()


@dataclass(frozen=True, slots=True)
class Told:
    """What the exchange tells of markets that are not on record: their events, and the series."""

    events: tuple[EventListing, ...]
    series: Mapping[str, Series]

    def entries(self) -> Iterator[CatalogEntry]:
        """The markets with everything around them, as the store would have them."""
        for item in self.events:
            series = self.series[item.event.series_ticker]
            for each in item.listings:
                yield CatalogEntry(each.market, each.quote, item.event, series)


async def unknown_markets(data: MarketData, tickers: Collection[str]) -> Told:
    """Ask the exchange for markets; those whose event or series it does not tell are left out."""
    page = await data.listings(tickers)
    events = await _events(data, {listing.market.event_ticker for listing in page.items})
    series = {row.ticker: row for row in (await data.series()).items} if events else {}
    usable = tuple(item for item in events if item.event.series_ticker in series)
    return Told(usable, series)


async def _events(data: MarketData, tickers: Collection[str]) -> list[EventListing]:
    """The events that the exchange tells; those of combos it may not."""
    found: list[EventListing] = []
    for ticker in sorted(tickers):
        with suppress(NotFound):
            found.append(await data.event(ticker))
    return found
