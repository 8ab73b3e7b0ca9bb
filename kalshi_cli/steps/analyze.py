"""Ask for probabilities where it is worth it, and keep each with the market of that moment.

Cooldown, caps and volume are checked before anybody is asked; whoever is paid keeps to the budget.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.market import Listing, Quote
from kalshi_cli.domain.money import AiCost, Contracts
from kalshi_cli.domain.position import net_by_ticker
from kalshi_cli.filters._base import Filter
from kalshi_cli.forecasting.worth import Prospect, expected_gain, in_order
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.forecaster import Forecaster, Skip, Skipped
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.analysis_policy import AnalysisPolicy, Worth
from kalshi_cli.steps.assess import Assessment
from kalshi_cli.steps.choosing import Chosen, by_event, due, eligible, event_key, of_use, open_ones
from kalshi_cli.steps.forgetting import forget_words
from kalshi_cli.steps.learning import learn_markets
from kalshi_cli.steps.naming import called
from kalshi_cli.steps.questions import Progress, QuestionRound, active, unheard


@dataclass(frozen=True, slots=True)
class AnalyzeResult:
    """Forecasts in ticker order, what was skipped, and the money.

    Of the markets that were `named` there are assessments, in the order named, unless
    `not_assessed` says why there are none. `reused` are earlier forecasts that stand, since they
    were asked from the same.
    """

    at_us: int
    forecaster: str
    label: str
    forecasts: tuple[Forecast, ...]
    skipped: tuple[Skipped, ...]
    spent: AiCost
    spent_today: AiCost
    budget: AiCost | None
    named: tuple[str, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    not_assessed: str = ""
    reused: tuple[Forecast, ...] = ()


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
    stopping: Callable[[], bool] = lambda: False,
    progress: Progress = unheard,
    is_one_of_many: bool = False,
) -> AnalyzeResult:
    """Forecast the named markets, or all eligible ones; nothing is asked any more once `stopping`.

    `progress` is told how many events are done, and of how many. A round that `is_one_of_many` of a
    loop ends in time, and the next one asks what it could not; it asks nothing that the run state
    leaves no order for. Named markets skip the filters and the cooldown, not the budget or the
    daily cap. Raises `NotFound` for a ticker that neither the store nor the exchange knows.
    """
    tickers = tuple(dict.fromkeys(await called(store, tickers)))
    entries, skipped = await _wanted(data, store, clock, filters, tickers)
    if is_one_of_many:
        entries, useless = await of_use(store, entries)
        skipped += useless
    entries, waiting = await due(store, clock, entries, policy, named=bool(tickers))
    skipped += waiting
    quotes = await _fresh(data, store, clock, entries)
    skipped += [
        Skipped(e.market.ticker, Skip.NO_QUOTE, Skip.NO_QUOTE.means)
        for e in entries
        if e.market.ticker not in quotes
    ]
    held = await _held(store)
    anew = None if policy.worth is None else partial(_quoted, data)
    round_ = QuestionRound(
        store,
        clock,
        forecaster,
        quotes,
        held,
        run_id,
        stopping=stopping,
        anew=anew,
        progress=progress,
        standing=await _standing(store, clock, quotes, policy.fresh_us),
        seconds=policy.round_ if is_one_of_many else None,
    )
    questions: Sequence[Sequence[CatalogEntry]] = by_event(
        entry for entry in entries if entry.market.ticker in quotes
    )
    if policy.worth is not None:
        questions = in_order(await _prospects(store, clock, questions, quotes, held, policy.worth))
    await round_.ask(questions)
    skipped += round_.skipped
    await forget_words(store, clock, policy.keep_words_us)
    return AnalyzeResult(
        at_us=clock.now(),
        forecaster=forecaster.name,
        label=forecaster.label,
        forecasts=tuple(sorted(round_.forecasts, key=lambda forecast: forecast.ticker)),
        skipped=tuple(sorted(skipped, key=lambda skip: skip.ticker)),
        spent=round_.spent,
        spent_today=await _spent_today(store, clock),
        budget=policy.daily_budget,
        named=tickers,
        reused=tuple(sorted(round_.reused, key=lambda forecast: forecast.ticker)),
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
    await learn_markets(data, store, clock, tickers)
    async with store.unit(reads=True) as unit:
        known = await unit.catalog.entries(tickers=tickers)
    return await open_ones(store, known, tickers)


async def _fresh(
    data: MarketData, store: Store, clock: Clock, entries: Sequence[CatalogEntry]
) -> Mapping[str, Listing]:
    """Quotes of this moment: a forecast is scored against the market it was made beside."""
    if not entries:
        return {}
    listings = await _quoted(data, entries)
    await store.write(lambda unit: unit.catalog.save_listings(listings, clock.now()))
    return active(listings)


async def _quoted(data: MarketData, entries: Sequence[CatalogEntry]) -> Sequence[Listing]:
    return (await data.listings([entry.market.ticker for entry in entries])).items


async def _standing(
    store: Store, clock: Clock, tickers: Collection[str], fresh_us: int | None
) -> Mapping[str, Forecast]:
    """The latest forecasts that are fresh enough to trade on."""
    if fresh_us is None:
        return {}
    async with store.unit(reads=True) as unit:
        latest = await unit.forecasts.latest(tickers)
    oldest = clock.now() - fresh_us
    return {ticker: made for ticker, made in latest.items() if made.made_us >= oldest}


async def _spent_today(store: Store, clock: Clock) -> AiCost:
    async with store.unit(reads=True) as unit:
        return await unit.ai.spent(day_of(clock.wall()))


async def _prospects(
    store: Store,
    clock: Clock,
    questions: Sequence[Sequence[CatalogEntry]],
    quotes: Mapping[str, Listing],
    held: Mapping[str, Contracts],
    worth: Worth,
) -> list[Prospect[Sequence[CatalogEntry]]]:
    """Each question with what it is worth; what it costs goes with how many markets it has."""
    async with store.unit(reads=True) as unit:
        since = clock.now() - 30 * DAY
        asked, paid = await unit.forecasts.paid_since(since), await unit.ai.paid_since(since)
    return [
        Prospect(
            what=members,
            gain=sum(_gain(entry, quotes[entry.market.ticker].quote, worth) for entry in members),
            length=1.0 + len(members),
            is_held=any(held.get(entry.market.ticker) for entry in members),
            asked_us=max(
                (
                    *(at for e in members for at in asked.get(e.market.ticker, ())),
                    *paid.get(event_key(members[0]), ()),
                ),
                default=None,
            ),
        )
        for members in questions
    ]


def _gain(entry: CatalogEntry, quote: Quote, worth: Worth) -> float:
    terms = entry.fee_terms(quote.at_us)
    return expected_gain(quote, terms, weight=worth.weight, logit_error=worth.logit_error)


async def _held(store: Store) -> Mapping[str, Contracts]:
    async with store.unit(reads=True) as unit:
        return net_by_ticker(await unit.ledger.positions())
