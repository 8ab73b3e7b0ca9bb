"""Ask for probabilities where it is worth it, and keep each with the market of that moment.

Budget, cooldown, caps and volume are checked before anything is spent.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

from kalshi_cli.domain.forecast import Forecast, Judgement, Probability
from kalshi_cli.domain.identity import short_hash
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.market import Listing, MarketStatus
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import NO_COST, AiCost
from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter
from kalshi_cli.forecasting.blend import blend, inverse_variance_weight
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import EventListing, MarketData
from kalshi_cli.ports.forecaster import Forecaster, Question
from kalshi_cli.ports.store import CatalogEntry, Store
from kalshi_cli.steps.selection import screen_undropped


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """How often and how dearly to ask. None means no such limit: a free forecaster has none.

    `starting_weight` is an AI's say against the market until a record exists.
    """

    cooldown_us: int | None
    per_day: int | None
    daily_budget: AiCost | None
    starting_weight: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A market that was not asked about, and why."""

    ticker: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class AnalyzeResult:
    """Forecasts in ticker order, what was skipped, and the money."""

    at_us: int
    forecaster: str
    label: str
    forecasts: tuple[Forecast, ...]
    skipped: tuple[Skipped, ...]
    spent: AiCost
    spent_today: AiCost
    budget: AiCost | None


async def analyze(
    data: MarketData,
    store: Store,
    clock: Clock,
    forecaster: Forecaster,
    *,
    filters: Sequence[Filter],
    policy: AnalysisPolicy,
    run_id: str,
    tickers: Collection[str] = (),
) -> AnalyzeResult:
    """Forecast the named markets, or all eligible ones.

    Named markets skip the filters and the cooldown, not the budget or the daily cap. Raises
    `NotFound` for a ticker that neither the store nor the exchange knows.
    """
    entries, skipped = await _wanted(data, store, clock, filters, tickers)
    entries, rested = await _rested(store, clock, entries, policy, named=bool(tickers))
    skipped += rested
    quotes = await _fresh(data, store, clock, entries)
    skipped += [
        Skipped(e.market.ticker, "NO_QUOTE", "no quote of this moment, or no longer active")
        for e in entries
        if e.market.ticker not in quotes
    ]
    forecasts: list[Forecast] = []
    unkept: list[Forecast] = []
    spent, spent_today = NO_COST, await _spent_today(store, clock)
    by_event = groupby(sorted(entries, key=_event_key), key=_event_key)
    try:
        for _, group in by_event:
            members = [entry for entry in group if entry.market.ticker in quotes]
            if policy.daily_budget is not None and spent_today >= policy.daily_budget:
                skipped += [
                    Skipped(e.market.ticker, "AI_BUDGET", "spent for today") for e in members
                ]
                continue
            made = await _judge(forecaster, members, quotes, clock, policy, run_id)
            forecasts += made
            unkept += made
            cost = AiCost(sum(forecast.cost.units for forecast in made))
            if cost:  # what was paid for is on record before more is spent; free ones go together
                await _keep(store, unkept, quotes)
                unkept = []
            spent, spent_today = spent + cost, spent_today + cost
            judged = {forecast.ticker for forecast in made}
            skipped += [
                Skipped(e.market.ticker, "ABSTAINED", f"{forecaster.name} gave no probability")
                for e in members
                if e.market.ticker not in judged
            ]
    finally:  # what was judged before a failure is kept
        await _keep(store, unkept, quotes)
    return AnalyzeResult(
        at_us=clock.now(),
        forecaster=forecaster.name,
        label=forecaster.label,
        forecasts=tuple(sorted(forecasts, key=lambda forecast: forecast.ticker)),
        skipped=tuple(sorted(skipped, key=lambda skip: skip.ticker)),
        spent=spent,
        spent_today=spent_today,
        budget=policy.daily_budget,
    )


def _event_key(entry: CatalogEntry) -> str:
    return entry.event.event_ticker


async def _wanted(
    data: MarketData,
    store: Store,
    clock: Clock,
    filters: Sequence[Filter],
    tickers: Collection[str],
) -> tuple[list[CatalogEntry], list[Skipped]]:
    if not tickers:
        chunks = screen_undropped(store, filters, clock.now())
        return [entry async for screened in chunks for entry in screened.eligible], []
    await learn_markets(data, store, clock, tickers)
    async with store.unit(reads=True) as unit:
        found = await unit.catalog.entries(tickers=tickers)
    missing = sorted(set(tickers) - {entry.market.ticker for entry in found})
    if missing:
        raise NotFound(
            f"No market is called {', '.join(missing)}.",
            remedy="`kalshi inspect markets` lists the ones known here.",
        )
    shut = [e for e in found if e.market.status is not MarketStatus.ACTIVE]
    return [e for e in found if e not in shut], [
        Skipped(e.market.ticker, "NOT_ACTIVE", f"the market is {e.market.status}") for e in shut
    ]


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
    page = await data.listings(unknown)
    events = await _events(data, {listing.market.event_ticker for listing in page.items})
    if not events:
        return
    series = {row.ticker: row for row in (await data.series()).items}
    usable = [item for item in events if item.event.series_ticker in series]
    async with store.unit() as unit:
        now = clock.now()
        await unit.catalog.save_series([series[item.event.series_ticker] for item in usable], now)
        await unit.catalog.save_events([item.event for item in usable], now)
        await unit.catalog.save_listings([x for item in usable for x in item.listings], now)
        await unit.commit()


