"""Which markets pass the filters."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.filters._gate import first_rejection
from kalshi_cli.ports.store import CatalogEntry, Store

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
        subject = Subject(entry.market, entry.event, entry.category)
        rejection = first_rejection(filters, subject, entry.quote, now_us)
        if rejection is None:
            eligible.append(entry)
        else:
            rejected[entry.market.ticker] = rejection
    return Screened(tuple(eligible), rejected)


def batched(tickers: Sequence[str]) -> Iterator[Sequence[str]]:
    """The tickers, some at a time."""
    return (tickers[start : start + AT_ONCE] for start in range(0, len(tickers), AT_ONCE))


@dataclass(slots=True)
class Funnel:
    """How many active markets there are, how many each filter dropped, and which are left."""

    open_markets: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    eligible: list[str] = field(default_factory=list)

    def add(self, screened: Screened) -> None:
        self.open_markets += len(screened.eligible) + len(screened.rejected)
        self.dropped.update(rejection.code for rejection in screened.rejected.values())
        self.eligible.extend(entry.market.ticker for entry in screened.eligible)


async def screen_active(
    store: Store, filters: Sequence[Filter], now_us: int
) -> AsyncIterator[Screened]:
    """Screen every active market, some at a time: each in a unit that nobody waits for long."""
    async with store.unit() as unit:
        tickers = await unit.catalog.tickers({MarketStatus.ACTIVE})
    for some in batched(tickers):
        async with store.unit() as unit:
            entries = await unit.catalog.entries(tickers=some)
        active = (entry for entry in entries if entry.market.status is MarketStatus.ACTIVE)
        yield screen(active, filters, now_us)
