"""Public objects of the wire as domain values. Everything here raises `InvalidValue`, alone."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from struct import Struct

import msgspec

from kalshi_cli import __version__
from kalshi_cli.adapters.kalshi.rows import (
    REMEMBERED,
    convert_rows,
    decode_row,
    identity,
    number,
    price,
    quantity,
    traded,
    usable,
    word,
    written,
)
from kalshi_cli.adapters.kalshi.wire import (
    NULL,
    BookWire,
    EventWire,
    MarketWire,
    RangeWire,
    SeriesWire,
    ShardStatusWire,
    StatusWire,
    TradeWire,
)
from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.grid import PriceGrid, PriceRange
from kalshi_cli.domain.instant import SECOND, parse_rfc3339
from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import (
    Event,
    Listing,
    Market,
    MarketStatus,
    Quote,
    Result,
    Series,
    Trade,
    payout,
)
from kalshi_cli.domain.money import ONE_DOLLAR, Contracts, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.exchange import NOTHING, EventListing, ExchangeStatus, SeenAgain, ShardStatus

UNPAIRED = FeeTerms("override without its pair", 0)
"""Fee terms of an event that overrides only half of them: an unknown type, so no entries."""
_FIRST_64_BITS = Struct(">q").unpack_from
_READER: int = _FIRST_64_BITS(sha256(__version__.encode()).digest())[0]
_market, _quote, _listing = maker(Market), maker(Quote), maker(Listing)
_moment = lru_cache(maxsize=REMEMBERED)(parse_rfc3339)


def to_status(wire: StatusWire) -> ExchangeStatus:
    shards, unusable = convert_rows(wire.exchange_index_statuses, ShardStatusWire, _to_shard)
    return ExchangeStatus(
        wire.exchange_active,
        wire.trading_active,
        instant(wire.exchange_estimated_resume_time),
        shards,
        unusable,
    )


def _to_shard(wire: ShardStatusWire) -> ShardStatus:
    return ShardStatus(
        wire.exchange_index, wire.description, wire.exchange_active, wire.trading_active
    )


def to_series(wire: SeriesWire) -> Series:
    return Series(
        ticker=identity(wire.ticker, "series ticker"),
        title=wire.title,
        category=wire.category,
        fees=fee_terms(wire.fee_type, wire.fee_multiplier),
        frequency=wire.frequency or "",
        exchange_index=wire.exchange_index or 0,
    )


def to_event_listing(
    wire: EventWire, at_us: int, known: Mapping[int, str] = NOTHING
) -> EventListing:
    """An event and its markets; those whose fingerprint is `known` are looked at no further."""
    listings: list[Listing] = []
    seen_again: list[SeenAgain] = []

    def read(raw: msgspec.Raw) -> None:
        mark = _fingerprint(raw)
        if mark in known:
            seen_again.append(SeenAgain(known[mark], mark, at_us))
        else:
            listings.append(to_listing(decode_row(raw, MarketWire), at_us, mark))

    _, unusable = usable(wire.markets or (), read)
    return EventListing(_to_event(wire), tuple(listings), unusable, tuple(seen_again))


def _fingerprint(raw: msgspec.Raw) -> int:
    """64 bits of how the exchange wrote a row (signed), and of which program reads it.

    So a new version, which may read more of a row, reads every row again.
    """
    wording: int = _FIRST_64_BITS(sha256(raw).digest())[0]
    return wording ^ _READER


def read_listing(raw: msgspec.Raw, at_us: int) -> Listing:
    """A market and its quote, read at `at_us` (market time)."""
    return to_listing(decode_row(raw, MarketWire), at_us, _fingerprint(raw))


def _to_event(wire: EventWire) -> Event:
    return Event(
        event_ticker=identity(wire.event_ticker, "event ticker"),
        series_ticker=identity(wire.series_ticker, "series ticker"),
        title=wire.title,
        sub_title=wire.sub_title or "",
        category=wire.category or "",
        mutually_exclusive=wire.mutually_exclusive,
        fees=fee_override(wire.fee_type_override, wire.fee_multiplier_override),
        strike_us=instant(wire.strike_date),
        exchange_index=wire.exchange_index or 0,
    )


def fee_override(fee_type: str | None, multiplier: msgspec.Raw) -> FeeTerms | None:
    """An event's own fee terms; None where those of its series hold."""
    if not fee_type and multiplier == NULL:
        return None
    return fee_terms(fee_type, multiplier) if fee_type and multiplier != NULL else UNPAIRED


def fee_terms(fee_type: str, multiplier: msgspec.Raw) -> FeeTerms:
    text = number(multiplier)
    if text is None:
        raise InvalidValue("A fee without its multiplier.")
    return FeeTerms.parse(fee_type, text)


def to_listing(wire: MarketWire, at_us: int, mark: int | None = None) -> Listing:
    """A market and its quote, read at `at_us` (market time)."""
    if wire.notional_value_dollars and not _is_a_dollar(wire.notional_value_dollars):
        raise InvalidValue(f"A contract of ${wire.notional_value_dollars}, not of $1.")
    return _listing(_to_market(wire), _to_quote(wire, at_us), mark)


@lru_cache(maxsize=256)
def _is_a_dollar(text: str) -> bool:
    return Price.parse(text) == ONE_DOLLAR


