"""What the desk's own sizing makes of recorded weather events, by forecasts of three kinds.

Each day's events are decided once, so many hours before they close, by what was printed until
then: the directional strategy proposes and each method of sizing sizes at the defaults, on a
bankroll of $10,000 every day. The book is that of the tape world (two cents either side of the last
print, a hundred contracts), and every event is held to its recorded result. What takes is filled at
once and pays the exact fee; what rests is filled by later prints that go through its price.
Forecasts are taken for sure enough to trade, so that all of them are seen.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import NormalDist, fmean

from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Forecast, Probability, probability
from kalshi_cli.domain.identity import Env
from kalshi_cli.domain.instant import DAY, HOUR, day_of
from kalshi_cli.domain.market import Market, Quote
from kalshi_cli.domain.marks import benchmark
from kalshi_cli.domain.money import (
    NO_CONTRACTS,
    NO_COST,
    NO_MONEY,
    ONE_DOLLAR,
    Contracts,
    Money,
    Price,
    total,
)
from kalshi_cli.domain.order import OrderIntent
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.noise import normals, stream
from kalshi_cli.engine.recording import Prints, RecordedEvent, RecordedMarket, Recording
from kalshi_cli.engine.tape import DISPLAYED, HALF_SPREAD
from kalshi_cli.forecasting.blend import blend
from kalshi_cli.forecasting.corrections import Settled, excess_of, fit_corrections
from kalshi_cli.forecasting.logit import expit, logit
from kalshi_cli.portfolio.capital import Capital, Footing
from kalshi_cli.portfolio.costing import maker_cost, taker_cost
from kalshi_cli.portfolio.methods._base import Method
from kalshi_cli.settings.sections import Portfolio, Settings
from kalshi_cli.strategies._base import Candidate, View
from tests.fakes.decisions import proposed
from tests.studies.estimate import Sums

BANKROLL = Money.parse("10000.000000")
TRADING = policies(Env.SIM, Settings(), "baseline").trading
TERMS = FeeTerms("quadratic")
METHODS: dict[str, Method] = {
    method.replace("_", " "): policies(
        Env.SIM, Settings(portfolio=Portfolio(method=method)), "baseline"
    ).trading.sizing
    for method in ("kelly", "fixed", "risk_parity")
}
WEIGHTS = (0.10, 1.00)
HOURS = (24, 12)
CLIMATE = 10
"""Past days of a city that tell what its next is like."""
LEAST_SPREAD = 4.0
"""Degrees: a city's days differ by no less."""
SEED = 7

Forecaster = Callable[[RecordedEvent, int], dict[str, float]]
"""Chances of YES by ticker, by what was known at an instant; nothing where it abstains."""


@dataclass(slots=True)
class Made:
    """What came of a kind of forecast: dollars by day, and how much was traded for them."""

    profit: Sums
    events: int = 0
    entered: int = 0
    orders: int = 0
    staked: float = 0.0


@dataclass(frozen=True, slots=True)
class Fill:
    """What an order came to: contracts, and what they cost with their fee."""

    intent: OrderIntent
    count: Contracts
    cost: Money


def quote_at(market: RecordedMarket, at_us: int) -> Quote | None:
    """The tape world's quote; None before the first print, without a side where it has none."""
    prints = market.prints
    seen = bisect_right(prints.at_us, at_us)
    if not seen:
        return None
    last, size = prints.price[seen - 1], Contracts(DISPLAYED)
    bid, ask = last - HALF_SPREAD, last + HALF_SPREAD
    return Quote(
        ticker=market.market.ticker,
        bid=Level(Price(bid), size) if bid > 0 else None,
        ask=Level(Price(ask), size) if ask < ONE_DOLLAR.units else None,
        last=Price(last),
        volume=Contracts(prints.total[seen - 1]),
        volume_24h=NO_CONTRACTS,
        open_interest=NO_CONTRACTS,
        at_us=at_us,
    )


def filled(intent: OrderIntent, book: OrderBook, prints: Prints, at_us: int) -> Fill:
    """What becomes of an order: the book now, or later prints through its price."""
    side, limit, terms = intent.side, intent.limit, TERMS
    if not intent.post_only:
        cost = taker_cost(book, side, intent.count, limit, terms)
        assert cost is not None
        return Fill(intent, intent.count, cost)
    begin, end = (bisect_right(prints.at_us, us) for us in (at_us, intent.expires_us))
    through = sum(
        prints.units[i]
        for i in range(begin, end)
        if (prints.price[i] - limit.units) * side.sign < 0
    )
    count = Contracts(min(intent.count.units, through))
    return Fill(intent, count, maker_cost(side, count, limit, terms))


def profit(fill: Fill, value: Price) -> Money:
    """Dollars made once a YES contract has paid `value`."""
    pays = value if fill.intent.side is Side.BID else value.complement
    return pays * fill.count - fill.cost


