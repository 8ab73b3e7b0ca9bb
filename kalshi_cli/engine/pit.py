"""One market's trading: makers requote on a grid of time, takers arrive, our orders wait in line.

A pit knows its market's process in full and is moved from instant to instant; pits never influence
each other. A book that nobody has touched is a function of the instant, so it is drawn when it is
looked at; it is kept while somebody's trade shows in it, which the next requote ends, or while an
order of ours rests in it. So moving in one hop or in many gives the same, and so does looking.
"""

from dataclasses import dataclass

from kalshi_cli.domain.fees import MILLION
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.agents import (
    INFORMED_MARGIN,
    Flow,
    Taker,
    taker_at,
    taker_fee,
    temper_of,
)
from kalshi_cli.engine.makers import NO_QUOTES, Quotes, Touch, quotes_of, touch_of
from kalshi_cli.engine.matching import OTHERS, Hit, MatchingBook, Resting
from kalshi_cli.engine.occasion import Occasion
from kalshi_cli.engine.schedule import weekly_pause
from kalshi_cli.engine.series_plan import SINKS_BY, SINKS_IN_US
from kalshi_cli.engine.turnover import Turnover
from kalshi_cli.engine.world import Execution, Matched, Printed, Tally

_UNTRADED = Turnover()


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
        "_book", "_done_us", "_flow", "_halted_us", "_quoted_us", "_shown", "_temper", "_turnover",
        "due_us", "leg", "occasion", "ticker",
    )  # fmt: skip

    def __init__(self, occasion: Occasion, leg: int) -> None:
        plan, seed = occasion.plan, occasion.genesis.seed
        self.occasion, self.leg = occasion, leg
        self.ticker = occasion.tickers[leg]
        self._temper = temper_of(seed, self.ticker, occasion.climate, plan.flow)
        self._flow = Flow(seed, self.ticker, self._temper.trades_per_hour)
        self._book: MatchingBook | None = None
        self._quoted_us = 0
        self._shown = 0, NO_QUOTES  # what was drawn last, and for which instant
        self._done_us = 0
        self.due_us: int | None = None
        self._turnover = _UNTRADED
        self._halted_us: int | None = None

    def start(self, now_us: int, state: PitState | None = None) -> None:
        """Wait for takers from an instant on, with what was kept of the time before."""
        self._done_us = now_us
        self._await_taker(now_us)
        if state is not None:
            self._quoted_us = state.quoted_us
            self._book = None if state.book is None else MatchingBook(*state.book)
            self._turnover = Turnover(state.last, state.volume, state.hours, state.prints)
            self._halted_us = state.halted_us

    def state(self, now_us: int) -> PitState | None:
        """What cannot be drawn again, as data; None where there is nothing of the kind."""
        book = self._book
        if book is not None and not (book.has_ours() or self._quoted_us == self._quoted(now_us)):
            book = None
        turnover = self._turnover
        if book is None and not turnover.prints and self._halted_us is None:
            return None
        return PitState(
            ticker=self.ticker,
            quoted_us=0 if book is None else self._quoted_us,
            book=None if book is None else (tuple(book.bids), tuple(book.asks)),
            last=turnover.last,
            volume=turnover.volume,
            hours=tuple(turnover.hours.items()),
            prints=turnover.prints,
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
        """P(YES) as the crowd prices it: given what is public, a part of which sinks in late.

        That part is priced as it was on average at equal distances of late. A mean of conditional
        probabilities: legs still sum to 1, and ladders stay in order.
        """
        public, late = self._public(at_us), self.occasion.climate.underreaction
        if not late:
            return public
        step = SINKS_IN_US // SINKS_BY
        earlier = [self._public(at_us - step * number) for number in range(1, SINKS_BY + 1)]
        return public + late * (sum(earlier) / SINKS_BY - public)

    def _public(self, at_us: int) -> float:
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
        if self.has_ours:
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
        return self._quotes(self._last_requote(at_us)) if self.is_open(at_us) else NO_QUOTES

    def _quotes(self, quoted_us: int) -> Quotes:
        return self._drawn(self._touch(self.crowd(quoted_us)), quoted_us)

    def _touch(self, crowd: float) -> Touch:
        return touch_of(self.occasion, self._temper, crowd)

    def _drawn(self, touch: Touch, quoted_us: int) -> Quotes:
        if quoted_us < self.occasion.times.open_us:
            return NO_QUOTES
        return quotes_of(self.occasion, self.ticker, self._temper, touch, quoted_us)

    def _worth(self, fair: float, side: Side) -> int:
        """The worst price at which taking gains the margin after the fee, in raw units."""
        multiplier = self.occasion.plan.fees.multiplier / MILLION
        return int(10_000 * (fair - side.sign * (taker_fee(fair, multiplier) + INFORMED_MARGIN)))

    def _serve(self, at_us: int) -> list[Matched | Printed]:
        """A taker comes. Where nobody reaches the touch, no book is drawn."""
        quoted_us = self._quoted(at_us)
        crowd = self.crowd(quoted_us)
        occasion = self.occasion
        seed, climate = occasion.genesis.seed, occasion.climate
        taker = taker_at(seed, self.ticker, at_us, climate, self._temper)
        wishes = self._wishes(taker, crowd, at_us)
        book = self._kept(quoted_us)
        if book is None:
            touch = self._touch(crowd)
            if not any(touch.is_reached(side, limit) for side, limit in wishes):
                return []
            book = _book(self._drawn(touch, quoted_us))
        for side, limit in wishes:
            happened = self._trade(book, side, limit, taker.units, at_us)
            if happened:
                return happened
        return []

    def _wishes(self, taker: Taker, crowd: float, at_us: int) -> tuple[tuple[Side, int], ...]:
        """What a taker would do, and at which price at the worst: the first that is there."""
        if not taker.informed:
            return ((taker.side, int(10_000 * (crowd + taker.side.sign * taker.reach))),)
        truth = self.truth(at_us)
        return tuple([(side, self._worth(truth, side)) for side in Side])

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
        if self._turnover is _UNTRADED:
            self._turnover = Turnover()
        trade_id = f"{self.ticker}.{self._turnover.count(price, units, at_us)}"
        trade = Trade(trade_id, self.ticker, Price(price), Contracts(units), side.value, at_us)
        return Printed(at_us, trade)

    def tally(self, now_us: int) -> Tally:
        """Statistics as of now, as of the close once that has passed."""
        return self._turnover.tally(min(now_us, self.occasion.times.closed_us))

    def book(self, now_us: int) -> MatchingBook:
        """The book as of now; empty unless the market is open. Call after `run(now_us)`."""
        if not self.is_open(now_us):
            return MatchingBook()
        quoted_us = self._quoted(now_us)
        return self._kept(quoted_us) or _book(self._showing(quoted_us))

    def _showing(self, quoted_us: int) -> Quotes:
        """What makers show, drawn once for all who look at one instant."""
        if self._shown[0] != quoted_us:
            self._shown = quoted_us, self._quotes(quoted_us)
        return self._shown[1]

    def _kept(self, quoted_us: int) -> MatchingBook | None:
        """The book in which somebody's trade or an order of ours still shows, if there is one."""
        book = self._book
        if book is not None and (quoted_us == self._quoted_us or book.has_ours()):
            return book
        return None

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


def _book(quotes: Quotes) -> MatchingBook:
    return MatchingBook(
        [(price, OTHERS, units) for price, units in quotes.bids],
        [(price, OTHERS, units) for price, units in quotes.asks],
    )
