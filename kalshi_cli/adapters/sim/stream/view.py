"""The exchange as it is after a command, each market looked at once at most."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kalshi_cli.adapters.sim.stream.wire import to_ms
from kalshi_cli.adapters.sim.wire.markets import WITH_BOOK, Wire
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.domain.market import Market
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.world import Tally

Ladders = tuple[tuple[Level, ...], tuple[Level, ...]]
Units = Mapping[int, int]
"""Contracts by YES price, both in their units."""

NO_LADDERS: Ladders = ((), ())
UNTRADED = Tally(None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS)


@dataclass(slots=True)
class View:
    """What the stream reads of an exchange. Markets that do not trade have no ladders."""

    exchange: Exchange
    clock: int
    """How many commands the exchange has obeyed."""
    now_us: int = field(init=False)
    stamp: Wire = field(init=False)
    """Clock and time, as the changes that the command made are told with."""
    _ladders: dict[str, Ladders] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now_us = self.exchange.now_us
        ts, ts_ms = to_ms(self.now_us), self.now_us // MILLISECOND
        self.stamp = {"clock": self.clock, "ts": ts, "ts_ms": ts_ms}

    def market(self, ticker: str) -> Market | None:
        return self.exchange.catalog.markets.get(ticker)

    def ladders(self, ticker: str) -> Ladders:
        """Bids and asks, best first."""
        found = self._ladders.get(ticker)
        if found is None:
            market = self.market(ticker)
            trades = market is not None and market.status in WITH_BOOK
            found = self.exchange.world.ladders(ticker) if trades else NO_LADDERS
            self._ladders[ticker] = found
        return found

    def units(self, ticker: str) -> dict[Side, Units]:
        """Both ladders as units."""
        bids, asks = self.ladders(ticker)
        return {Side.BID: _units(bids), Side.ASK: _units(asks)}

    def tally(self, ticker: str) -> Tally:
        market = self.market(ticker)
        if market is not None and market.status in WITH_BOOK:
            return self.exchange.world.tally(ticker)
        return self.exchange.catalog.tallies.get(ticker, UNTRADED)


def _units(ladder: tuple[Level, ...]) -> Units:
    return {level.price.units: level.count.units for level in ladder}
