"""What the exchange has ever listed, kept also when the world has forgotten it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kalshi_cli.domain.fees import FeeTerms, effective_terms
from kalshi_cli.domain.market import Event, Market, MarketStatus, Series, Trade
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.market_lists import Key, MarketLists
from kalshi_cli.engine.print_log import PrintLog
from kalshi_cli.engine.world import Listed, Moved, Tally


class _Drawn:
    """What is drawn up from the rest of a catalog when first asked for: no part of its state."""

    __slots__ = ("_lists",)

    _lists: MarketLists | None

    def _draw(self, lists: MarketLists | None) -> None:
        self._lists = lists


@dataclass(slots=True)
class Catalog(_Drawn):
    """Series, events and markets in order of listing, and the public trades.

    `created` is when each market was listed. `tallies` holds the last statistics of markets that
    no longer trade.
    """

    archive: Archive = field(default_factory=Archive)
    series: dict[str, Series] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    legs: dict[str, list[str]] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    prints: PrintLog = field(default_factory=PrintLog)

    def __post_init__(self) -> None:
        self._draw(None)

    def list_event(self, listed: Listed) -> None:
        event = listed.event
        self.series.setdefault(listed.series.ticker, listed.series)
        if event.event_ticker not in self.events:
            self.events[event.event_ticker] = event
            if self._lists is not None:
                self._lists.add_event(event)
        legs = self.legs.setdefault(event.event_ticker, [])
        for market in listed.markets:
            is_new = market.updated_us == listed.at_us
            told = market if is_new else replace(market, updated_us=listed.at_us)
            self._list_market(told, listed.at_us)
            legs.append(market.ticker)

    def _list_market(self, market: Market, at_us: int) -> None:
        self.markets[market.ticker] = market
        self.created[market.ticker] = at_us
        if self._lists is not None:
            self._lists.add(market, at_us)

    def move(self, moved: Moved) -> Market:
        """Change a market's status; its close time moves when it closes early."""
        before = self.markets[moved.ticker]
        market = replace(before, status=moved.status, updated_us=moved.at_us)
        if moved.status is MarketStatus.CLOSED:
            market = replace(market, close_us=min(market.close_us, moved.at_us))
        if moved.result is not None:
            market = replace(market, result=moved.result, settlement_value=moved.value)
        if moved.status is MarketStatus.FINALIZED:
            market = replace(market, settlement_us=moved.at_us)
        self.markets[moved.ticker] = market
        if self._lists is not None:
            self._lists.change(before, market, self.created[moved.ticker])
        return market

    def record_print(self, trade: Trade) -> None:
        self.prints.append(trade, most=self.archive.prints)

    def lists(self, now_us: int) -> MarketLists:
        """What the exchange lists, as it is archived now."""
        lists = self._lists or self._drawn_up()
        lists.archive(self.archive.market_settled(now_us))
        return lists

    def _drawn_up(self) -> MarketLists:
        lists = MarketLists()
        for event in self.events.values():
            lists.add_event(event)
        for ticker, market in self.markets.items():
            lists.add(market, self.created[ticker])
        self._draw(lists)
        return lists

    def is_archived(self, market: Market, now_us: int) -> bool:
        """Whether a market is to be found among the historical ones only."""
        settled_us = market.settlement_us
        return settled_us is not None and settled_us < self.archive.market_settled(now_us)

    def named(self, tickers: Collection[str], event: str, series: str) -> Iterable[str]:
        """The markets that a filter spells out: some tickers, else an event's, else a series'."""
        if tickers:
            return tickers
        events = [event] if event else self.events_of(series)
        return (ticker for each in events for ticker in self.legs.get(each, ()))

    def keys(self, tickers: Iterable[str], now_us: int, *, archived: bool) -> Iterator[Key]:
        """Where markets are in the order of creation: those that exist and are archived or not."""
        for ticker in tickers:
            market = self.markets.get(ticker)
            if market is not None and self.is_archived(market, now_us) is archived:
                yield self.created[ticker], ticker

    def events_of(self, series_ticker: str) -> Sequence[str]:
        """The events of a series, oldest first."""
        lists = self._lists or self._drawn_up()
        return lists.events_of.get(series_ticker, ())

    def event_created(self, event_ticker: str) -> int:
        """When an event was listed: with the first of its markets."""
        return self.created[self.legs[event_ticker][0]]

    def fee_terms(self, ticker: str, now_us: int, *, waived: bool = True) -> FeeTerms:
        """The terms in force; `waived=False` leaves a passing waiver out, for reservations."""
        market = self.markets[ticker]
        event = self.events[market.event_ticker]
        return effective_terms(
            self.series[event.series_ticker].fees,
            event.fees,
            market.fee_waiver_expires_us if waived else None,
            now_us,
        )
