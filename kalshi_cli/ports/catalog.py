"""What the store knows of series, events, markets and their forecasts.

Part of a unit of work: see `ports.store`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from kalshi_cli.domain.fees import FeeChange, FeeTerms, LaterTerms, effective_terms
from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.market import Event, Listing, Market, Quote, Series
from kalshi_cli.domain.marks import Behind
from kalshi_cli.filters._base import Verdict
from kalshi_cli.ports.exchange import SeenAgain

EVENTS_READ = "full_pass"
"""The marker of the instant at which the last whole reading of all open events began."""
NO_VERDICTS: Mapping[str, Verdict] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Saved:
    """How many rows a bulk write found new, changed, and as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A market with everything known around it.

    `fee_changes` are those of its event and series that are in none of their terms yet, the first
    to come first.
    """

    market: Market
    quote: Quote
    event: Event
    series: Series
    fee_changes: tuple[FeeChange, ...] = ()

    @property
    def category(self) -> str:
        return self.event.category or self.series.category

    @property
    def listing(self) -> Listing:
        return Listing(self.market, self.quote)

    def fee_terms(self, at_us: int) -> FeeTerms:
        """What a fill at an instant is charged by."""
        waiver_us = self.market.fee_waiver_expires_us
        return effective_terms(
            self.series.fees, self.event.fees, waiver_us, at_us, self.fee_changes
        )

    def later_terms(self, now_us: int) -> tuple[LaterTerms, ...]:
        """What fills are charged by after now and until the close, as far as it is announced."""
        ends_us, close_us = self.market.fee_waiver_expires_us, self.market.close_us
        turns = {change.from_us for change in self.fee_changes}
        turns |= set() if ends_us is None else {ends_us}
        coming = sorted(at_us for at_us in turns if now_us < at_us < close_us)
        return tuple(LaterTerms(at_us, self.fee_terms(at_us)) for at_us in coming)


class Catalog(Protocol):
    """Series, events, markets and one quote row a market; quote history only where asked."""

    async def save_series(self, series: Sequence[Series], at_us: int) -> Saved: ...

    async def save_events(self, events: Sequence[Event], at_us: int) -> Saved: ...

    async def save_listings(
        self,
        listings: Sequence[Listing],
        at_us: int,
        verdicts: Mapping[str, Verdict] = NO_VERDICTS,
    ) -> Saved:
        """Insert or update markets and their quotes; their events must be there.

        A market that changed has the verdict given with it, else none, and one whose event or
        series changes loses its own.
        """
        ...

    async def save_verdicts(self, verdicts: Mapping[str, Verdict]) -> None:
        """Keep what became of markets, as read in this unit."""
        ...

    async def unscreened(self, mark: int, now_us: int) -> tuple[str, ...]:
        """Active markets without a verdict of the filters of this mark that holds now; in order."""
        ...

    async def undropped(self, mark: int, now_us: int) -> tuple[str, ...]:
        """Active markets that are eligible, or `unscreened`; in order."""
        ...

    async def verdict_counts(self, mark: int, now_us: int) -> Mapping[str | None, int]:
        """Active markets by what dropped them (None: eligible), of those not `unscreened`."""
        ...

    async def unseen(self, since_us: int) -> tuple[str, ...]:
        """Active markets whose quotes are from before an instant; in order."""
        ...

    async def seen_again(self, seen: Sequence[SeenAgain]) -> None:
        """Move only the time of quotes that are still what their fingerprints tell."""
        ...

    async def known_listings(self, since_us: int) -> Mapping[int, str]:
        """Tickers by the fingerprint of what the store has of them, if quoted since an instant."""
        ...

    async def known_series(self) -> Mapping[str, str]:
        """Each series' category, by ticker."""
        ...

    async def events(self, event_tickers: Collection[str]) -> Mapping[str, Event]:
        """Those of the named events that the store knows, by ticker."""
        ...

    async def save_fee_changes(self, changes: Sequence[FeeChange]) -> None:
        """Keep what is announced or was told, in the place of what was."""
        ...

    async def fee_changes(self) -> tuple[FeeChange, ...]:
        """What is announced or was told, but for what was in force when all events were last read:
        that is in their own terms. The first to come first.
        """
        ...

    async def entries(self, tickers: Collection[str] | None = None) -> tuple[CatalogEntry, ...]:
        """The named markets, or all; in ticker order."""
        ...

    async def known_markets(self, tickers: Collection[str]) -> frozenset[str]:
        """Those of the named markets that the store knows."""
        ...

    async def near(self, ticker: str) -> tuple[str, ...]:
        """Known markets called nearly so, the likeliest first: three at most, none that is far."""
        ...

    async def watched(self) -> frozenset[str]:
        """Known markets that we hold, have live orders in, or have forecast and did not settle."""
        ...

    async def record_quotes(self, quotes: Sequence[Quote], why: str) -> None:
        """Append to the quote history: at decisions (`decision`) and for held markets (`held`)."""
        ...

    async def last_quoted(self, tickers: Collection[str], within_us: int) -> Mapping[str, Behind]:
        """The newest bid and ask on record of each market, from before its close, each no older
        than this before the newest of both; nothing of a market that nobody was seen to quote.

        Orders of ours are not told from others'.
        """
        ...

    async def drop_counts(self, run_id: str, counts: Mapping[str, int]) -> None:
        """Record how many markets each filter dropped in a pass (the funnel)."""
        ...

    async def marker(self, name: str) -> int | None:
        """An instant the desk remembers, such as the last full pass."""
        ...

    async def set_marker(self, name: str, instant_us: int) -> None: ...


class Forecasts(Protocol):
    async def add(self, forecasts: Sequence[Forecast]) -> None: ...

    async def latest(self, tickers: Collection[str]) -> Mapping[str, Forecast]:
        """The newest forecast of each ticker."""
        ...

    async def paid_since(self, since_us: int) -> Mapping[str, tuple[int, ...]]:
        """When each ticker was forecast for money, at or after an instant."""
        ...
