"""Which markets pass the filters."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Event, Listing, MarketStatus
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.filters._gate import first_rejection
from kalshi_cli.ports.store import CatalogEntry, Store

_subject = maker(Subject)
ELIGIBLE = ""
"""The code of a market that no filter drops."""
AT_ONCE = 1_000
"""Entries in memory at a time, where there may be more than a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Markets split into those worth a look and those dropped, with the reason."""

    eligible: tuple[CatalogEntry, ...]
    rejected: Mapping[str, Rejection]


def screen(entries: Iterable[CatalogEntry], filters: Sequence[Filter], now_us: int) -> Screened:
    """Run the filters over markets; each dropped one counts under the first that dropped it."""
    eligible: list[CatalogEntry] = []
    rejected: dict[str, Rejection] = {}
    for entry in entries:
        subject = _subject(entry.market, entry.event, entry.category)
        rejection = first_rejection(filters, subject, entry.quote, now_us)
        if rejection is None:
            eligible.append(entry)
        else:
            rejected[entry.market.ticker] = rejection
    return Screened(tuple(eligible), rejected)


def batched(tickers: Sequence[str]) -> Iterator[Sequence[str]]:
    """The tickers, some at a time."""
    return (tickers[start : start + AT_ONCE] for start in range(0, len(tickers), AT_ONCE))


def judge(
    filters: Sequence[Filter], event: Event, category: str, listings: Iterable[Listing], now_us: int
) -> Iterator[tuple[str, str]]:
    """Each market of an event that is active, with the code it is dropped under or `ELIGIBLE`."""
    for listing in listings:
        market = listing.market
        if market.status is MarketStatus.ACTIVE:
            subject = _subject(market, event, category)
            rejection = first_rejection(filters, subject, listing.quote, now_us)
            yield market.ticker, ELIGIBLE if rejection is None else rejection.code


async def screen_stored(
    store: Store, tickers: Sequence[str], filters: Sequence[Filter], now_us: int
) -> AsyncIterator[Screened]:
    """Screen the named markets, some at a time, each in a unit that nobody waits for long."""
    for some in batched(tickers):
        async with store.unit() as unit:
            entries = await unit.catalog.entries(tickers=some)
        yield screen(entries, filters, now_us)


async def judge_rest(
    store: Store, codes: dict[str, str], filters: Sequence[Filter], now_us: int
) -> None:
    """Add the codes of active markets that have none yet, and remove those of all others."""
    async with store.unit() as unit:
        active = await unit.catalog.tickers({MarketStatus.ACTIVE})
    for gone in codes.keys() - set(active):
        del codes[gone]
    rest = [ticker for ticker in active if ticker not in codes]
    async for screened in screen_stored(store, rest, filters, now_us):
        codes.update((entry.market.ticker, ELIGIBLE) for entry in screened.eligible)
        codes.update((ticker, why.code) for ticker, why in screened.rejected.items())
