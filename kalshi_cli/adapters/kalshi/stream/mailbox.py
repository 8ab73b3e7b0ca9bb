"""What the consumer has not taken yet. It is bounded, however slow the consumer is.

Books and quotes are kept as marks: the newest state is what is told. Trades of a market, account
events and market changes are queues; one that overflows is emptied and becomes the read that makes
good for it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.ports.exchange import Unusable
from kalshi_cli.ports.stream import (
    BookLost,
    EventFees,
    Link,
    MarketChange,
    Read,
    Resync,
    StreamEvent,
    StreamQuote,
)

SLOW = "the consumer was too slow"
Look = Callable[[str], OrderBook | BookLost | None]
"""A book as it stands; None for one that must be looked at later."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait: trades of one market and of all, account events, market changes, refusals;
    and how many books and quotes are handed over at once.
    """

    trades_a_market: int = 1_000
    trades: int = 50_000
    account: int = 10_000
    changes: int = 10_000
    unusable: int = 100
    batch: int = 500


DEFAULT_BOUNDS = Bounds()


@dataclass(slots=True)
class _Queue:
    """Events in order, at most so many; `since_us` is from when to read what they told."""

    most: int
    reads: tuple[Read, ...]
    events: list[StreamEvent] = field(default_factory=list)
    since_us: int | None = None

    def emptied(self) -> list[StreamEvent]:
        taken, self.events = self.events, []
        return taken


@dataclass(slots=True)
class Mailbox:
    bounds: Bounds = DEFAULT_BOUNDS
    books: dict[str, None] = field(default_factory=dict)
    _link: Link | None = None
    _quotes: dict[str, StreamQuote] = field(default_factory=dict)
    _trades: dict[str, deque[Trade]] = field(default_factory=dict)
    _waiting_trades: int = 0
    _account: "_Queue" = field(init=False)
    _changes: "_Queue" = field(init=False)
    _unusable: deque[Unusable] = field(default_factory=deque)
    _due: dict[tuple[Read, str], Resync] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._account = _Queue(self.bounds.account, (Read.ORDERS, Read.FILLS, Read.POSITIONS))
        self._changes = _Queue(self.bounds.changes, (Read.MARKETS,))

    def put(self, event: StreamEvent, since_us: int | None) -> None:
        """Keep an event. `since_us` is from when a queue that overflows is to be read again."""
        match event:
            case StreamQuote():
                self._quotes[event.ticker] = event
            case Trade():
                self._put_trade(event, since_us)
            case Fill() | OrderReport() | ExchangePosition():
                self._queue(self._account, event, since_us)
            case MarketChange() | EventFees():
                self._queue(self._changes, event, since_us)
            case Unusable():
                self._unusable.append(event)
                if len(self._unusable) > self.bounds.unusable:
                    self._unusable.popleft()
            case Link():
                self._link = event
            case Resync():
                self._put_due(event)
            case OrderBook() | BookLost():
                self.books[event.ticker] = None

    def forget(self, ticker: str) -> None:
        """Nothing of this market is wanted any more."""
        self.books.pop(ticker, None)
        self._quotes.pop(ticker, None)
        self._waiting_trades -= len(self._trades.pop(ticker, ()))

    def __bool__(self) -> bool:
        return bool(
            self.books
            or self._quotes
            or self._trades
            or self._account.events
            or self._changes.events
            or self._due
            or self._unusable
            or self._link
        )

    def take(self, look: Look) -> Iterator[StreamEvent]:
        """Hand over what waits. Reads that are due come last, so that they see the rest."""
        if self._link is not None:
            yield self._link
            self._link = None
        yield from self._changes.emptied()
        yield from self._account.emptied()
        for trades in self._trades.values():
            yield from trades
        self._trades.clear()
        self._waiting_trades = 0
        for ticker in list(self._quotes)[: self.bounds.batch]:
            yield self._quotes.pop(ticker)
        for ticker in list(self.books)[: self.bounds.batch]:
            del self.books[ticker]
            book = look(ticker)
            if book is not None:
                yield book
        yield from self._unusable
        self._unusable.clear()
        yield from self._due.values()
        self._due.clear()

    def _queue(self, queue: "_Queue", event: StreamEvent, since_us: int | None) -> None:
        if not queue.events:
            queue.since_us = since_us
        queue.events.append(event)
        if len(queue.events) > queue.most:
            queue.events.clear()
            for read in queue.reads:
                self._put_due(Resync(read, "", queue.since_us, SLOW))

    def _put_trade(self, trade: Trade, since_us: int | None) -> None:
        waiting = self._trades.setdefault(trade.ticker, deque())
        waiting.append(trade)
        self._waiting_trades += 1
        full = self._waiting_trades > self.bounds.trades
        if full or len(waiting) > self.bounds.trades_a_market:
            for ticker in list(self._trades) if full else [trade.ticker]:
                oldest = self._trades.pop(ticker)
                self._waiting_trades -= len(oldest)
                first_us = min(each.at_us for each in oldest)
                since = first_us if since_us is None else min(first_us, since_us)
                self._put_due(Resync(Read.TRADES, ticker, since, SLOW))

    def _put_due(self, due: Resync) -> None:
        """One read of a kind is enough: from the earlier of the two instants."""
        key = due.read, due.ticker
        before = self._due.get(key)
        if before is not None:
            earlier = None
            if before.since_us is not None and due.since_us is not None:
                earlier = min(before.since_us, due.since_us)
            due = Resync(due.read, due.ticker, earlier, due.reason)
        self._due[key] = due
