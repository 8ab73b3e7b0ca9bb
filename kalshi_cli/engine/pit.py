"""One market's trading: makers requote on a grid of time, takers arrive, our orders wait in line.

A pit knows its market's process in full and is moved from instant to instant; pits never influence
each other. A book that nobody has touched is a function of the instant, so it is drawn when it is
looked at; it is kept while somebody's trade shows in it, which the next requote ends, or while an
order of ours rests in it. So moving in one hop or in many gives the same, and so does looking.
"""

from dataclasses import dataclass

from kalshi_cli.domain.fees import MILLION
from kalshi_cli.domain.instant import DAY, HOUR, SECOND
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.agents import (
    INFORMED_MARGIN,
    Flow,
    Quotes,
    maker_quotes,
    taker_at,
    taker_fee,
    temper_of,
    tick_table,
)
from kalshi_cli.engine.matching import OTHERS, Hit, MatchingBook, Resting
from kalshi_cli.engine.noise import stream, uniforms
from kalshi_cli.engine.occasion import Occasion
from kalshi_cli.engine.schedule import weekly_pause
from kalshi_cli.engine.world import Execution, Matched, Printed, Tally

OPENING_SHARE = 0.6
"""Share of the contracts traded that open a position: how open interest follows volume."""
_NOTHING = Quotes((), ())


@dataclass(frozen=True, slots=True)
class PitState:
    """What cannot be drawn again of a pit, as data. `hours` holds (hour since 1970, units traded).

    The book is there only if it differs from what the instant `quoted_us` would show.
    """

    ticker: str
    quoted_us: int
    book: tuple[tuple[Resting, ...], tuple[Resting, ...]] | None
    last: int | None
    volume: int
    hours: tuple[tuple[int, int], ...]
    prints: int
    halted_us: int | None


