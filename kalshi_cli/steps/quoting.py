"""Quotes that rest: seen close up before a maker speaks, then kept, made to last, or taken away.

A quote is only what its strategy would quote now: one that nobody attends to goes. What goes is
cancelled before anything is placed in its stead, so that a market never has two of a side.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from kalshi_cli.domain.adjusting import Adjustment, quote_adjustment
from kalshi_cli.domain.book import OrderBook
from kalshi_cli.domain.market import MarketStatus, Trade
from kalshi_cli.domain.order import LIVE, WORKING, Order, OrderIntent, Pending, Purpose, Terms
from kalshi_cli.domain.proposal import Proposal
from kalshi_cli.errors import ExchangeRefusal
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.isolating import one_line
from kalshi_cli.strategies._base import Candidate, Strategy, View


@dataclass(frozen=True, slots=True)
class CloseUp:
    """What a strategy sees, and the books in it as they are, ours in them."""

    view: View
    books: Mapping[str, OrderBook]


class Close(Protocol):
    """Who shows a strategy the markets that it watches close up."""

    async def seen(self, strategy: Strategy, view: View, desk: DeskView) -> CloseUp | str:
        """The view with what the strategy watches, or what is wrong with the strategy."""
        ...


@dataclass(slots=True)
class CloseUps:
    """Books and tapes of the markets that strategies watch, read for one pass of trading.

    A tape is read once, as far back as a strategy looks; a book each time, for orders of ours may
    have left it.
    """

    data: MarketData
    _tapes: dict[tuple[str, int], tuple[Trade, ...] | None] = field(default_factory=dict)

    async def seen(self, strategy: Strategy, view: View, desk: DeskView) -> CloseUp | str:
        """As `Close` has it."""
        try:
            shown = {c.market.ticker for c in (*view.candidates, *view.dropped)}
            wanted = sorted({*strategy.watches(view)} & shown)
            since_us = view.now_us - strategy.tape_us
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is its own fault
            return one_line(f"{type(error).__name__}: {error}")
        if not wanted:
            return CloseUp(view, {})
        books = await self.data.books(wanted)
        for ticker in wanted:
            if ticker in books and (ticker, since_us) not in self._tapes:
                self._tapes[ticker, since_us] = await self._tape(ticker, since_us)
        tapes = {ticker: self._tapes[ticker, since_us] for ticker in wanted if ticker in books}
        candidates = tuple(_close_up(each, books, tapes, desk) for each in view.candidates)
        dropped = tuple(_close_up(each, books, tapes, desk) for each in view.dropped)
        return CloseUp(replace(view, candidates=candidates, dropped=dropped), books)

    async def _tape(self, ticker: str, since_us: int) -> tuple[Trade, ...] | None:
        """None where the exchange does not tell: the market is then not quoted."""
        try:
            page = await self.data.trades(ticker, since_us)
        except ExchangeRefusal:
            return None
        return page.items if not page.unusable else None


def _close_up(
    candidate: Candidate,
    books: Mapping[str, OrderBook],
    tapes: Mapping[str, tuple[Trade, ...] | None],
    desk: DeskView,
) -> Candidate:
    book = books.get(candidate.market.ticker)
    if book is None:
        return candidate
    tape = tapes[candidate.market.ticker]
    return replace(candidate, book=desk.book_of_others(book), trades=tape)


@dataclass(frozen=True, slots=True)
class QuoteChanges:
    """What is to become of quotes that rest: cancelled, made smaller, or made to last."""

    gone: tuple[Order, ...]
    smaller: tuple[tuple[Order, OrderIntent], ...]
    renewed: tuple[tuple[Order, Terms], ...]


def quote_changes(
    quotes: Iterable[Order], wanted: Sequence[OrderIntent], now_us: int
) -> QuoteChanges:
    """Hold resting quotes against those wanted now, by market and side."""
    named = {(intent.ticker, intent.side): intent for intent in wanted}
    gone: list[Order] = []
    smaller: list[tuple[Order, OrderIntent]] = []
    renewed: list[tuple[Order, Terms]] = []
    for order in quotes:
        intent = named.get((order.intent.ticker, order.intent.side))
        match quote_adjustment(order, intent, now_us):
            case Adjustment.KEEP:
                pass
            case Adjustment.DECREASE if intent is not None:
                smaller.append((order, intent))
            case Adjustment.RENEW if intent is not None:
                terms = Terms(order.intent.limit, order.intent.count, intent.expires_us)
                renewed.append((order, terms))
            case _:
                gone.append(order)
    return QuoteChanges(tuple(gone), tuple(smaller), tuple(renewed))


def quotes_of(orders: Iterable[Order]) -> tuple[Order, ...]:
    """Resting quotes that no request is under way about."""
    return tuple(
        order
        for order in orders
        if order.intent.purpose is Purpose.QUOTE
        and order.state in WORKING
        and order.pending is Pending.NONE
    )


def unquoted(proposals: Iterable[Proposal], orders: Iterable[Order]) -> tuple[Proposal, ...]:
    """The proposals without those of quotes for which one lives already."""
    live = {
        (order.intent.ticker, order.intent.side)
        for order in orders
        if order.intent.purpose is Purpose.QUOTE and order.state in LIVE
    }
    return tuple(
        proposal
        for proposal in proposals
        if proposal.purpose is not Purpose.QUOTE or (proposal.ticker, proposal.side) not in live
    )


def withdrawn(
    view: DeskView, books: Mapping[str, OrderBook], strategies: Iterable[Strategy]
) -> dict[Order, str]:
    """Quotes that are to go at once, with why: their strategy says so, or nobody can.

    `books` hold ours as well; a market without one is one whose book is not known.
    """
    by_name = {strategy.name: strategy for strategy in strategies}
    found: dict[Order, str] = {}
    for order in quotes_of(view.orders):
        entry, strategy = view.entries.get(order.intent.ticker), by_name.get(order.intent.strategy)
        book = books.get(order.intent.ticker)
        if strategy is None:
            reason = "nobody attends to it"
        elif entry is None or entry.market.status is not MarketStatus.ACTIVE:
            reason = "the market does not trade"
        else:
            others = None if book is None else view.book_of_others(book)
            reason = why_withdrawn(strategy, order, others)
        if reason:
            found[order] = reason
    return found


def why_withdrawn(strategy: Strategy, quote: Order, others: OrderBook | None) -> str:
    """Why a quote is to go, by its strategy; one that breaks attends to nothing. Empty to stay."""
    try:
        return strategy.withdraws(quote, others)
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is its own fault
        return f"{type(error).__name__}: {error}"
