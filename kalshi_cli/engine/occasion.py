"""Events of the generated world: a pure function of (seed, series, number, epoch).

Nothing of an event is kept in a snapshot but its number: texts, strikes, times, the whole path and
the outcome are drawn again whenever they are needed.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, from_datetime, to_datetime
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.processes import (
    LOGITS_BAND,
    LOGITS_TAIL,
    InformationClock,
    Path,
    cell_rate,
)
from kalshi_cli.engine.series_plan import Climate, SeriesPlan, Shape
from kalshi_cli.engine.times import Times, draw_times, scheduled_close
from kalshi_cli.engine.world_plan import Genesis
from kalshi_cli.errors import NotFound


@dataclass(frozen=True, slots=True)
class Leg:
    """A market as an interval of the process: YES if low < X(1) <= high."""

    suffix: str
    strike: str
    strike_type: str
    low: float
    high: float
    floor_strike: str | None = None
    cap_strike: str | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One event with everything that is drawn about it."""

    genesis: Genesis
    plan: SeriesPlan
    climate: Climate
    number: int
    event: Event
    subject: str
    tickers: tuple[str, ...]
    legs: tuple[Leg, ...]
    times: Times
    clock: InformationClock
    path: Path

    def markets(self, status: MarketStatus, at_us: int) -> tuple[Market, ...]:
        """The markets as they are listed at an instant, in order of legs."""
        return tuple(
            _market(self, ticker, leg, status, at_us)
            for ticker, leg in zip(self.tickers, self.legs, strict=True)
        )

    def outcomes(self) -> tuple[tuple[Result, Price], ...]:
        """How each leg ends, and what it pays."""
        if not self.times.abandoned:
            return _results(self.legs, self.path.terminal)
        return _fair_values(self, self.clock.cell(self.times.closed_us))

    def answers(self, at_us: int) -> tuple[tuple[Result, Price], ...]:
        """What is determined at an instant: the outcomes, unless a dispute has yet to amend it."""
        dispute = self.times.dispute
        if dispute is None or not dispute.amended or at_us >= dispute.until_us:
            return self.outcomes()
        cell = self.clock.cell(self.times.closed_us)
        return _results(self.legs, self.path.other_end(cell, dispute.error))


def series_of(plan: SeriesPlan) -> Series:
    frequency = "daily" if plan.period_h == 24 else "hourly" if plan.period_h < 24 else "custom"
    return Series(plan.ticker, plan.title, plan.category, plan.fees, frequency, plan.exchange_index)


def draw_occasion(genesis: Genesis, plan: SeriesPlan, number: int) -> Occasion:
    """Everything about one event; its path is drawn where somebody asks for it."""
    draws = uniforms(stream(genesis.seed, plan.ticker, "occasion", number), 6)
    times = draw_times(genesis, plan, number, draws)
    level = _level(genesis.seed, plan, number)
    legs, subject = _legs(plan, number, level, draws[3:])
    event = _event(plan, times, subject, legs)
    climate = genesis.plan.climates[plan.category]
    rate = cell_rate(climate.logit_error, LOGITS_BAND if plan.shape is Shape.BANDS else LOGITS_TAIL)
    span_us = times.close_us - times.open_us
    return Occasion(
        genesis=genesis,
        plan=plan,
        climate=climate,
        number=number,
        event=event,
        subject=subject,
        tickers=tuple(f"{event.event_ticker}-{leg.suffix}" for leg in legs),
        legs=legs,
        times=times,
        clock=InformationClock(times.open_us, span_us, plan.information, rate),
        path=Path(genesis.seed, event.event_ticker, rate),
    )


