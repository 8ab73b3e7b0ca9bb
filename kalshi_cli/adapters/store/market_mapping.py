"""Between rows and domain values of the catalog: `*_values` (or `*_row`) and `*_from` side by side.

Both have the columns of their table (or of `QUOTE`) in their order, without the hash and the time
of a change at its end: positions are ten times faster than names, and a test round-trips every
type.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Any

import msgspec

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeChange, FeeTerms
from kalshi_cli.domain.grid import PriceGrid, PriceRange
from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Event, Market, MarketStatus, Quote, Result, Series, payout
from kalshi_cli.domain.money import REMEMBERED, Contracts, Price

Columns = dict[str, Any]
Values = Sequence[Any]
_PACK = msgspec.msgpack.Encoder().encode
_FIRST_64_BITS = Struct(">q").unpack_from
_market, _quote, _event = maker(Market), maker(Quote), maker(Event)
_STATUSES = {status.value: status for status in MarketStatus}


def row_hash(values: Values) -> int:
    """64 bits that tell whether a row changed (signed, to fit BIGINT)."""
    number: int = _FIRST_64_BITS(sha256(_PACK(values)).digest())[0]
    return number


@lru_cache(maxsize=REMEMBERED)
def price_from(units: int | None) -> Price | None:
    return None if units is None else Price(units)


def payout_from(result: str | None, value_units: int | None) -> Price | None:
    """What a YES contract paid; None while that is not known."""
    return None if result is None else payout(Result(result), price_from(value_units))


def price_units(amount: Price | None) -> int | None:
    return None if amount is None else amount.units


def series_values(series: Series) -> Values:
    return (
        series.ticker,
        series.title,
        series.category,
        series.fees.fee_type,
        series.fees.multiplier,
        series.frequency,
        series.exchange_index,
    )


def series_from(values: Values) -> Series:
    ticker, title, category, fee_type, multiplier, frequency, exchange_index, *_ = values
    fees = FeeTerms(fee_type, multiplier)
    return Series(ticker, title, category, fees, frequency, exchange_index)


def event_values(event: Event) -> Values:
    return (
        event.event_ticker,
        event.series_ticker,
        event.title,
        event.sub_title,
        event.category,
        event.mutually_exclusive,
        event.fees.fee_type if event.fees else None,
        event.fees.multiplier if event.fees else None,
        event.strike_us,
        event.exchange_index,
    )


def event_from(values: Values) -> Event:
    ticker, series, title, sub_title, category, exclusive, fee_type, multiplier, *rest = values
    fees = None if fee_type is None else FeeTerms(fee_type, multiplier)
    return _event(ticker, series, title, sub_title, category, exclusive, fees, rest[0], rest[1])


def fee_change_row(change: FeeChange) -> Columns:
    return {
        "change_id": change.change_id,
        "event_ticker": change.event_ticker or "",
        "series_ticker": change.series_ticker,
        "fee_type": change.fees.fee_type if change.fees else None,
        "fee_multiplier_units": change.fees.multiplier if change.fees else None,
        "from_us": change.from_us,
    }


def fee_change_from(values: Values) -> FeeChange:
    change_id, event_ticker, series_ticker, fee_type, multiplier, from_us = values
    fees = None if fee_type is None else FeeTerms(fee_type, multiplier)
    return FeeChange(change_id, series_ticker, event_ticker or None, fees, from_us)


def market_values(market: Market) -> Values:
    return (
        market.ticker,
        market.event_ticker,
        market.title,
        str(market.status),
        market.open_us,
        market.close_us,
        market.latest_expiration_us,
        None if market.grid is None else _grid_text(market.grid),
        market.expected_expiration_us,
        market.strike_type,
        market.floor_strike,
        market.cap_strike,
        market.rules_primary,
        market.rules_secondary,
        market.can_close_early,
        market.settlement_timer_s,
        market.settlement_bounds_type,
        market.fee_waiver_expires_us,
        None if market.result is None else str(market.result),
        price_units(market.settlement_value),
        market.settlement_us,
        market.exchange_index,
        market.updated_us,
    )


def listing_from(values: Values) -> tuple[Market, Quote]:
    """A market and its quote: the columns of a market in their order, then those of `QUOTE`."""
    ticker, event, title, status, open_us, close_us, latest_us, grid, expected_us, *rest = values
    strike_type, floor, cap, primary, secondary, early, timer_s, bounds, waiver, *rest = rest
    result, value, settlement_us, exchange_index, updated_us, *quote = rest
    market = _market(
        ticker,
        event,
        title,
        _STATUSES[status],
        open_us,
        close_us,
        latest_us,
        None if grid is None else _grid_from(grid),
        expected_us,
        strike_type,
        floor,
        cap,
        primary,
        secondary,
        early,
        timer_s,
        bounds,
        waiver,
        None if result is None else Result(result),
        price_from(value),
        settlement_us,
        exchange_index,
        updated_us,
    )
    return market, quote_from(quote)


@lru_cache(maxsize=256)
def _grid_text(grid: PriceGrid) -> str:
    return json.dumps([[p.start.units, p.end.units, p.step.units] for p in grid.ranges])


@lru_cache(maxsize=256)
def _grid_from(text: str) -> PriceGrid:
    # A handful of grids serve every market, and a grid checks itself when it is made.
    ranges = (PriceRange(*(Price(units) for units in part)) for part in json.loads(text))
    return PriceGrid(tuple(ranges))


@lru_cache(maxsize=REMEMBERED)
def contracts_from(units: int) -> Contracts:
    return Contracts(units)


@lru_cache(maxsize=REMEMBERED)
def level_from(price: int | None, count: int | None) -> Level | None:
    if price is None or count is None:
        return None
    return Level(Price(price), Contracts(count))


QUOTE = (
    "bid_price_units",
    "bid_count_units",
    "ask_price_units",
    "ask_count_units",
    "last_price_units",
    "volume_units",
    "volume_24h_units",
    "open_interest_units",
    "ticker",
    "at_us",
)
"""The columns of a quote in the order of their table, in which they are inserted."""


def quote_values(quote: Quote) -> Values:
    """In the order of `QUOTE`."""
    bid, ask = quote.bid, quote.ask
    return (
        None if bid is None else bid.price.units,
        None if bid is None else bid.count.units,
        None if ask is None else ask.price.units,
        None if ask is None else ask.count.units,
        price_units(quote.last),
        quote.volume.units,
        quote.volume_24h.units,
        quote.open_interest.units,
        quote.ticker,
        quote.at_us,
    )


def quote_from(values: Values) -> Quote:
    bid, bid_count, ask, ask_count, last, volume, volume_24h, interest, ticker, at_us = values
    return _quote(
        ticker,
        level_from(bid, bid_count),
        level_from(ask, ask_count),
        price_from(last),
        contracts_from(volume),
        contracts_from(volume_24h),
        contracts_from(interest),
        at_us,
    )
