"""Which markets are asked about, and why others are not."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.forecaster import Skip, Skipped
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.steps.analysis_policy import AnalysisPolicy
from kalshi_cli.steps.naming import hint
from kalshi_cli.steps.selection import screen_undropped

Chosen = tuple[list[CatalogEntry], list[Skipped]]
"""Those that are asked about, and those that are not."""


def event_key(entry: CatalogEntry) -> str:
    return entry.event.event_ticker


def by_event(entries: Iterable[CatalogEntry]) -> list[list[CatalogEntry]]:
    """A question each: all that is asked about of one event."""
    ordered = sorted(entries, key=event_key)
    return [list(members) for _, members in groupby(ordered, key=event_key)]


async def eligible(store: Store, filters: Sequence[Filter], now_us: int) -> list[CatalogEntry]:
    """What no filter drops; and what is held on a forecast, for only a new one may end it."""
    chunks = screen_undropped(store, filters, now_us)
    kept = [entry async for screened in chunks for entry in screened.eligible]
    known = {entry.market.ticker for entry in kept}
    async with store.unit(reads=True) as unit:
        held = await unit.catalog.entries(tickers=sorted(await _on_forecasts(unit) - known))
    return kept + [entry for entry in held if entry.market.status is MarketStatus.ACTIVE]


async def _on_forecasts(unit: Unit) -> frozenset[str]:
    """The markets in which something is held on a forecast."""
    plans = await unit.plans.all()
    held = {(position.ticker, position.owner) for position in await unit.ledger.positions()}
    return frozenset(key[0] for key in held if key in plans and plans[key].is_on_forecast)


async def of_use(store: Store, entries: list[CatalogEntry]) -> Chosen:
    """What a forecast may still lead to an order in: only exits leave a desk that reduces, and a
    halted one, or one that sells all it holds, sends nothing for what anybody says.
    """
    async with store.unit(reads=True) as unit:
        state = await unit.desk.state()
        if state is DeskState.ACTIVE:
            return entries, []
        is_reducing = state is DeskState.REDUCE_ONLY
        useful = await _on_forecasts(unit) if is_reducing else frozenset[str]()
    why = f"the desk is {state.said}"
    return [each for each in entries if each.market.ticker in useful], [
        Skipped(each.market.ticker, Skip.HALT_STATE, why)
        for each in entries
        if each.market.ticker not in useful
    ]


async def open_ones(
    store: Store, known: Sequence[CatalogEntry], tickers: Collection[str]
) -> Chosen:
    """Of the named markets those that are open, as named. Raises `NotFound` where there is none."""
    found = {entry.market.ticker: entry for entry in known}
    missing = sorted({ticker for ticker in tickers if ticker not in found})
    if missing:
        raise NotFound(
            f"No market is called {', '.join(missing)}.",
            remedy=await hint(store, missing[0], "`kalshi inspect markets` lists the known ones."),
        )
    chosen = [found[ticker] for ticker in dict.fromkeys(tickers)]
    shut = [e for e in chosen if e.market.status is not MarketStatus.ACTIVE]
    return [e for e in chosen if e not in shut], [
        Skipped(e.market.ticker, Skip.NOT_ACTIVE, f"the market is {e.market.status}") for e in shut
    ]


async def due(
    store: Store, clock: Clock, entries: list[CatalogEntry], policy: AnalysisPolicy, *, named: bool
) -> Chosen:
    """Those that were not asked about lately, and that do not close too soon to be paid for.

    Named ones have no cooldown, and may close as soon as they like.
    """
    entries, skipped = await _rested(store, clock, entries, policy, named=named)
    if policy.worth is None or named:
        return entries, skipped
    entries, late = _in_time(entries, clock.now() + policy.worth.min_to_close_us)
    return entries, skipped + late


async def _rested(
    store: Store, clock: Clock, entries: list[CatalogEntry], policy: AnalysisPolicy, *, named: bool
) -> Chosen:
    if policy.cooldown_us is None and policy.per_day is None:
        return entries, []
    now = clock.now()
    async with store.unit(reads=True) as unit:
        since = now - max(DAY, policy.cooldown_us or 0)
        times = await unit.forecasts.paid_since(since)
        paid = await unit.ai.paid_since(since)
    kept: list[CatalogEntry] = []
    skipped: list[Skipped] = []
    for entry in entries:
        made, asked = times.get(entry.market.ticker, ()), paid.get(event_key(entry), ())
        why = _too_often(made, asked, now, policy, named=named)
        if why is None:
            kept.append(entry)
        else:
            skipped.append(Skipped(entry.market.ticker, *why))
    return kept, skipped


def _too_often(
    made: Sequence[int], asked: Sequence[int], now_us: int, policy: AnalysisPolicy, *, named: bool
) -> tuple[Skip, str] | None:
    """Why not to ask again, by when a market was forecast and its event was paid for; a code, and
    words.
    """
    today = max(sum(day_of(at) == day_of(now_us) for at in each) for each in (made, asked))
    if policy.per_day is not None and today >= policy.per_day:
        return Skip.DAILY_CAP, f"{today} of {policy.per_day} today"
    last_us = max((*made, *asked), default=None)
    is_cooling = last_us is not None and now_us - last_us < (policy.cooldown_us or 0)
    return (Skip.COOLDOWN, Skip.COOLDOWN.means) if is_cooling and not named else None


def _in_time(entries: Sequence[CatalogEntry], least_close_us: int) -> Chosen:
    late = [entry for entry in entries if entry.market.close_us < least_close_us]
    kept = [entry for entry in entries if entry.market.close_us >= least_close_us]
    return kept, [Skipped(e.market.ticker, Skip.CLOSES_SOON, Skip.CLOSES_SOON.means) for e in late]
