"""Series, events, markets, books and prints as the exchange's API writes them.

Prices are dollars with four decimals, counts have two. An empty side is told by a size of 0.00;
its price is then 0.0000 for a bid and 1.0000 for an ask, as the exchange does it.
"""

from collections.abc import Sequence

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT, PriceGrid
from kalshi_cli.domain.instant import to_rfc3339
from kalshi_cli.domain.market import Event, Market, MarketStatus, Series, Trade
from kalshi_cli.domain.money import (
    NO_CONTRACTS,
    ONE_DOLLAR,
    ZERO_PRICE,
    Contracts,
    Money,
    Price,
    format_units,
)
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.world import Tally

Wire = dict[str, object]

_STRUCTURES = {
    LINEAR_CENT: "linear_cent",
    DECI_CENT: "deci_cent",
    TAPERED_DECI_CENT: "tapered_deci_cent",
}
_UNTRADED = Tally(None, NO_CONTRACTS, NO_CONTRACTS, NO_CONTRACTS)
_NO_BID = Level(ZERO_PRICE, NO_CONTRACTS)
_NO_ASK = Level(ONE_DOLLAR, NO_CONTRACTS)


def when(instant_us: int | None) -> str | None:
    """An instant as RFC 3339, null where there is none."""
    return None if instant_us is None else to_rfc3339(instant_us)


def series_wire(series: Series) -> Wire:
    return {
        "ticker": series.ticker,
        "title": series.title,
        "category": series.category,
        "categories": [series.category],
        "frequency": series.frequency,
        "tags": [],
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "additional_prohibitions": [],
        "fee_type": series.fees.fee_type,
        "fee_multiplier": _multiplier(series.fees),
        "exchange_index": series.exchange_index,
    }


def event_wire(event: Event) -> Wire:
    wire: Wire = {
        "event_ticker": event.event_ticker,
        "series_ticker": event.series_ticker,
        "title": event.title,
        "sub_title": event.sub_title,
        "category": event.category,
        "collateral_return_type": "MECNET" if event.mutually_exclusive else "",
        "mutually_exclusive": event.mutually_exclusive,
        "settlement_sources": [],
        "exchange_index": event.exchange_index,
    }
    if event.strike_us is not None:
        wire["strike_date"] = when(event.strike_us)
    if event.fees is not None:
        wire["fee_type_override"] = event.fees.fee_type
        wire["fee_multiplier_override"] = _multiplier(event.fees)
    return wire


def market_wire(exchange: Exchange, ticker: str) -> Wire:
    """A market with its quote and statistics. Only active markets have a book."""
    market = exchange.catalog.markets[ticker]
    active = market.status is MarketStatus.ACTIVE
    tally = exchange.world.tally(ticker) if active else exchange.catalog.tallies.get(ticker)
    bids, asks = exchange.world.ladders(ticker) if active else ((), ())
    return {
        **_terms(market),
        **_quote(bids[0] if bids else _NO_BID, asks[0] if asks else _NO_ASK),
        **_statistics(tally or _UNTRADED),
        **_outcome(market),
    }


