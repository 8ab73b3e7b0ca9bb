"""The ticker channel: a market's quote and statistics, told whenever any of it changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kalshi_cli.adapters.sim.stream.view import View
from kalshi_cli.adapters.sim.stream.wire import to_ms
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.domain.money import NO_CONTRACTS, ONE_DOLLAR, ZERO_PRICE, Contracts
from kalshi_cli.engine.world import Tally

_UNITS_A_DOLLAR = 200
"""The exchange counts every contract, of $1, as half a dollar of volume and of open interest."""


@dataclass(frozen=True, slots=True)
class Ticker:
    """What the channel tells of a market; None where a side is empty."""

    bid: Level | None
    ask: Level | None
    tally: Tally
    last_size: Contracts


class Tickers:
    """What was told last, by market."""

    def __init__(self) -> None:
        self._told: dict[str, Ticker] = {}

    def look(self, ticker: str, view: View) -> Ticker:
        """The market as it is now; the size of a trade long past is known only from here."""
        bids, asks = view.ladders(ticker)
        last, told = next(view.exchange.catalog.prints.newest_first(ticker), None), self._told
        known = told[ticker].last_size if ticker in told else NO_CONTRACTS
        return Ticker(
            bid=bids[0] if bids else None,
            ask=asks[0] if asks else None,
            tally=view.tally(ticker),
            last_size=last.trade.count if last else known,
        )

    def watch(self, tickers: Iterable[str], view: View) -> None:
        """Tell from now on how these differ from what they are."""
        for ticker in tickers:
            if ticker not in self._told and view.market(ticker) is not None:
                self._told[ticker] = self.look(ticker, view)

    def changed(self, tickers: Iterable[str], view: View) -> Iterator[tuple[str, Ticker]]:
        """Those markets that are not as they were told last."""
        for ticker in tickers:
            if view.market(ticker) is None:
                continue
            now = self.look(ticker, view)
            if now != self._told.get(ticker):
                self._told[ticker] = now
                yield ticker, now

    def forget(self) -> None:
        self._told.clear()

    def known(self, tickers: Iterable[str]) -> list[str]:
        return [ticker for ticker in tickers if ticker in self._told]


def ticker_msg(ticker: str, market_id: str, told: Ticker, at_us: int) -> Wire:
    """An empty side has no size; its price is then 0 for a bid and 1 for an ask."""
    tally, bid, ask = told.tally, told.bid, told.ask
    return {
        "market_ticker": ticker,
        "market_id": market_id,
        "price_dollars": str(tally.last or ZERO_PRICE),
        "yes_bid_dollars": str(bid.price if bid else ZERO_PRICE),
        "yes_ask_dollars": str(ask.price if ask else ONE_DOLLAR),
        "yes_bid_size_fp": str(bid.count if bid else NO_CONTRACTS),
        "yes_ask_size_fp": str(ask.count if ask else NO_CONTRACTS),
        "last_trade_size_fp": str(told.last_size),
        "volume_fp": str(tally.volume),
        "open_interest_fp": str(tally.open_interest),
        "dollar_volume": tally.volume.units // _UNITS_A_DOLLAR,
        "dollar_open_interest": tally.open_interest.units // _UNITS_A_DOLLAR,
        "ts": at_us // SECOND,
        "ts_ms": at_us // MILLISECOND,
        "time": to_ms(at_us),
    }
