"""The followed books: what the exchange told of each, and when to ask for one again.

A book that lost a frame, or was told something impossible, is unknown until its next snapshot. It
is asked for at once, though not more than once in a moment; one whose snapshots are unusable, or do
not come, is asked for at growing intervals. Times are seconds of a monotonic clock, by argument.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from kalshi_cli.adapters.kalshi.stream.messages import levels
from kalshi_cli.adapters.kalshi.stream.wire import COUNTS, PRICES, DeltaMsg, SnapshotMsg
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.book_levels import BookLevels
from kalshi_cli.errors import InvalidValue

AWAITED = "its first snapshot has not come yet"
IMPOSSIBLE = "a level went below zero, or the book stayed crossed: a change was lost"
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.25, 60.0
_BID, _ASK = Side.BID, Side.ASK
"""Looked up once: a member of an enumeration costs as much as a level's change."""


@dataclass(slots=True)
class FollowedBook:
    """`levels` is None while the book is unknown, for `reason`.

    `asked` counts requests for it since it was last known; the next is due at `ask_at`.
    """

    levels: BookLevels | None = None
    reason: str = AWAITED
    asked: int = 0
    ask_at: float = float("inf")
    last_ask: float = float("-inf")
    is_crossed: bool = False


@dataclass(slots=True)
class Books:
    """`patience_s` is how long a snapshot may take, `now_s` the time. No lost book is due before
    `_look_at`: a thousand of them are not gone through at every frame.
    """

    patience_s: float
    now_s: float = 0.0
    _books: dict[str, FollowedBook] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _look_at: float = float("inf")

    def follow(self, tickers: Collection[str]) -> None:
        for ticker in tickers:
            if ticker not in self._books:
                self._books[ticker] = FollowedBook(ask_at=self.now_s + self.patience_s)
                self._lost.add(ticker)
                self._look_at = min(self._look_at, self.now_s + self.patience_s)

    def unfollow(self, tickers: Collection[str]) -> None:
        for ticker in tickers:
            self._books.pop(ticker, None)
            self._lost.discard(ticker)

    def __contains__(self, ticker: str) -> bool:
        return ticker in self._books

    def __iter__(self) -> Iterator[str]:
        return iter(self._books)

    def reason(self, ticker: str) -> str:
        """Why a book is unknown; empty while it is known."""
        book = self._books[ticker]
        return book.reason if book.levels is None else ""

    def look(self, ticker: str, at_us: int) -> OrderBook | None:
        """A book as it stands; None while it is unknown, or crossed within an action."""
        followed = self._books.get(ticker)
        told = None if followed is None else followed.levels
        if told is None or not told.known:
            return None
        bids, asks = (
            tuple(Level(Price(price), Contracts(units)) for price, units in told.ladder(side))
            for side in (Side.BID, Side.ASK)
        )
        return OrderBook(ticker, bids, asks, at_us)

    def snapshot(self, msg: SnapshotMsg) -> None:
        """Take in a whole book. Raises `InvalidValue` for one that cannot be, and loses it."""
        followed = self._books[msg.market_ticker]
        told = BookLevels()
        try:
            told.snapshot(levels(msg.yes_dollars_fp), levels(msg.no_dollars_fp), msg.clock or 0)
        except InvalidValue as error:
            self.lose(msg.market_ticker, str(error))
            raise
        followed.levels, followed.asked, followed.ask_at = told, 0, float("inf")
        self._lost.discard(msg.market_ticker)

    def delta(self, msg: DeltaMsg) -> bool:
        """Take in a change; whether it mattered. Raises `InvalidValue` and loses the book."""
        followed = self._books.get(msg.market_ticker)
        if followed is None or followed.levels is None:
            return False
        told = followed.levels
        try:
            told.change(
                _BID if msg.side == "yes" else _ASK,
                PRICES[msg.price_dollars],
                COUNTS[msg.delta_fp],
                msg.ts_ms or 0 if msg.clock is None else msg.clock,
            )
        except InvalidValue as error:
            self.lose(msg.market_ticker, str(error))
            raise
        if not told.is_complete:
            self.lose(msg.market_ticker, IMPOSSIBLE)
            raise InvalidValue(IMPOSSIBLE)
        return True

    def lose(self, ticker: str, reason: str) -> None:
        """A book is unknown from now on."""
        followed = self._books[ticker]
        followed.levels, followed.reason, followed.is_crossed = None, reason, False
        self._lost.add(ticker)
        due = max(self.now_s, followed.last_ask + _pause_s(followed.asked))
        followed.ask_at = min(followed.ask_at, due)
        self._look_at = min(self._look_at, followed.ask_at)

    def lose_all(self, reason: str) -> list[str]:
        """No book is known any more; those that were."""
        known = [ticker for ticker, book in self._books.items() if book.levels is not None]
        for ticker in known:
            self.lose(ticker, reason)
        return known

    def awaits(self, tickers: Collection[str]) -> None:
        """The exchange is about to send these without being asked for each."""
        for ticker in tickers:
            if (book := self._books.get(ticker)) is not None and book.levels is None:
                book.ask_at = self.now_s + self.patience_s

    @property
    def may_be_due(self) -> bool:
        """Whether any book may have to be asked for."""
        return self._look_at <= self.now_s

    def due(self, covered: Collection[str]) -> list[str]:
        """The covered books to be asked for now; they are then asked for, and have their time. So
        have those that are not covered: their first snapshot comes without being asked for.
        """
        if not self.may_be_due:
            return []
        overdue = [ticker for ticker in self._lost if self._books[ticker].ask_at <= self.now_s]
        due = [ticker for ticker in overdue if ticker in covered]
        for ticker in overdue:
            self._books[ticker].ask_at = self.now_s + self.patience_s
        for ticker in due:
            book = self._books[ticker]
            book.asked += 1
            book.last_ask = self.now_s
            book.ask_at = self.now_s + max(self.patience_s, _pause_s(book.asked))
        self._look_at = min((self._books[t].ask_at for t in self._lost), default=float("inf"))
        return due

    def tick(self) -> list[str]:
        """A while has passed: books that stayed crossed meanwhile are lost; their tickers."""
        lost: list[str] = []
        for ticker, book in self._books.items():
            if book.levels is None:
                continue
            crossed = not book.levels.known
            if crossed and book.is_crossed:
                lost.append(ticker)
            book.is_crossed = crossed
        for ticker in lost:
            self.lose(ticker, IMPOSSIBLE)
        return lost


def _pause_s(asked: int) -> float:
    """How long to leave a book alone that was asked for so often, and is not known since."""
    return min(_LONGEST_WAIT_S, _SHORTEST_WAIT_S * 2.0 ** min(asked, 10))