def occasion_of(genesis: Genesis, ticker: str) -> Occasion:
    """The event that a market belongs to. Raises `NotFound` for a market that never was."""
    series, _, rest = ticker.partition("-")
    plan = genesis.plan.series_named(series)
    try:
        day = datetime.strptime(rest[:7].title(), "%y%b%d").replace(tzinfo=UTC)
    except ValueError:
        raise NotFound(f"There is no market {ticker}.") from None
    since = from_datetime(day) - scheduled_close(plan, genesis.epoch_us, 0)
    first = since // (plan.period_h * HOUR)
    for number in range(first, first + 2 + 36 // plan.period_h):  # a day, and half of the next
        occasion = draw_occasion(genesis, plan, number)
        if ticker in occasion.tickers:
            return occasion
    raise NotFound(f"There is no market {ticker}.")


def _level(seed: int, plan: SeriesPlan, number: int) -> float:
    """Where the process stands today, in its own scale: wanders slowly from event to event."""
    (phase,) = uniforms(stream(seed, plan.ticker, "level"), 1)
    wave = math.sin(number / 9.0 + 2.0 * math.pi * phase)
    return plan.level + 2.5 * plan.deviation * wave


def _legs(
    plan: SeriesPlan, number: int, level: float, draws: list[float]
) -> tuple[tuple[Leg, ...], str]:
    if plan.shape is Shape.ABOVE:
        return _above(plan, level), plan.subjects[0]
    if plan.shape is Shape.BANDS:
        return _bands(plan, level), plan.subjects[0]
    cut = 1.8 * draws[0] - 0.9
    if plan.shape is Shape.SINGLE:
        subject = plan.subjects[number % len(plan.subjects)]
        return (Leg("YES", "", "custom", cut, math.inf),), subject
    home = int(draws[1] * len(plan.subjects))
    away = (home + 1 + int(draws[2] * (len(plan.subjects) - 1))) % len(plan.subjects)
    first, second = plan.subjects[home], plan.subjects[away]
    legs = (
        Leg(first[:3].upper(), first, "structured", cut, math.inf),
        Leg(second[:3].upper(), second, "structured", -math.inf, cut),
    )
    return legs, f"{second} at {first}"


def _above(plan: SeriesPlan, level: float) -> tuple[Leg, ...]:
    start = round(level / plan.spacing) - plan.legs // 2
    legs: list[Leg] = []
    for index in range(start, start + plan.legs):
        strike = index * plan.spacing
        number = f"{strike:.{plan.decimals}f}"
        low = (strike - level) / plan.deviation
        words = f"above {strike:,.{plan.decimals}f}"
        legs.append(Leg(f"T{number}", words, "greater", low, math.inf, floor_strike=number))
    return tuple(legs)


def _bands(plan: SeriesPlan, level: float) -> tuple[Leg, ...]:
    """Two open ends and bands of two units between them: exactly one of them comes true."""
    middle, unit = round(level), plan.unit
    bottom = middle - (plan.legs - 2)
    cuts = [(bottom + 2 * i - 0.5 - level) / plan.deviation for i in range(plan.legs - 1)]
    top = bottom + 2 * (plan.legs - 2)
    legs = [Leg(f"T{bottom}", f"{bottom - 1}{unit} or below", "less", -math.inf, cuts[0],
                cap_strike=str(bottom))]  # fmt: skip
    for i in range(plan.legs - 2):
        low, high = bottom + 2 * i, bottom + 2 * i + 1
        words = f"{low}{unit} to {high}{unit}"
        legs.append(Leg(f"B{low + 0.5}", words, "between", cuts[i], cuts[i + 1],
                        str(low), str(high)))  # fmt: skip
    legs.append(Leg(f"T{top - 1}", f"{top}{unit} or above", "greater", cuts[-1], math.inf,
                    floor_strike=str(top - 1)))  # fmt: skip
    return tuple(legs)


def _event(plan: SeriesPlan, times: Times, subject: str, legs: tuple[Leg, ...]) -> Event:
    stamp, date = _written(_day_us(plan, times), hourly=plan.period_h < 24)
    if plan.shape is Shape.VERSUS:
        stamp += "".join(leg.suffix for leg in legs)
    title = f"{plan.title}: {subject}" if len(plan.subjects) > 1 else plan.title
    return Event(
        event_ticker=f"{plan.ticker}-{stamp}",
        series_ticker=plan.ticker,
        title=f"{title}, {date}",
        sub_title=date,
        category=plan.category,
        mutually_exclusive=plan.shape in {Shape.BANDS, Shape.VERSUS},
        strike_us=times.close_us,
        exchange_index=plan.exchange_index,
    )


def _day_us(plan: SeriesPlan, times: Times) -> int:
    """The day that an event is about: a local day ends some hours into the next one in UTC."""
    return times.close_us - (12 * HOUR if plan.shape is Shape.BANDS else 0)


@lru_cache(maxsize=1_024)
def _written(day_us: int, *, hourly: bool) -> tuple[str, str]:
    """An event's date as tickers and as texts write it."""
    day = to_datetime(day_us)
    stamp, date = f"{day:%y%b%d}".upper(), f"{day:%b} {day.day}, {day.year}"
    return (f"{stamp}{day:%H}", f"{date} {day:%H}:00Z") if hourly else (stamp, date)


def _market(occasion: Occasion, ticker: str, leg: Leg, status: MarketStatus, at_us: int) -> Market:
    plan, times, event = occasion.plan, occasion.times, occasion.event
    words = {"subject": occasion.subject, "strike": leg.strike, "date": event.sub_title}
    return Market(
        ticker=ticker,
        event_ticker=event.event_ticker,
        title=plan.question.format(**words),
        status=status,
        open_us=times.open_us,
        close_us=times.close_us,
        latest_expiration_us=times.close_us + 7 * DAY,
        grid=plan.grid,
        expected_expiration_us=times.close_us + plan.answer_delay_min * MINUTE,
        strike_type=leg.strike_type,
        floor_strike=leg.floor_strike,
        cap_strike=leg.cap_strike,
        rules_primary=plan.rules.format(**words),
        rules_secondary="If the event is abandoned, the market settles at the fair price of that "
        "moment.",
        can_close_early=True,
        settlement_timer_s=plan.settlement_timer_s,
        exchange_index=plan.exchange_index,
        updated_us=at_us,
    )


def _results(legs: tuple[Leg, ...], end: float) -> tuple[tuple[Result, Price], ...]:
    return tuple(
        (Result.YES, ONE_DOLLAR) if leg.low < end <= leg.high else (Result.NO, ZERO_PRICE)
        for leg in legs
    )


def _fair_values(occasion: Occasion, cell: int) -> tuple[tuple[Result, Price], ...]:
    chances = [occasion.path.chance(cell, leg.low, leg.high) for leg in occasion.legs]
    units = [round(10_000 * chance) for chance in chances]
    if occasion.plan.shape in {Shape.BANDS, Shape.VERSUS}:
        units[-1] = ONE_DOLLAR.units - sum(units[:-1])
    return tuple((Result.SCALAR, Price(value)) for value in units)