async def _events(data: MarketData, tickers: Collection[str]) -> list[EventListing]:
    """The events that the exchange tells; those of combos it may not."""
    found: list[EventListing] = []
    for ticker in sorted(tickers):
        with suppress(NotFound):
            found.append(await data.event(ticker))
    return found


async def _rested(
    store: Store, clock: Clock, entries: list[CatalogEntry], policy: AnalysisPolicy, *, named: bool
) -> tuple[list[CatalogEntry], list[Skipped]]:
    if policy.cooldown_us is None and policy.per_day is None:
        return entries, []
    now = clock.now()
    async with store.unit(reads=True) as unit:
        times = await unit.forecasts.times_since(now - max(DAY, policy.cooldown_us or 0))
    kept: list[CatalogEntry] = []
    skipped: list[Skipped] = []
    for entry in entries:
        made = times.get(entry.market.ticker, ())
        today = sum(day_of(at) == day_of(now) for at in made)
        if policy.per_day is not None and today >= policy.per_day:
            detail = f"{today} of {policy.per_day} today"
            skipped.append(Skipped(entry.market.ticker, "DAILY_CAP", detail))
        elif not named and policy.cooldown_us and made and now - max(made) < policy.cooldown_us:
            skipped.append(Skipped(entry.market.ticker, "COOLDOWN", "asked recently"))
        else:
            kept.append(entry)
    return kept, skipped


async def _fresh(
    data: MarketData, store: Store, clock: Clock, entries: Sequence[CatalogEntry]
) -> Mapping[str, Listing]:
    """Quotes of this moment: a forecast is scored against the market it was made beside."""
    if not entries:
        return {}
    page = await data.listings([entry.market.ticker for entry in entries])
    active = [x for x in page.items if x.market.status is MarketStatus.ACTIVE]
    async with store.unit() as unit:
        await unit.catalog.save_listings(page.items, clock.now())
        await unit.commit()
    return {listing.market.ticker: listing for listing in active}


async def _spent_today(store: Store, clock: Clock) -> AiCost:
    async with store.unit(reads=True) as unit:
        return await unit.forecasts.spent(day_of(clock.wall()))


async def _judge(
    forecaster: Forecaster,
    members: Sequence[CatalogEntry],
    quotes: Mapping[str, Listing],
    clock: Clock,
    policy: AnalysisPolicy,
    run_id: str,
) -> list[Forecast]:
    if not members:
        return []
    first = members[0]
    listings = tuple(quotes[entry.market.ticker] for entry in members)
    question = Question(first.event, first.category, listings, clock.now())
    judgements = await forecaster.judge(question)
    asked = {entry.market.ticker: entry for entry in members}
    return [
        _forecast(judgement, asked[judgement.ticker], quotes, forecaster, clock, policy, run_id)
        for judgement in judgements
        if judgement.ticker in asked
    ]


def _forecast(
    judgement: Judgement,
    entry: CatalogEntry,
    quotes: Mapping[str, Listing],
    forecaster: Forecaster,
    clock: Clock,
    policy: AnalysisPolicy,
    run_id: str,
) -> Forecast:
    quote, now = quotes[judgement.ticker].quote, clock.now()
    mid = benchmark(quote.bid, quote.ask)
    market = None if mid is None else Probability(mid)
    error = forecaster.market_error(entry.category)
    weight = (
        policy.starting_weight
        if error is None
        else inverse_variance_weight(error, judgement.logit_error)
    )
    return Forecast(
        forecast_id=short_hash(run_id, judgement.ticker, forecaster.name, str(now)),
        run_id=run_id,
        ticker=judgement.ticker,
        event_ticker=entry.event.event_ticker,
        category=entry.category,
        forecaster=forecaster.name,
        model=judgement.model,
        made_us=now,
        probability=judgement.probability,
        low=judgement.low,
        high=judgement.high,
        logit_error=judgement.logit_error,
        weight=weight,
        market=market,
        blended=None if market is None else blend(judgement.probability, market, weight),
        cost=judgement.cost,
        rationale=judgement.rationale,
        label=forecaster.label,
    )


async def _keep(store: Store, forecasts: Sequence[Forecast], quotes: Mapping[str, Listing]) -> None:
    if not forecasts:
        return
    async with store.unit() as unit:
        await unit.forecasts.add(forecasts)
        await unit.catalog.record_quotes([quotes[f.ticker].quote for f in forecasts], "decision")
        await unit.commit()