def _named(title: str, yes_sub_title: str) -> str:
    """The market's title with what YES stands for: of many events all legs have one title."""
    if not title or yes_sub_title in title:
        return title or yes_sub_title
    return f"{title} ({yes_sub_title})"


def _to_market(wire: MarketWire) -> Market:
    result, value = _to_result(wire)
    return _market(  # by position: names cost as much again as all that is done here
        wire.ticker,
        wire.event_ticker,
        _named(wire.title or "", wire.yes_sub_title or ""),
        word(MarketStatus, wire.status, "market status"),
        _moment(wire.open_time),
        _moment(wire.close_time),
        _moment(wire.latest_expiration_time),
        _to_grid(written(wire.price_ranges)),
        instant(wire.expected_expiration_time),
        wire.strike_type or "",
        number(wire.floor_strike),
        number(wire.cap_strike),
        wire.rules_primary or "",
        wire.rules_secondary or "",
        wire.can_close_early,
        wire.settlement_timer_seconds or 0,
        wire.settlement_bounds_type or "default",
        instant(wire.fee_waiver_expiration_time),
        result,
        value,
        instant(wire.settlement_ts),
        wire.exchange_index or 0,
        instant(wire.updated_time),
    )


def _to_result(wire: MarketWire) -> tuple[Result | None, Price | None]:
    """The result, if any, and its value; a contradiction between the two refuses the market."""
    value = price(wire.settlement_value_dollars) if wire.settlement_value_dollars else None
    if not wire.result:
        return None, value
    result = word(Result, wire.result, "result")
    if value is not None and payout(result, value) != value:
        raise InvalidValue(f"Result {result} with a settlement value of ${value}.")
    return result, value


@lru_cache(maxsize=256)
def _to_grid(ranges: bytes) -> PriceGrid | None:
    """The price grid; None where it cannot be represented, which makes the market untradable.

    Cached by the text itself, since a hundred thousand markets share a handful of grids.
    """
    try:
        parts = decode_row(ranges, list[RangeWire])
        return PriceGrid(
            tuple(PriceRange(price(r.start), price(r.end), price(r.step)) for r in parts)
        )
    except InvalidValue:
        return None


def _to_quote(wire: MarketWire, at_us: int) -> Quote:
    bid = _to_side(wire.yes_bid_dollars, wire.yes_bid_size_fp)
    ask = _to_side(wire.yes_ask_dollars, wire.yes_ask_size_fp)
    if bid and ask and bid.price.units >= ask.price.units:
        raise InvalidValue(f"A crossed quote: bid {bid.price}, ask {ask.price}.")
    return _quote(
        wire.ticker,
        bid,
        ask,
        _to_last(wire.last_price_dollars),
        quantity(wire.volume_fp),
        quantity(wire.volume_24h_fp),
        quantity(wire.open_interest_fp),
        at_us,
    )


@lru_cache(maxsize=REMEMBERED)
def _to_last(dollars: str | None) -> Price | None:
    """The last price; None where nothing has traded, which the exchange writes as $0."""
    return (price(dollars) or None) if dollars else None


@lru_cache(maxsize=REMEMBERED)
def _to_side(dollars: str | None, size: str) -> Level | None:
    """One side of a quote. It exists only if it has size: prices of empty sides are sentinels.

    The demo exchange lists determined markets with sizes below zero: no side either.
    """
    count = Contracts.parse(size)
    if count.units <= 0:
        return None
    if not dollars:
        raise InvalidValue("A side with size and no price.")
    value = price(dollars)
    if not 0 < value.units < ONE_DOLLAR.units:
        raise InvalidValue(f"A side with size at ${value}.")
    return Level(value, count)


def to_book(wire: BookWire, at_us: int) -> OrderBook:
    ladders = wire.orderbook_fp
    return OrderBook.from_bids(
        identity(wire.ticker, "ticker"),
        _to_ladder(ladders.yes_dollars),
        _to_ladder(ladders.no_dollars),
        at_us,
    )


def _to_ladder(levels: list[tuple[str, str]] | None) -> tuple[Level, ...]:
    ladder = (Level(price(dollars), quantity(size)) for dollars, size in levels or ())
    return tuple(level for level in ladder if level.count)


def to_trade(wire: TradeWire) -> Trade:
    return Trade(
        trade_id=identity(wire.trade_id, "trade id"),
        ticker=identity(wire.ticker, "ticker"),
        price=price(wire.yes_price_dollars),
        count=traded(wire.count_fp),
        taker_side=book_side(wire.taker_book_side, wire.taker_outcome_side),
        at_us=parse_rfc3339(wire.created_time),
    )


def book_side(side: str | None, outcome: str | None) -> Side:
    """The side of the YES book, which the wire says twice: as bid/ask and as yes/no."""
    told = word(Side, side, "book side") if side else None
    implied = {"yes": Side.BID, "no": Side.ASK}.get(outcome or "")
    found = told or implied
    if found is None or (implied and implied is not found):
        raise InvalidValue(f"Book side {side!r} with outcome side {outcome!r}.")
    return found


def instant(text: str | None) -> int | None:
    """An optional RFC 3339 time in microseconds."""
    return _moment(text) if text else None


def seconds(unix_s: int) -> int:
    """Unix seconds in microseconds."""
    return unix_s * SECOND