def climatology(recording: Recording) -> Forecaster:
    """The last days of the same city, as a normal distribution of degrees."""
    past: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for event in recording.events:
        won = [_degrees(each.market) for each in event.markets if each.value == ONE_DOLLAR]
        if won and won[0] is not None:
            past[event.event.series_ticker].append((event.finalized_us, won[0]))

    def judged(event: RecordedEvent, at_us: int) -> dict[str, float]:
        known = [d for us, d in sorted(past[event.event.series_ticker]) if us <= at_us][-CLIMATE:]
        if len(known) < CLIMATE or any(_degrees(each.market) is None for each in event.markets):
            return {}
        mean = fmean(known)
        spread = max(LEAST_SPREAD, (sum((d - mean) ** 2 for d in known) / (CLIMATE - 1)) ** 0.5)
        days = NormalDist(mean, spread)
        return {m.market.ticker: _chance(m.market, days) for m in event.markets}

    return judged


def _degrees(market: Market) -> float | None:
    """About how warm it was where the market ended YES; None where it tells no bounds."""
    low, high = _bounds(market)
    if math.isinf(low) and math.isinf(high):
        return None
    return high - 0.5 if math.isinf(low) else low + 0.5 if math.isinf(high) else (low + high) / 2


def _chance(market: Market, days: NormalDist) -> float:
    low, high = _bounds(market)
    below = 0.0 if math.isinf(low) else days.cdf(low)
    return (1.0 if math.isinf(high) else days.cdf(high)) - below


def _bounds(market: Market) -> tuple[float, float]:
    """Whole degrees: more than the floor, less than the cap, or from one to the other."""
    floor = -math.inf if market.floor_strike is None else float(market.floor_strike)
    cap = math.inf if market.cap_strike is None else float(market.cap_strike)
    if market.strike_type == "between":
        return floor - 0.5, cap + 0.5
    return floor + 0.5, cap - 0.5