def _terms(market: Market) -> Wire:
    optional = {
        "expected_expiration_time": when(market.expected_expiration_us),
        "fee_waiver_expiration_time": when(market.fee_waiver_expires_us),
        "strike_type": market.strike_type or None,
        "floor_strike": _number(market.floor_strike),
        "cap_strike": _number(market.cap_strike),
    }
    return {
        "ticker": market.ticker,
        "event_ticker": market.event_ticker,
        "market_type": "binary",
        "title": market.title,
        "yes_sub_title": market.title,
        "no_sub_title": market.title,
        "created_time": when(market.open_us),
        "updated_time": when(market.updated_us),
        "open_time": when(market.open_us),
        "close_time": when(market.close_us),
        "latest_expiration_time": when(market.latest_expiration_us),
        "settlement_timer_seconds": market.settlement_timer_s,
        "can_close_early": market.can_close_early,
        "rules_primary": market.rules_primary,
        "rules_secondary": market.rules_secondary,
        "notional_value_dollars": str(ONE_DOLLAR),
        "settlement_bounds_type": market.settlement_bounds_type,
        "exchange_index": market.exchange_index,
        **_price_structure(market.grid),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _price_structure(grid: PriceGrid | None) -> Wire:
    ranges = grid.ranges if grid else ()
    return {
        "price_level_structure": _STRUCTURES.get(grid, "custom") if grid else "",
        "price_ranges": [
            {"start": str(part.start), "end": str(part.end), "step": str(part.step)}
            for part in ranges
        ],
    }


def _quote(bid: Level, ask: Level) -> Wire:
    return {
        "yes_bid_dollars": str(bid.price),
        "yes_bid_size_fp": str(bid.count),
        "yes_ask_dollars": str(ask.price),
        "yes_ask_size_fp": str(ask.count),
        "no_bid_dollars": str(ask.price.complement),
        "no_ask_dollars": str(bid.price.complement),
        "previous_yes_bid_dollars": str(ZERO_PRICE),
        "previous_yes_ask_dollars": str(ZERO_PRICE),
        "previous_price_dollars": str(ZERO_PRICE),
    }


def _statistics(tally: Tally) -> Wire:
    return {
        "last_price_dollars": str(tally.last or ZERO_PRICE),
        "volume_fp": str(tally.volume),
        "volume_24h_fp": str(tally.volume_24h),
        "open_interest_fp": str(tally.open_interest),
    }


def _outcome(market: Market) -> Wire:
    """Status and result; the value is told with the result, the time once it is paid."""
    wire: Wire = {
        "status": market.status,
        "result": market.result or "",
        "expiration_value": "",
    }
    if market.payout is not None:
        wire["settlement_value_dollars"] = str(market.payout)
    if market.settlement_us is not None:
        wire["settlement_ts"] = when(market.settlement_us)
    return wire


def book_wire(exchange: Exchange, ticker: str, depth: int) -> Wire:
    """Two ladders of bids, best last; empty for what has no book. `depth` 0 means all of it."""
    market = exchange.catalog.markets.get(ticker)
    if market is None or market.status is not MarketStatus.ACTIVE:
        return {"yes_dollars": [], "no_dollars": []}
    bids, asks = exchange.world.ladders(ticker)
    no_bids = [Level(level.price.complement, level.count) for level in asks]
    return {"yes_dollars": _ladder(bids, depth), "no_dollars": _ladder(no_bids, depth)}


def _ladder(best_first: Sequence[Level], depth: int) -> list[tuple[str, str]]:
    shown = best_first[:depth] if depth > 0 else best_first
    return [(str(level.price), str(level.count)) for level in reversed(shown)]


def trade_wire(trade: Trade) -> Wire:
    return {
        "trade_id": trade.trade_id,
        "ticker": trade.ticker,
        "created_time": when(trade.at_us),
        "taker_book_side": trade.taker_side,
        "taker_outcome_side": outcome(Side(trade.taker_side)),
        "is_block_trade": False,
        **amounts(trade.price, trade.count),
    }


def outcome(side: Side) -> str:
    """The outcome that an order on this side is positioned for."""
    return "yes" if side is Side.BID else "no"


def amounts(price: Price, count: Contracts) -> Wire:
    """The price from both sides, and the count."""
    return {
        "yes_price_dollars": str(price),
        "no_price_dollars": str(price.complement),
        "count_fp": str(count),
    }


def cents(amount: Money) -> int:
    """Whole cents of what is never negative, the rest cut off."""
    return amount.units // 10_000


def _multiplier(terms: FeeTerms) -> float:
    return float(format_units(terms.multiplier, 6))


def _number(text: str | None) -> float | int | None:
    if text is None:
        return None
    return float(text) if "." in text else int(text)