class Pit:
    """The trading of one market of an occasion. Bring it to an instant with `run`, then ask.

    `due_us` is when the next taker comes; None if nobody does any more.
    """

    __slots__ = (
        "_book", "_done_us", "_flow", "_halted_us", "_hours", "_last", "_prints", "_quoted_us",
        "_temper", "_ticks", "_volume", "due_us", "leg", "occasion", "ticker",
    )  # fmt: skip

    def __init__(self, occasion: Occasion, leg: int) -> None:
        plan, seed = occasion.plan, occasion.genesis.seed
        self.occasion, self.leg = occasion, leg
        self.ticker = occasion.tickers[leg]
        self._temper = temper_of(seed, self.ticker, occasion.climate, plan.flow)
        self._flow = Flow(seed, self.ticker, self._temper.trades_per_hour)
        self._ticks = tick_table(plan.grid)
        self._book: MatchingBook | None = None
        self._quoted_us = 0
        self._done_us = 0
        self.due_us: int | None = None
        self._last: int | None = None
        self._volume = 0
        self._hours: dict[int, int] = {}
        self._prints = 0
        self._halted_us: int | None = None

    def start(self, now_us: int, state: PitState | None = None) -> None:
        """Wait for takers from an instant on, with what was kept of the time before."""
        self._done_us = now_us
        self._await_taker(now_us)
        if state is not None:
            self._quoted_us = state.quoted_us
            self._book = None if state.book is None else MatchingBook(*state.book)
            self._last, self._volume, self._prints = state.last, state.volume, state.prints
            self._hours, self._halted_us = dict(state.hours), state.halted_us

    def state(self, now_us: int) -> PitState | None:
        """What cannot be drawn again, as data; None where there is nothing of the kind."""
        book = self._book
        if book is not None and not (book.has_ours() or self._quoted_us == self._quoted(now_us)):
            book = None
        if book is None and not self._prints and self._halted_us is None:
            return None
        return PitState(
            ticker=self.ticker,
            quoted_us=0 if book is None else self._quoted_us,
            book=None if book is None else (tuple(book.bids), tuple(book.asks)),
            last=self._last,
            volume=self._volume,
            hours=tuple(self._hours.items()),
            prints=self._prints,
            halted_us=self._halted_us,
        )

    @property
    def has_ours(self) -> bool:
        return self._book is not None and self._book.has_ours()

    def is_open(self, at_us: int) -> bool:
        """Whether an instant lies between opening and close, pauses included."""
        return self.occasion.times.open_us <= at_us < self.occasion.times.closed_us

    def truth(self, at_us: int) -> float:
        """P(YES) given everything that has happened."""
        cell, leg = self._cell(at_us), self.occasion.legs[self.leg]
        return self.occasion.path.chance(cell, leg.low, leg.high)

    def crowd(self, at_us: int) -> float:
        """P(YES) given what is public."""
        cell, leg = self._cell(at_us), self.occasion.legs[self.leg]
        return self.occasion.path.crowd(cell, leg.low, leg.high)

    def _cell(self, at_us: int) -> int:
        return self.occasion.clock.cell(min(at_us, self.occasion.times.closed_us))

    def run(self, to_us: int) -> list[Matched | Printed]:
        """Everything that trades until an instant (included), the close at the latest."""
        closed_us = self.occasion.times.closed_us
        end = min(to_us, closed_us - 1)
        happened: list[Matched | Printed] = []
        while (at_us := self.due_us) is not None and at_us <= end:
            happened.extend(self._keep_quoting(at_us))
            if not self._rests(at_us):
                happened.extend(self._serve(at_us))
            self._await_taker(at_us)
        happened.extend(self._keep_quoting(end))
        if to_us >= closed_us:
            self._book, self._halted_us = None, None
        return happened

    def _await_taker(self, after_us: int) -> None:
        times = self.occasion.times
        self.due_us = self._flow.after(max(after_us, times.open_us - 1), times.closed_us)

    def _keep_quoting(self, until_us: int) -> list[Matched | Printed]:
        """Others requote around orders of ours, each time that they would."""
        happened: list[Matched | Printed] = []
        refresh = self.occasion.plan.refresh_s * SECOND
        at_us = (self._done_us // refresh + 1) * refresh
        while at_us <= until_us and self.has_ours:
            happened.extend(self._requote(at_us))
            at_us += refresh
        self._done_us = max(self._done_us, until_us)
        return happened

    def _requote(self, at_us: int) -> list[Matched | Printed]:
        """Others quote anew; what is stale of ours is picked off first."""
        pause, quoted_us = self.occasion.times.pause, self._quoted(at_us)
        if pause is not None and pause[1] == at_us and self._halted_us is None:
            self._book = None  # whatever rested through the pause is gone
        book = self._book
        if book is None or quoted_us == self._quoted_us:
            return []
        self._quoted_us = quoted_us
        crowd = self.crowd(quoted_us)
        happened = [
            occurrence
            for side in Side
            for occurrence in self._trade(book, side, self._worth(crowd, side), None, at_us)
        ]
        quotes = self._quotes(quoted_us)
        book.requote(quotes.bids, quotes.asks)
        return happened

    def _rests(self, at_us: int) -> bool:
        """Whether nobody trades at an instant."""
        return self._halted_us is not None or self._pause_start(at_us) is not None

    def _pause_start(self, at_us: int) -> int | None:
        """Since when trading rests at an instant, as history tells it; None if it does not."""
        pause = self.occasion.times.pause
        if pause is not None and pause[0] <= at_us < pause[1]:
            return pause[0]
        start, _ = weekly_pause(at_us)
        return start if start <= at_us else None

    def _quoted(self, at_us: int) -> int:
        """When the quotes of an instant were made."""
        return self._last_requote(at_us if self._halted_us is None else self._halted_us)

    def _last_requote(self, at_us: int) -> int:
        while (start := self._pause_start(at_us)) is not None:
            at_us = start - 1
        return at_us - at_us % (self.occasion.plan.refresh_s * SECOND)

    def quotes_at(self, at_us: int) -> Quotes:
        """What makers showed at an instant, whoever took it."""
        return self._quotes(self._last_requote(at_us)) if self.is_open(at_us) else _NOTHING

    def _quotes(self, quoted_us: int) -> Quotes:
        """In thin categories makers of a side are away for an hour now and then."""
        occasion = self.occasion
        if quoted_us < occasion.times.open_us:
            return _NOTHING
        seed, climate, plan = occasion.genesis.seed, occasion.climate, occasion.plan
        name = stream(seed, self.ticker, "makers", quoted_us // (plan.refresh_s * SECOND))
        crowd = self.crowd(quoted_us)
        quotes = maker_quotes(name, crowd, climate, self._temper, self._ticks)
        share = climate.one_sided
        if not share:
            return quotes
        bid, ask = uniforms(stream(seed, self.ticker, "absent", quoted_us // HOUR), 2)
        return Quotes(() if bid < share else quotes.bids, () if ask < share else quotes.asks)

    def _worth(self, fair: float, side: Side) -> int:
        """The worst price at which taking gains the margin after the fee, in raw units."""
        multiplier = self.occasion.plan.fees.multiplier / MILLION
        return int(10_000 * (fair - side.sign * (taker_fee(fair, multiplier) + INFORMED_MARGIN)))

    def _serve(self, at_us: int) -> list[Matched | Printed]:
        seed, climate = self.occasion.genesis.seed, self.occasion.climate
        taker = taker_at(seed, self.ticker, at_us, climate, self._temper)
        book, units = self.book(at_us), taker.units
        if not taker.informed:
            quoted = self.crowd(self._quoted(at_us))
            limit = int(10_000 * (quoted + taker.side.sign * taker.reach))
            return self._trade(book, taker.side, limit, units, at_us)
        truth = self.truth(at_us)
        bought = self._trade(book, Side.BID, self._worth(truth, Side.BID), units, at_us)
        if bought:
            return bought
        return self._trade(book, Side.ASK, self._worth(truth, Side.ASK), units, at_us)

    def _trade(
        self, book: MatchingBook, side: Side, limit: int, units: int | None, at_us: int
    ) -> list[Matched | Printed]:
        """Others take: with a count, whatever is there; without, ours alone, all of it."""
        hits = book.take_ours(side, limit) if units is None else book.take(side, limit, units)
        happened: list[Matched | Printed] = []
        for price, owner, traded in hits:
            happened.append(self._print((price, owner, traded), side, at_us))
            if owner:
                execution = Execution(Price(price), Contracts(traded))
                happened.append(Matched(at_us, self.ticker, owner, execution))
        if hits:
            self._keep(book, at_us)
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
        first = (min(now_us, self.occasion.times.closed_us) - DAY) // HOUR + 1
        recent = sum(units for hour, units in self._hours.items() if hour >= first)
        return Tally(
            last=None if self._last is None else Price(self._last),
            volume=Contracts(self._volume),
            volume_24h=Contracts(recent),
            open_interest=Contracts(int(self._volume * OPENING_SHARE)),
        )

    def book(self, now_us: int) -> MatchingBook:
        """The book as of now; empty unless the market is open. Call after `run(now_us)`."""
        if not self.is_open(now_us):
            return MatchingBook()
        quoted_us = self._quoted(now_us)
        if self._book is not None and (quoted_us == self._quoted_us or self._book.has_ours()):
            return self._book
        quotes = self._quotes(quoted_us)
        return MatchingBook(
            [(price, OTHERS, units) for price, units in quotes.bids],
            [(price, OTHERS, units) for price, units in quotes.asks],
        )

    def _keep(self, book: MatchingBook, at_us: int) -> None:
        self._book, self._quoted_us = book, self._quoted(at_us)

    def take(
        self, side: Side, limit: int, units: int, now_us: int
    ) -> tuple[list[Hit], list[Printed]]:
        """Our order trades with others at once."""
        book = self.book(now_us)
        hits = [] if self._rests(now_us) else book.take(side, limit, units, ours_too=False)
        if hits:
            self._keep(book, now_us)
        return hits, [self._print(hit, side, now_us) for hit in hits]

    def join(self, side: Side, price: int, order_id: str, units: int, now_us: int) -> None:
        """Our order rests behind what is there."""
        book = self.book(now_us)
        book.join(side, price, order_id, units)
        self._keep(book, now_us)
        self._done_us = now_us

    @property
    def own_book(self) -> MatchingBook:
        """The book in which orders of ours rest; empty where there are none."""
        return MatchingBook() if self._book is None else self._book

    def leave(self, order_id: str) -> None:
        """Our order leaves the book, if it is there."""
        if self._book is not None:
            self._book.leave(order_id)

    def set_trading(self, now_us: int, *, active: bool) -> None:
        """Stop or let trade on demand; while stopped the book stays as it was."""
        if active:
            self._halted_us = None
        elif self._halted_us is None:
            self._halted_us = now_us
