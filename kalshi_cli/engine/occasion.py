"""Events of the generated world: a pure function of (seed, series, number, epoch).

Nothing of an event is kept in a snapshot but its number: texts, strikes, times, the whole path and
the outcome are drawn again whenever they are needed.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from kalshi_cli.domain.instant import DAY, HOUR, MINUTE, SECOND, from_datetime, to_datetime
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.processes import (
    LOGITS_BAND,
    LOGITS_TAIL,
    InformationClock,
    Path,
    cell_rate,
    draw_path,
)
from kalshi_cli.engine.series_plan import SeriesPlan, Shape, plan_of
from kalshi_cli.errors import NotFound

SCALAR_SHARE = 0.007
"""Events abandoned before their time, settled at the fair value of that moment."""


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

    def holds(self, terminal: float) -> bool:
        return self.low < terminal <= self.high


@dataclass(frozen=True, slots=True)
class Times:
    """An event's life. `closed_us` is when trading really ends, `close_us` what was announced."""

    listed_us: int
    open_us: int
    close_us: int
    closed_us: int
    determined_us: int
    finalized_us: int
    abandoned: bool


@dataclass(frozen=True)
class Occasion:
    """One event with everything that is drawn about it, its path only when first asked for."""

    seed: int
    plan: SeriesPlan
    number: int
    event: Event
    markets: tuple[Market, ...]
    legs: tuple[Leg, ...]
    times: Times
    clock: InformationClock

    @cached_property
    def path(self) -> Path:
        last = self.clock.cell(self.times.closed_us)
        return draw_path(self.seed, self.event.event_ticker, self.clock.rate, last)

    @cached_property
    def outcomes(self) -> tuple[tuple[Result, Price], ...]:
        """How each leg ends, and what it pays."""
        last = self.clock.cell(self.times.closed_us)
        return _outcomes(self.plan, self.legs, self.path, last if self.times.abandoned else None)


def series_of(plan: SeriesPlan) -> Series:
    frequency = "daily" if plan.period_h == 24 else "hourly" if plan.period_h < 24 else "custom"
    return Series(plan.ticker, plan.title, plan.category, plan.fees, frequency)


def scheduled_close(plan: SeriesPlan, epoch_us: int, number: int) -> int:
    """When event `number` is announced to close; 0 is the first at or after the epoch's day."""
    midnight = epoch_us - epoch_us % DAY
    return midnight + (plan.offset_h + number * plan.period_h) * HOUR


def first_number(plan: SeriesPlan, epoch_us: int) -> int:
    """The first event that closes after the epoch."""
    gap = epoch_us - scheduled_close(plan, epoch_us, 0)
    return gap // (plan.period_h * HOUR) + 1


def listed_at(plan: SeriesPlan, epoch_us: int, number: int) -> int:
    return scheduled_close(plan, epoch_us, number) - (plan.life_h + plan.lead_h) * HOUR


def draw_occasion(seed: int, epoch_us: int, plan: SeriesPlan, number: int) -> Occasion:
    """Everything about one event; its path is drawn when somebody asks for it."""
    draws = uniforms(stream(seed, plan.ticker, "occasion", number), 6)
    times = _times(plan, scheduled_close(plan, epoch_us, number), draws)
    level = _level(seed, plan, number)
    legs, subject = _legs(plan, number, level, draws[3:])
    event = _event(plan, times, subject, legs)
    clock = InformationClock(
        times.open_us,
        times.close_us - times.open_us,
        plan.information,
        cell_rate(
            plan.climate.logit_error, LOGITS_BAND if plan.shape is Shape.BANDS else LOGITS_TAIL
        ),
    )
    return Occasion(
        seed=seed,
        plan=plan,
        number=number,
        event=event,
        markets=tuple(_market(plan, times, event, leg, subject) for leg in legs),
        legs=legs,
        times=times,
        clock=clock,
    )


