"""Order books and public trades as the exchange's API writes them."""

from collections.abc import Sequence

from kalshi_cli.adapters.sim.market_wire import WITH_BOOK, Wire, amounts, outcome, when
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import derived_id


def book_wire(exchange: Exchange, ticker: str, depth: int) -> Wire:
    """Two ladders of bids, best last; empty for what has no book. `depth` 0 means all of it."""
    market = exchange.catalog.markets.get(ticker)
    if market is None or market.status not in WITH_BOOK:
        return {"yes_dollars": [], "no_dollars": []}
    bids, asks = exchange.world.ladders(ticker)
    no_bids = [Level(level.price.complement, level.count) for level in asks]
    return {"yes_dollars": _ladder(bids, depth), "no_dollars": _ladder(no_bids, depth)}


def _ladder(best_first: Sequence[Level], depth: int) -> list[tuple[str, str]]:
    shown = best_first[:depth] if depth > 0 else best_first
    return [(str(level.price), str(level.count)) for level in reversed(shown)]


def trade_id(trade: Trade) -> str:
    """A trade's UUID: a world numbers its trades within each market."""
    return derived_id(trade.trade_id, "trade", 0)


def trade_wire(trade: Trade) -> Wire:
    return {
        "trade_id": trade_id(trade),
        "ticker": trade.ticker,
        "created_time": when(trade.at_us),
        "taker_book_side": trade.taker_side,
        "taker_outcome_side": outcome(Side(trade.taker_side)),
        "is_block_trade": False,
        **amounts(trade.price, trade.count),
    }
