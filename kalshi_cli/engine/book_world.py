"""The book world: recorded order books on their own clock, with our orders in estimated queues.

What is recorded and what is estimated is stated in `BookWorld.description` and must be shown
wherever results are. Where the recording of a market has a hole, the market is paused.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import to_rfc3339
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import NO_ASK, NO_BID, Ladder
from kalshi_cli.engine.book_tape import BookRecording, BookTape, Stretch
from kalshi_cli.engine.playback import Playback, Played, in_order, told
from kalshi_cli.engine.recorded_book import Ours, RecordedBook
from kalshi_cli.engine.tape_queue import QueueRule
from kalshi_cli.engine.world import Execution, Matched, Moved, Occurrence, Printed, Tally
from kalshi_cli.errors import InvalidValue

_SPREAD = {
    QueueRule.PESSIMISTIC: "taken to be all behind us",
    QueueRule.PROPORTIONAL: "taken to be spread evenly over it",
    QueueRule.OPTIMISTIC: "taken to be all ahead of us",
}
_UNTRADED = Tally(None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS)


@dataclass(frozen=True, slots=True)
class BookPit:
    """What is ours in one market.

    `paused_us` is since when it is paused on demand. A book is stale between the end of such a
    pause and the next advance: what came in the meantime comes then.
    """

    ticker: str
    ours: Ours
    paused_us: int | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class BookState:
    """A book world as data: books are played again from the recording."""

    played: Played
    pits: tuple[BookPit, ...] = ()


class BookWorld:
    """A `World` that replays recorded books. `advance` lists a market where its book begins.

    Raises `InvalidValue` for the state of another recording.
    """

    def __init__(
        self,
        books: BookRecording,
        *,
        rule: QueueRule = QueueRule.PROPORTIONAL,
        state: BookState | None = None,
    ) -> None:
        self._tapes, self._rule = books.tapes, rule
        self._playback = Playback(books.recording, None if state is None else state.played)
        self._books: dict[str, RecordedBook] = {}
        self._paused: dict[str, int] = {}
        self._stale: set[str] = set()
        for pit in () if state is None else state.pits:
            self._resume(pit)

    def _resume(self, pit: BookPit) -> None:
        if pit.paused_us is not None:
            self._paused[pit.ticker] = pit.paused_us
        book = self._book(pit.ticker)
        book.ours = pit.ours
        if pit.stale:
            self._stale.add(pit.ticker)
            book.lose()

    @property
    def state(self) -> BookState:
        pits = (
            BookPit(ticker, book.ours, self._paused.get(ticker), ticker in self._stale)
            for ticker, book in sorted(self._books.items())
        )
        mine = tuple(pit for pit in pits if pit != BookPit(pit.ticker, Ours()))
        return BookState(self._playback.state, mine)

    @property
    def world_id(self) -> str:
        recording = self._playback.recording
        return f"books:{recording.digest}:{to_rfc3339(recording.start_us)}"

    @property
    def description(self) -> str:
        recording = self._playback.recording
        aside = "; ".join(f"{n:,} {why}" for why, n in recording.set_aside.items() if n)
        return (
            f"Recorded order books, {recording.name}: every level as the exchange told it. Trades "
            "are inferred: the ticker tells how much traded and at which last price, and the "
            "changes of the book that add up to it are taken for the trades. Our place in a queue "
            "is estimated: all that is displayed when we join is ahead, prints go through it "
            f"first, and cancellations are {_SPREAD[self._rule]}. A resting order fills when the "
            "prints reach it, go through its price, or others come to rest against it, never for "
            "more than that; what we take is gone until the level is empty; nobody reacts to us. "
            "Where the recording has a hole the market is paused. Results are as recorded, paid "
            "six minutes after the close. Fees: quadratic, multiplier 1. "
            f"Set aside: {aside or 'nothing'}."
        )

    @property
    def now_us(self) -> int:
        return self._playback.now_us

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        """Move to an instant; everything on the tapes until then, in order of time."""
        since, happened = self._playback.move(to_us)
        for event in self._playback.live:
            for recorded in event.markets:
                ticker, close_us = recorded.market.ticker, recorded.market.close_us
                end_us = min(to_us, close_us - 1)
                happened.extend(_holes(ticker, self._tapes[ticker], since, end_us))
                happened.extend(self._play(ticker, since, end_us))
                if to_us >= close_us:
                    self._books.pop(ticker, None)
                    self._paused.pop(ticker, None)
                    self._stale.discard(ticker)
        return in_order(happened)

    def ladders(self, ticker: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        if not self._is_open(ticker):
            return (), ()
        book = self._book(ticker)
        return _levels(book.display(Side.BID)), _levels(book.display(Side.ASK))

    def tally(self, ticker: str) -> Tally:
        """What the ticker told last: these markets live for less than a day."""
        recorded, statistics = self._playback.market(ticker), self._tapes[ticker].statistics
        at_us = self._paused.get(ticker, min(self.now_us, recorded.market.close_us))
        index = bisect_right(statistics.at_us, at_us) - 1
        if index < 0:
            return _UNTRADED
        volume = Contracts(statistics.volume[index])
        return Tally(
            last=Price(statistics.last[index]),
            volume=volume,
            volume_24h=volume,
            open_interest=Contracts(statistics.open_interest[index]),
        )

    def take(
        self, ticker: str, side: Side, limit: Price, count: Contracts
    ) -> tuple[Execution, ...]:
        if not self._is_open(ticker):
            return ()
        taken = self._book(ticker).take(side, limit.units, count.units)
        for price, units in taken:
            self._playback.print_own(ticker, side, price, units)
        return tuple(Execution(Price(price), Contracts(units)) for price, units in taken)

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        if not self._is_open(ticker):
            raise InvalidValue(f"{ticker} does not trade now.")
        self._book(ticker).join(order_id, side, price.units, count.units)

    def leave(self, ticker: str, order_id: str) -> None:
        book = self._books.get(ticker)
        if book is not None and any(own.order_id == order_id for own in book.ours.waiting):
            book.resize(order_id, 0)

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        self._book(ticker).resize(order_id, count.units)

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        """The queue as estimated at its price, and our own orders before it."""
        return Contracts(self._book(ticker).ahead(order_id))

    def set_trading(self, ticker: str, *, active: bool) -> None:
        """While paused the tape runs on unseen. After it our orders are where they were.

        No more is then ahead of them than is displayed at their price.
        """
        book = self._book(ticker)
        if not active:
            self._paused.setdefault(ticker, self.now_us)
        elif self._paused.pop(ticker, None) is not None:
            self._stale.add(ticker)
            book.lose()

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        """The recorded touch of that moment; neither side in a hole of the recording."""
        market, tape = self._playback.market(ticker).market, self._tapes[ticker]
        index = bisect_right(tape.touches.at_us, at_us) - 1
        if not market.open_us <= at_us < market.close_us or tape.stretch_at(at_us) is None:
            return None, None
        bid, ask = tape.touches.bid[index], tape.touches.ask[index]
        return None if bid == NO_BID else Price(bid), None if ask == NO_ASK else Price(ask)

    def truth(self, ticker: str) -> float | None:
        """Nobody knows the truth behind a recording."""
        self._playback.market(ticker)
        return None

    def _is_open(self, ticker: str) -> bool:
        return self._playback.is_open(self._playback.market(ticker))

    def _book(self, ticker: str) -> RecordedBook:
        """The book of a market now: played from its snapshot when first looked at."""
        if ticker not in self._books:
            self._books[ticker] = self._replayed(ticker, self._paused.get(ticker, self.now_us))
        return self._books[ticker]

    def _replayed(self, ticker: str, at_us: int) -> RecordedBook:
        """A book as recorded at an instant, with nothing of ours in it."""
        self._playback.market(ticker)
        book, tape = RecordedBook(self._rule), self._tapes[ticker]
        stretch = tape.stretch_at(at_us)
        if stretch is not None:
            _begin(book, stretch)
            _feed(book, tape, stretch, stretch.start_us - 1, at_us)
        return book

    def _play(self, ticker: str, since: int, to_us: int) -> Iterator[Matched | Printed]:
        """The prints after one instant and up to another, and what happens to our orders."""
        if ticker in self._paused:
            return
        tape = self._tapes[ticker]
        for index in _between(tape.prints.at_us, since, to_us):
            yield told(tape.prints, ticker, index)
        if ticker in self._stale:
            self._catch_up(ticker, since)
        for stretch in tape.stretches if ticker in self._books else ():
            if stretch.start_us > to_us or stretch.end_us < since:
                continue
            if stretch.start_us > since:
                self._books[ticker] = RecordedBook(self._rule)
                _begin(self._books[ticker], stretch)
            book = self._books[ticker]
            _feed(book, tape, stretch, max(since, stretch.start_us - 1), to_us)
            if to_us > stretch.end_us:
                book.lose()
            for at_us, order_id, price, units in book.fills():
                yield Matched(at_us, ticker, order_id, Execution(Price(price), Contracts(units)))

    def _catch_up(self, ticker: str, at_us: int) -> None:
        """After a pause on demand, everything that came while it lasted comes at once."""
        self._stale.remove(ticker)
        recorded = self._replayed(ticker, at_us)
        if recorded.known:
            bids, asks = recorded.ladder(Side.BID), recorded.ladder(Side.ASK)
            self._books[ticker].snapshot(bids, asks, at_us)


def _begin(book: RecordedBook, stretch: Stretch) -> None:
    book.snapshot(stretch.bids, stretch.asks, stretch.start_us)


def _feed(book: RecordedBook, tape: BookTape, stretch: Stretch, since: int, to_us: int) -> None:
    """The changes and prints of a stretch after one instant and up to another."""
    prints, to_us = tape.prints, min(to_us, stretch.end_us)
    due = iter(_between(prints.at_us, since, to_us) if book.ours.waiting else ())
    index = next(due, None)
    for at_us, on_bid, price, by in stretch.changes.rows(since, to_us):
        while index is not None and prints.at_us[index] <= at_us:
            hits = Side.ASK if prints.bought[index] else Side.BID
            book.printed(prints.price[index], prints.units[index], hits, prints.at_us[index])
            index = next(due, None)
        book.change(Side.BID if on_bid else Side.ASK, price, by, at_us)
    book.settle()


def _between(at_us: Sequence[int], since: int, to_us: int) -> range:
    """Indices of a column of instants after one and up to another."""
    return range(bisect_right(at_us, since), bisect_right(at_us, to_us))


def _holes(ticker: str, tape: BookTape, since: int, to_us: int) -> Iterator[Moved]:
    """The pauses of a market where its recording stops, and their ends."""
    for number, stretch in enumerate(tape.stretches):
        if number and since < stretch.start_us <= to_us:
            yield Moved(stretch.start_us, ticker, MarketStatus.ACTIVE)
        if since <= stretch.end_us < to_us:
            yield Moved(stretch.end_us + 1, ticker, MarketStatus.INACTIVE)


def _levels(ladder: Ladder) -> tuple[Level, ...]:
    return tuple(Level(Price(price), Contracts(units)) for price, units in ladder)