def occasion_of(seed: int, epoch_us: int, ticker: str) -> Occasion:
    """The event that a market belongs to. Raises `NotFound` for a market that never was."""
    series, _, rest = ticker.partition("-")
    plan = plan_of(series)
    try:
        day = datetime.strptime(rest[:7].title(), "%y%b%d").replace(tzinfo=UTC)
    except ValueError:
        raise NotFound(f"There is no market {ticker}.") from None
    since = from_datetime(day) - scheduled_close(plan, epoch_us, 0)
    first = since // (plan.period_h * HOUR)
    for number in range(first, first + 2 + 36 // plan.period_h):  # a day, and half of the next
        occasion = draw_occasion(seed, epoch_us, plan, number)
        if any(market.ticker == ticker for market in occasion.markets):
            return occasion
    raise NotFound(f"There is no market {ticker}.")


def _times(plan: SeriesPlan, close_us: int, draws: list[float]) -> Times:
    life = plan.life_h * HOUR
    open_us = close_us - life
    abandoned = draws[0] < SCALAR_SHARE
    early = abandoned or draws[1] < plan.early_close
    share = 0.4 + 0.55 * draws[2] if early else 1.0
    closed_us = open_us + int(life * share) // SECOND * SECOND
    determined_us = closed_us + plan.answer_delay_min * MINUTE
    return Times(
        listed_us=open_us - plan.lead_h * HOUR,
        open_us=open_us,
        close_us=close_us,
        closed_us=closed_us,
        determined_us=determined_us,
        finalized_us=determined_us + plan.settlement_timer_s * SECOND,
        abandoned=abandoned,
    )


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
    """Two open ends and bands of two degrees between them: exactly one of them comes true."""
    middle = round(level)
    bottom = middle - (plan.legs - 2)
    cuts = [(bottom + 2 * i - 0.5 - level) / plan.deviation for i in range(plan.legs - 1)]
    top = bottom + 2 * (plan.legs - 2)
    legs = [Leg(f"T{bottom}", f"{bottom - 1}° or below", "less", -math.inf, cuts[0],
                cap_strike=str(bottom))]  # fmt: skip
    for i in range(plan.legs - 2):
        low, high = bottom + 2 * i, bottom + 2 * i + 1
        legs.append(Leg(f"B{low + 0.5}", f"{low}° to {high}°", "between", cuts[i], cuts[i + 1],
                        str(low), str(high)))  # fmt: skip
    legs.append(Leg(f"T{top - 1}", f"{top}° or above", "greater", cuts[-1], math.inf,
                    floor_strike=str(top - 1)))  # fmt: skip
    return tuple(legs)


def _event(plan: SeriesPlan, times: Times, subject: str, legs: tuple[Leg, ...]) -> Event:
    day = to_datetime(_day_us(plan, times))
    stamp = f"{day:%y%b%d}".upper() + (f"{day:%H}" if plan.period_h < 24 else "")
    if plan.shape is Shape.VERSUS:
        stamp += "".join(leg.suffix for leg in legs)
    title = f"{plan.title}: {subject}" if len(plan.subjects) > 1 else plan.title
    return Event(
        event_ticker=f"{plan.ticker}-{stamp}",
        series_ticker=plan.ticker,
        title=f"{title}, {_date(plan, times)}",
        sub_title=_date(plan, times),
        category=plan.category,
        mutually_exclusive=plan.shape in {Shape.BANDS, Shape.VERSUS},
        strike_us=times.close_us,
    )


def _day_us(plan: SeriesPlan, times: Times) -> int:
    """The day that an event is about: a local day ends some hours into the next one in UTC."""
    return times.close_us - (12 * HOUR if plan.shape is Shape.BANDS else 0)


def _date(plan: SeriesPlan, times: Times) -> str:
    day = to_datetime(_day_us(plan, times))
    return f"{day:%b} {day.day}, {day.year}" + (f" {day:%H}:00Z" if plan.period_h < 24 else "")


def _market(plan: SeriesPlan, times: Times, event: Event, leg: Leg, subject: str) -> Market:
    words = {"subject": subject, "strike": leg.strike, "date": _date(plan, times)}
    return Market(
        ticker=f"{event.event_ticker}-{leg.suffix}",
        event_ticker=event.event_ticker,
        title=plan.question.format(**words),
        status=MarketStatus.INITIALIZED,
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
        updated_us=times.listed_us,
    )


def _outcomes(
    plan: SeriesPlan, legs: tuple[Leg, ...], path: Path, abandoned_in: int | None
) -> tuple[tuple[Result, Price], ...]:
    if abandoned_in is None:
        held = [leg.holds(path.terminal) for leg in legs]
        return tuple((Result.YES, ONE_DOLLAR) if yes else (Result.NO, ZERO_PRICE) for yes in held)
    units = [round(10_000 * path.chance(abandoned_in, leg.low, leg.high)) for leg in legs]
    if plan.shape in {Shape.BANDS, Shape.VERSUS}:
        units[-1] = ONE_DOLLAR.units - sum(units[:-1])
    return tuple((Result.SCALAR, Price(value)) for value in units)