def blind(event: RecordedEvent, at_us: int) -> dict[str, float]:
    """No skill at all: the market's own number, moved by one logit of noise."""
    found = {}
    for market in event.markets:
        anchor = _anchor(market, at_us)
        if anchor is not None:
            (noise,) = normals(stream(SEED, market.market.ticker, "blind", at_us // HOUR), 1)
            found[market.market.ticker] = expit(logit(anchor) + noise)
    return found


def agreeing(event: RecordedEvent, at_us: int) -> dict[str, float]:
    """The market's own number, as it is."""
    anchors = {market.market.ticker: _anchor(market, at_us) for market in event.markets}
    return {ticker: anchor for ticker, anchor in anchors.items() if anchor is not None}


def baseline(recording: Recording, hours: int) -> Forecaster:
    """The market's own number less the bias of what had settled before, where that was proved."""
    history = [
        Settled(event.event.category, event.event.event_ticker, anchor,
                float(each.value), at_us, each.finalized_us)
        for event in recording.events
        for at_us in (decided_us(event, hours),)
        for each in event.markets
        if (anchor := _anchor(each, at_us)) is not None
    ]  # fmt: skip
    fitted: dict[int, Callable[[str, float], float]] = {}

    def judged(event: RecordedEvent, at_us: int) -> dict[str, float]:
        week = at_us // (7 * DAY)
        if week not in fitted:
            known = [each for each in history if each.settled_us <= week * 7 * DAY]
            fitted[week] = excess_of(fit_corrections(known))
        category, excess = event.event.category, fitted[week]
        return {t: a - excess(category, a) for t, a in agreeing(event, at_us).items()}

    return judged


def _anchor(market: RecordedMarket, at_us: int) -> float | None:
    quote = quote_at(market, at_us)
    return None if quote is None else benchmark(quote.bid, quote.ask)


def decided_us(event: RecordedEvent, hours: int) -> int:
    return max(each.market.close_us for each in event.markets) - hours * HOUR


def days(recording: Recording) -> Iterator[list[RecordedEvent]]:
    """The events of each settlement day."""

    def day(event: RecordedEvent) -> int:
        return day_of(max(each.market.close_us for each in event.markets))

    for _, own in groupby(sorted(recording.events, key=day), key=day):
        yield list(own)


def run(
    recording: Recording,
    hours: int,
    forecaster: Forecaster,
    weight: float,
    error: float,
    sizing: Method = TRADING.sizing,
) -> Made:
    """Decide every day once and hold to the end."""
    made = Made(Sums())
    for events in days(recording):
        fills = _day(events, hours, forecaster, (weight, error), sizing)
        values = {m.market.ticker: m.value for event in events for m in event.markets}
        won = [profit(fill, values[fill.intent.ticker]) for fill in fills]
        made.profit.add(len(events), float(total(won)))
        made.events += len(events)
        made.orders += len(fills)
        held = [fill for fill in fills if fill.count]
        made.entered += len({fill.intent.event_ticker for fill in held})
        made.staked += sum(float(fill.cost) for fill in held)
    return made


def _day(
    events: Sequence[RecordedEvent],
    hours: int,
    forecaster: Forecaster,
    say: tuple[float, float],
    method: Method,
) -> list[Fill]:
    """The orders of a day and what became of them."""
    candidates: list[Candidate] = []
    footings: dict[str, Footing] = {}
    books: dict[str, OrderBook] = {}
    prints: dict[str, tuple[Prints, int]] = {}
    for event in events:
        at_us = decided_us(event, hours)
        chances = forecaster(event, at_us)
        for recorded in event.markets:
            quote, ticker = quote_at(recorded, at_us), recorded.market.ticker
            anchor = None if quote is None else benchmark(quote.bid, quote.ask)
            chance = chances.get(ticker)
            if quote is None or anchor is None or chance is None or not 0.001 < chance < 0.999:
                continue
            forecast = _forecast(event, ticker, chance, anchor, say, at_us)
            series = event.event.series_ticker
            footings[ticker] = Footing(
                event.event.event_ticker,
                event.event.category,
                frozenset({f"underlying:{series}", f"day:{day_of(recorded.market.close_us)}"}),
                TERMS,
                forecast,
                exclusive=True,
                fair=forecast.blended,
            )
            sides = ((quote.bid,), (quote.ask,))
            books[ticker] = OrderBook(ticker, *sides, at_us)
            prints[ticker] = recorded.prints, at_us
            candidates.append(
                Candidate(event.event, recorded.market, quote, TERMS, forecast, NO_CONTRACTS, False)
            )
    if not candidates:
        return []
    now_us = min(at_us for _, at_us in prints.values())
    proposals = proposed(TRADING.strategies[0], View(now_us, tuple(candidates)))
    sizing = method.size(proposals, books, _capital(footings))
    return [
        filled(intent, books[intent.ticker], *prints[intent.ticker]) for intent in sizing.intents
    ]


def _capital(footings: dict[str, Footing]) -> Capital:
    limits = replace(
        TRADING.limits, strategy_allocation=TRADING.allocations[TRADING.strategies[0].name]
    )
    return Capital(
        strategy=TRADING.strategies[0].name,
        bankroll=BANKROLL,
        cash=BANKROLL,
        limits=limits,
        kelly_fraction=TRADING.kelly_fraction,
        probation_stake=None,
        footings=footings,
        by_ticker={},
        by_cluster={},
        by_category={},
        by_strategy=NO_MONEY,
    )


def _forecast(
    event: RecordedEvent,
    ticker: str,
    chance: float,
    anchor: float,
    say: tuple[float, float],
    at_us: int,
) -> Forecast:
    weight, error = say
    sure: Probability = probability(chance)
    return Forecast(
        forecast_id=f"f {ticker}",
        run_id="study",
        ticker=ticker,
        event_ticker=event.event.event_ticker,
        category=event.event.category,
        forecaster="study",
        model="study",
        made_us=at_us,
        probability=sure,
        low=sure,
        high=sure,
        logit_error=error,
        weight=weight,
        market=probability(anchor),
        blended=blend(sure, anchor, weight),
        cost=NO_COST,
        rationale="",
    )


def studied(recording: Recording) -> Iterator[tuple[str, Made]]:
    """Every kind of forecast at every hour by every method of sizing, by name."""
    for hours in HOURS:
        forecasts: list[tuple[str, Forecaster, float, float]] = [
            ("the market's number", agreeing, 1.0, 0.0),
            ("baseline", baseline(recording, hours), 1.0, 0.0),
        ]
        climate = climatology(recording)
        for weight in WEIGHTS:
            forecasts.append((f"climatology, w {weight:.2f}", climate, weight, 1.0))
            forecasts.append((f"no skill, w {weight:.2f}", blind, weight, 1.0))
        for name, forecaster, weight, error in forecasts:
            for method, sizing in METHODS.items():
                made = run(recording, hours, forecaster, weight, error, sizing)
                yield f"{hours} h, {name}, {method}", made


def rendered(name: str, made: Made) -> str:
    """One row: dollars an event with their interval, over days that stand or fall together."""
    if not made.entered:
        return f"{name:<39} {made.orders:>6} {0:>7} nothing was traded, nothing made"
    found = made.profit.estimate
    verdict = "earns" if found.low > 0 else "loses" if found.high < 0 else "unresolved"
    return (
        f"{name:<39} {made.orders:>6} {made.entered:>7} {made.staked / made.entered:>8,.2f} "
        f"{found.mean:>+9.2f} [{found.low:>+8.2f}, {found.high:>+8.2f}] {verdict}"
    )


HEADING = (
    f"{'before the close, forecast, sized by':<39} {'orders':>6} {'entered':>7} {'staked $':>8} "
    f"{'$ / event':>9} 95 % interval, days clustered"
)


def told(recording: Recording) -> Iterator[str]:
    """What the rows are of, in lines."""
    count = len(list(days(recording)))
    yield f"{len(recording.events)} recorded weather events that have a result, on {count} days."
    yield (
        "The book is built, not recorded: two cents either side of the last print, a hundred "
        "contracts a side. What rests is filled by later prints that go through its price. What is "
        "held at the end pays the recorded result."
    )
    yield "Staked: dollars an event that was entered. $ / event: made, net of fees, on all events."
