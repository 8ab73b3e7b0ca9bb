"""Which markets pass the filters."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Event, Listing, Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject, Verdict
from kalshi_cli.filters._gate import Screen, first_rejection
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.store import Store

_subject = maker(Subject)
AT_ONCE = 1_000
"""Entries in memory at a time, where there may be more than a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Markets split into those worth a look and those dropped, with the reason."""

    eligible: tuple[CatalogEntry, ...]
    rejected: Mapping[str, Rejection]


def subject_of(entry: CatalogEntry) -> Subject:
    """What the filters look at, beside the quote."""
    return _subject(entry.market, entry.event, entry.category)


def screen(entries: Iterable[CatalogEntry], filters: Sequence[Filter], now_us: int) -> Screened:
    """Run the filters over markets; each dropped one counts under the first that dropped it."""
    eligible: list[CatalogEntry] = []
    rejected: dict[str, Rejection] = {}
    for entry in entries:
        rejection = first_rejection(filters, subject_of(entry), entry.quote, now_us)
        if rejection is None:
            eligible.append(entry)
        else:
            rejected[entry.market.ticker] = rejection
    return Screened(tuple(eligible), rejected)


def batched(tickers: Sequence[str]) -> Iterator[Sequence[str]]:
    """The tickers, some at a time."""
    return (tickers[start : start + AT_ONCE] for start in range(0, len(tickers), AT_ONCE))


def subjects(
    event: Event, category: str, listings: Iterable[Listing]
) -> Iterator[tuple[Subject, Quote]]:
    """What the filters look at of each market of an event."""
    for listing in listings:
        yield _subject(listing.market, event, category), listing.quote


def judge(
    screen: Screen, asked: Sequence[tuple[Subject, Quote]], now_us: int
) -> dict[str, Verdict]:
    """The filters' verdict on each market, by ticker."""
    tickers = [subject.market.ticker for subject, _ in asked]
    return dict(zip(tickers, screen.verdicts(asked, now_us), strict=True))


async def screen_undropped(
    store: Store, filters: Sequence[Filter], now_us: int
) -> AsyncIterator[Screened]:
    """Screen the active markets that no verdict has dropped already, some at a time."""
    async with store.unit(reads=True) as unit:
        tickers = await unit.catalog.undropped(Screen.of(filters).mark, now_us)
    for some in batched(tickers):
        async with store.unit(reads=True) as unit:
            entries = await unit.catalog.entries(tickers=some)
        yield screen(entries, filters, now_us)


async def screen_rest(store: Store, rest: Screen, now_us: int) -> None:
    """Give a verdict to active markets that have none, each in a unit nobody waits for long."""
    async with store.unit(reads=True) as unit:
        tickers = await unit.catalog.unscreened(rest.mark, now_us)
    for some in batched(tickers):
        async with store.unit() as unit:
            entries = await unit.catalog.entries(tickers=some)
            asked = [(subject_of(entry), entry.quote) for entry in entries]
            await unit.catalog.save_verdicts(judge(rest, asked, now_us))
            await unit.commit()
