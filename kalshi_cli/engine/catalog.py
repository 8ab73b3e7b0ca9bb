"""What the exchange has ever listed, kept also when the world has forgotten it."""

from dataclasses import dataclass, field, replace

from kalshi_cli.domain.fees import FeeTerms, effective_terms
from kalshi_cli.domain.market import Event, Market, MarketStatus, Series, Trade
from kalshi_cli.engine.world import Listed, Moved, Tally

PRINTS_KEPT = 100


@dataclass(slots=True)
class Catalog:
    """Series, events and markets in order of listing; the newest prints of live markets.

    `tallies` holds the last statistics of markets that no longer trade.
    """

    series: dict[str, Series] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    legs: dict[str, list[str]] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    prints: dict[str, list[Trade]] = field(default_factory=dict)

    def list_event(self, listed: Listed) -> None:
        self.series.setdefault(listed.series.ticker, listed.series)
        self.events.setdefault(listed.event.event_ticker, listed.event)
        legs = self.legs.setdefault(listed.event.event_ticker, [])
        for market in listed.markets:
            self.markets[market.ticker] = replace(market, updated_us=listed.at_us)
            legs.append(market.ticker)

    def move(self, moved: Moved) -> Market:
        """Change a market's status; its close time moves when it closes early."""
        market = replace(self.markets[moved.ticker], status=moved.status, updated_us=moved.at_us)
        if moved.status is MarketStatus.CLOSED:
            market = replace(market, close_us=min(market.close_us, moved.at_us))
        if moved.result is not None:
            market = replace(market, result=moved.result, settlement_value=moved.value)
        if moved.status is MarketStatus.FINALIZED:
            market = replace(market, settlement_us=moved.at_us)
            self.prints.pop(moved.ticker, None)
        self.markets[moved.ticker] = market
        return market

    def record_print(self, trade: Trade) -> None:
        kept = self.prints.setdefault(trade.ticker, [])
        kept.append(trade)
        if len(kept) > 2 * PRINTS_KEPT:
            del kept[:-PRINTS_KEPT]

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
