"""What would be asked, word by word, and what that might cost. Nothing is asked, or written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.instant import day_of
from kalshi_cli.domain.money import NO_COST, AiCost
from kalshi_cli.filters._base import Filter
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.forecaster import Forecaster, Planned, Question, Skipped
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.analysis_policy import AnalysisPolicy
from kalshi_cli.steps.choosing import Chosen, by_event, due, eligible, open_ones
from kalshi_cli.steps.learning import unknown_markets
from kalshi_cli.steps.naming import called


@dataclass(frozen=True, slots=True)
class Preview:
    """One question: the event, the markets that it is about, and the calls it begins with."""

    event_ticker: str
    tickers: tuple[str, ...]
    planned: tuple[Planned, ...]

    @property
    def estimate(self) -> AiCost:
        """What would be set aside for these calls."""
        return AiCost(sum(each.estimate.units for each in self.planned))


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """Everything that would be asked. `estimate` is what the first calls would set aside; an event
    may cost `per_event` with all that follows, None where that is unlimited.
    """

    at_us: int
    forecaster: str
    label: str
    previews: tuple[Preview, ...]
    skipped: tuple[Skipped, ...]
    estimate: AiCost
    per_event: AiCost | None
    spent_today: AiCost
    budget: AiCost | None


async def preview(
    data: MarketData,
    store: Store,
    clock: Clock,
    forecaster: Forecaster,
    *,
    filters: Sequence[Filter],
    policy: AnalysisPolicy,
    per_event: AiCost | None,
    tickers: Collection[str] = (),
) -> PreviewResult:
    """The questions of a pass, or about the named markets.

    Raises `NotFound` for a ticker that neither the store nor the exchange knows.
    """
    entries, skipped = await _wanted(data, store, clock, filters, tickers)
    entries, waiting = await due(store, clock, entries, policy, named=bool(tickers))
    skipped += waiting
    previews = tuple(_preview(forecaster, found, clock.now()) for found in by_event(entries))
    async with store.unit(reads=True) as unit:
        spent = await unit.ai.spent(day_of(clock.wall()))
    total = sum((each.estimate.units for each in previews), NO_COST.units)
    return PreviewResult(
        at_us=clock.now(),
        forecaster=forecaster.name,
        label=forecaster.label,
        previews=previews,
        skipped=tuple(sorted(skipped, key=lambda skip: skip.ticker)),
        estimate=AiCost(total),
        per_event=per_event,
        spent_today=spent,
        budget=policy.daily_budget,
    )


async def _wanted(
    data: MarketData,
    store: Store,
    clock: Clock,
    filters: Sequence[Filter],
    tickers: Collection[str],
) -> Chosen:
    if not tickers:
        return await eligible(store, filters, clock.now()), []
    tickers = await called(store, tickers)
    async with store.unit(reads=True) as unit:
        known = await unit.catalog.entries(tickers=tickers)
    missing = sorted(set(tickers) - {entry.market.ticker for entry in known})
    if missing:
        known += tuple((await unknown_markets(data, missing)).entries())
    return await open_ones(store, known, tickers)


def _preview(forecaster: Forecaster, members: Sequence[CatalogEntry], now_us: int) -> Preview:
    first = members[0]
    listings = tuple(entry.listing for entry in members)
    question = Question(first.event, first.category, listings, now_us)
    tickers = tuple(entry.market.ticker for entry in members)
    return Preview(first.event.event_ticker, tickers, forecaster.preview(question))
