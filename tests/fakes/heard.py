"""What the stream would tell of the scriptable exchange: whatever is other than it was."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from fakes.exchange import FakeExchange

from kalshi_cli.domain.account import ExchangePosition
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts
from kalshi_cli.domain.order import OrderReport
from kalshi_cli.ports.stream import BookLost, Change, Link, MarketChange, StreamEvent

_CHANGES = {
    MarketStatus.INACTIVE: Change.DEACTIVATED,
    MarketStatus.ACTIVE: Change.ACTIVATED,
    MarketStatus.DETERMINED: Change.DETERMINED,
    MarketStatus.FINALIZED: Change.SETTLED,
}


@dataclass
class FakeStream:
    """`ports.stream.Stream`; `told()` is what a consumer that is not waited for would take."""

    exchange: FakeExchange
    link: Link = field(default_factory=lambda: Link(connected=True))
    tally: Mapping[str, int] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    heard_us: int | None = None
    _books: dict[str, OrderBook] = field(default_factory=dict)
    _fills: int = 0
    _reports: dict[str, OrderReport] = field(default_factory=dict)
    _nets: dict[str, Contracts] = field(default_factory=dict)
    _statuses: dict[str, MarketStatus] = field(default_factory=dict)

    def follow(self, tickers: Collection[str]) -> None:
        self.followed |= set(tickers)

    def unfollow(self, tickers: Collection[str]) -> None:
        self.followed -= set(tickers)
        for ticker in tickers:
            self._books.pop(ticker, None)

    def book(self, ticker: str) -> OrderBook | None:
        if ticker not in self.followed or ticker in self.lost:
            return None
        book = self.exchange.book(ticker)
        return book if self.heard_us is None else replace(book, at_us=self.heard_us)

    async def take(self) -> tuple[StreamEvent, ...]:
        return self.told()

    def told(self) -> tuple[StreamEvent, ...]:
        return (*self._changes(), *self._account(), *self._changed_books())

    def _changes(self) -> list[StreamEvent]:
        found: list[StreamEvent] = []
        for ticker, market in self.exchange.markets.items():
            before = self._statuses.setdefault(ticker, MarketStatus.ACTIVE)
            if market.status is not before:
                self._statuses[ticker] = market.status
                found.append(MarketChange(ticker, _CHANGES[market.status]))
        return found

    def _account(self) -> list[StreamEvent]:
        fills = self.exchange.all_fills[self._fills :]
        self._fills += len(fills)
        reports = [r for name, r in self.exchange.reports.items() if self._reports.get(name) != r]
        self._reports = dict(self.exchange.reports)
        nets = self.exchange.nets
        moved = [
            ExchangePosition(ticker, nets.get(ticker, NO_CONTRACTS))
            for ticker in sorted(nets.keys() | self._nets.keys())
            if nets.get(ticker) != self._nets.get(ticker)
        ]
        self._nets = dict(nets)
        return [*reports, *fills, *moved]

    def _changed_books(self) -> list[StreamEvent]:
        found: list[StreamEvent] = []
        for ticker in sorted(self.followed):
            book = self.book(ticker)
            before = self._books.get(ticker)
            if book is None:
                if self._books.pop(ticker, None) is not None:
                    found.append(BookLost(ticker, "a test lost it"))
            elif before is None or (before.bids, before.asks) != (book.bids, book.asks):
                self._books[ticker] = book
                found.append(book)
        return found
