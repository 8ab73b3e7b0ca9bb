"""Order books and public trades as the exchange's API writes them."""

from collections.abc import Sequence

import msgspec

from kalshi_cli.adapters.sim.wire.markets import WITH_BOOK, Wire, both_sides, outcome
from kalshi_cli.domain.book import Level
from kalshi_cli.domain.instant import to_rfc3339
from kalshi_cli.domain.market import Trade
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import derived_id

_OUTCOMES = {side.value: outcome(side) for side in Side}


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


class TradeWire(msgspec.Struct, gc=False):
    """A public trade of the API. None is made away from the book."""

    trade_id: str
    ticker: str
    created_time: str
    taker_book_side: str
    taker_outcome_side: str
    yes_price_dollars: str
    no_price_dollars: str
    count_fp: str
    is_block_trade: bool = False


def trade_wire(trade: Trade) -> TradeWire:
    yes, no = both_sides(trade.price)
    return TradeWire(
        trade_id=trade_id(trade),
        ticker=trade.ticker,
        created_time=to_rfc3339(trade.at_us),
        taker_book_side=trade.taker_side,
        taker_outcome_side=_OUTCOMES[trade.taker_side],
        yes_price_dollars=yes,
        no_price_dollars=no,
        count_fp=str(trade.count),
    )
