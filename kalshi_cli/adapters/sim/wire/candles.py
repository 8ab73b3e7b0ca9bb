"""Candlesticks as the exchange's API writes them: two spellings of the same thing.

An empty side of the book counts as a bid of $0 or an ask of $1, as in the list of markets.
"""

from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Price
from kalshi_cli.engine.candles import Candle, Range

_PARTS = ("open", "low", "high", "close")


def candle_wire(candle: Candle) -> Wire:
    """A candle of the live tier, whose keys name their units."""
    return {
        **_sides(candle, "_dollars"),
        "volume_fp": str(candle.volume),
        "open_interest_fp": str(candle.open_interest),
    }


def historical_candle_wire(candle: Candle) -> Wire:
    """A candle of the historical tier, whose keys do not."""
    return {
        **_sides(candle, ""),
        "volume": str(candle.volume),
        "open_interest": str(candle.open_interest),
    }


def _sides(candle: Candle, unit: str) -> Wire:
    price = _range(candle.price, unit)
    price[f"mean{unit}"] = _text(candle.mean)
    price[f"previous{unit}"] = _text(candle.previous)
    return {
        "end_period_ts": candle.end_us // SECOND,
        "yes_bid": _range(candle.bid, unit),
        "yes_ask": _range(candle.ask, unit),
        "price": price,
    }


def _range(found: Range | None, unit: str) -> Wire:
    """Null where nothing traded."""
    if found is None:
        return {f"{part}{unit}": None for part in _PARTS}
    prices = (found.open, found.low, found.high, found.close)
    return {f"{part}{unit}": str(price) for part, price in zip(_PARTS, prices, strict=True)}


def _text(price: Price | None) -> str | None:
    return None if price is None else str(price)
