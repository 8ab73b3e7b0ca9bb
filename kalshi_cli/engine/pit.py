"""One market's trading: makers requote on a grid of time, takers arrive, our orders wait in line.

A pit knows its market's process in full and is moved from instant to instant; pits never influence
each other. Between two visits nothing of it exists but its book and its running statistics, so
moving in one hop or in many gives the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kalshi_cli.domain.fees import MILLION
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.agents import (
    INFORMED_MARGIN,
    Arrival,
    Quotes,
    arrivals,
    maker_quotes,
    taker_fee,
    temper_of,
    tick_table,
)
from kalshi_cli.engine.matching import Hit, MatchingBook, Resting
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.occasion import Occasion
from kalshi_cli.engine.world import Execution, Matched, Printed, Tally

OPENING_SHARE = 0.6
"""Share of the contracts traded that open a position: how open interest follows volume."""


@dataclass(frozen=True, slots=True)
class PitState:
    """A pit between two visits, as data. `hours` holds (hour since 1970, units traded)."""

    ticker: str
    done_us: int
    step: int
    bids: tuple[Resting, ...]
    asks: tuple[Resting, ...]
    last: int | None
    volume: int
    hours: tuple[tuple[int, int], ...]
    prints: int
    halted: bool


class Pit:
    """The trading of one market of an occasion."""

    def __init__(self, seed: int, occasion: Occasion, leg: int) -> None:
        self._seed = seed
        self._occasion = occasion
        self._leg = occasion.legs[leg]
        self.ticker = occasion.markets[leg].ticker
        self._climate = occasion.plan.climate
        self._temper = temper_of(seed, self.ticker, self._climate)
        self._ticks = tick_table(occasion.plan.grid)
        self._fee_multiplier = occasion.plan.fees.multiplier / MILLION
        self._refresh_us = occasion.plan.refresh_s * SECOND
        self._open_us, self._close_us = occasion.times.open_us, occasion.times.closed_us
        self._book = MatchingBook()
        self._done_us = self._open_us
        self._step = -1
        self._last: int | None = None
        self._volume = 0
        self._hours: dict[int, int] = {}
        self._prints = 0
        self._halted = False
        self._hour = -1
        self._takers: tuple[Arrival, ...] = ()

    def state(self) -> PitState:
        """What cannot be drawn again, as data."""
        return PitState(
            ticker=self.ticker,
            done_us=self._done_us,
            step=self._step,
            bids=tuple(self._book.bids),
            asks=tuple(self._book.asks),
            last=self._last,
            volume=self._volume,
            hours=tuple(self._hours.items()),
            prints=self._prints,
            halted=self._halted,
        )

    def resume(self, state: PitState) -> None:
        """Take up where a state was left."""
        self._done_us, self._step = state.done_us, state.step
        self._book = MatchingBook(state.bids, state.asks)
        self._last, self._volume, self._prints = state.last, state.volume, state.prints
        self._hours = dict(state.hours)
        self._halted = state.halted

    def is_open(self, at_us: int) -> bool:
        return self._open_us <= at_us < self._close_us

    def set_trading(self, active: bool, now_us: int) -> None:  # noqa: FBT001 - the port's word
        """Stop or let trade; while stopped the book stays as it was."""
        self.book(now_us)
        self._halted = not active

    def truth(self, at_us: int) -> float:
        """P(YES) given everything that has happened."""
        cell = self._occasion.clock.cell(min(at_us, self._close_us))
        return self._occasion.path.chance(cell, self._leg.low, self._leg.high)

    def crowd(self, at_us: int) -> float:
        """P(YES) given what is public."""
        cell = self._occasion.clock.cell(min(at_us, self._close_us))
        return self._occasion.path.crowd(cell, self._leg.low, self._leg.high)

    def run(self, to_us: int) -> list[Matched | Printed]:
        """Everything that trades until an instant (included), the close at the latest."""
        end = min(to_us, self._close_us - 1)
        happened: list[Matched | Printed] = []
        if end > self._done_us:
            for at_us, taker in () if self._halted else self._visits(end):
                happened.extend(self._requote(at_us))
                if taker is not None:
                    happened.extend(self._serve(taker))
            self._done_us = end
        if to_us >= self._close_us:  # what remains tells nothing of who read the book, and when
            self._book, self._step = MatchingBook(), -1
        return happened

    def _visits(self, end: int) -> Iterator[tuple[int, Arrival | None]]:
        """Arrivals in order of time; with orders of ours resting, requotes between them too."""
        done = self._done_us
        for hour in range(done // HOUR, end // HOUR + 1):
            for taker in self._arrivals(hour):
                if done < taker.at_us <= end:
                    yield from self._requotes(done, taker.at_us)
                    yield taker.at_us, taker
                    done = taker.at_us
        yield from self._requotes(done, end)

    def _requotes(self, after: int, until: int) -> Iterator[tuple[int, None]]:
        step = after // self._refresh_us + 1
        while step * self._refresh_us <= until and self._book.has_ours():
            yield step * self._refresh_us, None
            step += 1

    def _arrivals(self, hour: int) -> tuple[Arrival, ...]:
        if hour != self._hour:
            self._takers = arrivals(self._seed, self.ticker, self._climate, self._temper, hour)
            self._hour = hour
        return self._takers

    def _requote(self, at_us: int) -> list[Matched | Printed]:
        """Bring others' quotes to the current step; what is stale of ours is picked off first."""
        step = at_us // self._refresh_us
        if step == self._step:
            return []
        self._step = step
        crowd = self.crowd(step * self._refresh_us)
        happened = self._pick_off(crowd, at_us) if self._book.has_ours() else []
        shown = self._quotes(step, crowd)
        self._book.requote(shown.bids, shown.asks)
        return happened

    def quotes_at(self, at_us: int) -> Quotes:
        """What makers showed at an instant, whoever took it."""
        if not self.is_open(at_us):
            return Quotes((), ())
        step = at_us // self._refresh_us
        return self._quotes(step, self.crowd(step * self._refresh_us))

    def _quotes(self, step: int, crowd: float) -> Quotes:
        name = stream(self._seed, self.ticker, "makers", step)
        quotes = maker_quotes(name, crowd, self._climate, self._temper, self._ticks)
        return self._absent(quotes, step * self._refresh_us // HOUR)

    def _absent(self, quotes: Quotes, hour: int) -> Quotes:
        """In thin categories makers of a side are away for an hour now and then."""
        share = self._climate.one_sided
        if not share:
            return quotes
        bid, ask = uniforms(stream(self._seed, self.ticker, "absent", hour), 2)
        return Quotes(() if bid < share else quotes.bids, () if ask < share else quotes.asks)

    def _pick_off(self, crowd: float, at_us: int) -> list[Matched | Printed]:
        """Whoever reads the news takes an order of ours that public information made stale."""
        happened = self._trade(Side.BID, self._worth(crowd, Side.BID), None, at_us)
        return happened + self._trade(Side.ASK, self._worth(crowd, Side.ASK), None, at_us)

    def _worth(self, fair: float, side: Side) -> int:
        """The worst price at which taking gains the margin after the fee, in raw units."""
        cost = taker_fee(fair, self._fee_multiplier) + INFORMED_MARGIN
        return int(10_000 * (fair - side.sign * cost))

    def _serve(self, taker: Arrival) -> list[Matched | Printed]:
        if not taker.informed:
            crowd = self.crowd(taker.at_us)
            limit = int(10_000 * (crowd + taker.side.sign * taker.reach))
            return self._trade(taker.side, limit, taker.units, taker.at_us)
        truth = self.truth(taker.at_us)
        bought = self._trade(Side.BID, self._worth(truth, Side.BID), taker.units, taker.at_us)
        if bought:
            return bought
        return self._trade(Side.ASK, self._worth(truth, Side.ASK), taker.units, taker.at_us)

    def _trade(
        self, side: Side, limit: int, units: int | None, at_us: int
    ) -> list[Matched | Printed]:
        """Others take: with a count, whatever is there; without, ours alone, all of it."""
        if units is not None:
            hits = self._book.take(side, limit, units)
        else:
            hits = self._book.take_ours(side, limit)
        happened: list[Matched | Printed] = []
        for hit in hits:
            price, owner, traded = hit
            happened.append(self._print(hit, side, at_us))
            if owner:
                execution = Execution(Price(price), Contracts(traded))
                happened.append(Matched(at_us, self.ticker, owner, execution))
        return happened

    def _print(self, hit: Hit, side: Side, at_us: int) -> Printed:
        price, _, units = hit
        hour = at_us // HOUR
        self._last = price
        self._volume += units
        if hour not in self._hours:
            self._hours = {h: u for h, u in self._hours.items() if h > hour - 24}
        self._hours[hour] = self._hours.get(hour, 0) + units
        self._prints += 1
        trade_id = f"{self.ticker}.{self._prints}"
        trade = Trade(trade_id, self.ticker, Price(price), Contracts(units), side.value, at_us)
        return Printed(at_us, trade)

    def tally(self, now_us: int) -> Tally:
        """Statistics as of now, as of the close once that has passed; a day is 24 clock hours."""
        first = (min(now_us, self._close_us) - DAY) // HOUR + 1
        recent = sum(units for hour, units in self._hours.items() if hour >= first)
        return Tally(
            last=None if self._last is None else Price(self._last),
            volume=Contracts(self._volume),
            volume_24h=Contracts(recent),
            open_interest=Contracts(int(self._volume * OPENING_SHARE)),
        )

    def book(self, now_us: int) -> MatchingBook:
        """The book as of now; empty unless the market trades. Call after `run(now_us)`."""
        if not self.is_open(now_us):
            return MatchingBook()
        if not (self._halted or self._book.has_ours()):
            self._requote(now_us)
        return self._book

    def take(
        self, side: Side, limit: int, units: int, now_us: int
    ) -> tuple[list[Hit], list[Printed]]:
        """Our order trades with others at once."""
        hits = self.book(now_us).take(side, limit, units, ours_too=False)
        return hits, [self._print(hit, side, now_us) for hit in hits]
