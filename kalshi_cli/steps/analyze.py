"""Ask for probabilities where it is worth it, and keep each with the market of that moment.

Cooldown, caps and volume are checked before anybody is asked; whoever is paid keeps to the budget.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from kalshi_cli.domain.forecast import Forecast
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, day_of
from kalshi_cli.domain.market import Listing, MarketStatus, Quote
from kalshi_cli.domain.money import AiCost, Contracts
from kalshi_cli.domain.position import net_by_ticker
from kalshi_cli.errors import NotFound
from kalshi_cli.filters._base import Filter
from kalshi_cli.forecasting.worth import Prospect, expected_gain, in_order
from kalshi_cli.ports.catalog import CatalogEntry
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.ports.forecaster import Forecaster, Skipped
from kalshi_cli.ports.store import Store, Unit
from kalshi_cli.steps.assess import Assessment
from kalshi_cli.steps.forgetting import forget_words
from kalshi_cli.steps.learning import learn_markets
from kalshi_cli.steps.naming import called, hint
from kalshi_cli.steps.questions import (
    NO_QUOTE,
    Progress,
    QuestionRound,
    RoundSeconds,
    active,
    unheard,
)
from kalshi_cli.steps.selection import screen_undropped


@dataclass(frozen=True, slots=True)
class Worth:
    """What makes a question worth its price: the say of who answers, and its error in logits."""

    weight: float
    logit_error: float
    min_to_close_us: int


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """How often and how dearly to ask. None means no such limit: a free forecaster has none, and
    what it said counts against no other.

    `daily_budget` is what the forecaster keeps to, for the report. Where `worth` is given, markets
    that close too soon are left alone, and the others asked about in the order of what that is
    worth. Words of AI calls are dropped after `keep_words_us` of real time. A forecast made within
    `fresh_us` of market time stands, and nobody is asked the same again. `round_` bounds a round
    among others, so that they need not wait for a slow answer.
    """

    cooldown_us: int | None
    per_day: int | None
    daily_budget: AiCost | None
    worth: Worth | None = None
    keep_words_us: int | None = None
    fresh_us: int | None = None
    round_: RoundSeconds | None = None


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
        entries, useless = await _of_use(store, entries)
        skipped += useless
    entries, waiting = await rested(store, clock, entries, policy, named=bool(tickers))
    skipped += waiting
    if policy.worth is not None and not tickers:
        entries, late = in_time(entries, clock.now() + policy.worth.min_to_close_us)
        skipped += late
    quotes = await _fresh(data, store, clock, entries)
    skipped += [
        Skipped(e.market.ticker, "NO_QUOTE", NO_QUOTE)
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
    by_event = groupby(sorted(entries, key=event_key), key=event_key)
    present = ([e for e in group if e.market.ticker in quotes] for _, group in by_event)
    questions: Sequence[Sequence[CatalogEntry]] = [members for members in present if members]
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


def event_key(entry: CatalogEntry) -> str:
    return entry.event.event_ticker


async def _wanted(
    data: MarketData,
    store: Store,
    clock: Clock,
    filters: Sequence[Filter],
    tickers: Collection[str],
) -> tuple[list[CatalogEntry], list[Skipped]]:
    if not tickers:
        return await eligible(store, filters, clock.now()), []
    await learn_markets(data, store, clock, tickers)
    async with store.unit(reads=True) as unit:
        known = await unit.catalog.entries(tickers=tickers)
    return await open_ones(store, known, tickers)


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


async def _of_use(
    store: Store, entries: list[CatalogEntry]
) -> tuple[list[CatalogEntry], list[Skipped]]:
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
        Skipped(each.market.ticker, "HALT_STATE", why)
        for each in entries
        if each.market.ticker not in useful
    ]


async def open_ones(
    store: Store, known: Sequence[CatalogEntry], tickers: Collection[str]
) -> tuple[list[CatalogEntry], list[Skipped]]:
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
        Skipped(e.market.ticker, "NOT_ACTIVE", f"the market is {e.market.status}") for e in shut
    ]


async def rested(
    store: Store, clock: Clock, entries: list[CatalogEntry], policy: AnalysisPolicy, *, named: bool
) -> tuple[list[CatalogEntry], list[Skipped]]:
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
        today = max(sum(day_of(at) == day_of(now) for at in each) for each in (made, asked))
        made = (*made, *asked)
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


def in_time(
    entries: Sequence[CatalogEntry], least_close_us: int
) -> tuple[list[CatalogEntry], list[Skipped]]:
    late = [entry for entry in entries if entry.market.close_us < least_close_us]
    kept = [entry for entry in entries if entry.market.close_us >= least_close_us]
    return kept, [Skipped(e.market.ticker, "CLOSES_SOON", "too soon to pay for") for e in late]


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
