"""Series, events, markets and their quotes: what the exchange lists."""

from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, refers, table, text


class SeriesRecord(Record, table=True):
    __tablename__ = "series"

    ticker: str = key()
    title: str = text()
    category: str
    fee_type: str
    fee_multiplier_units: int = big()
    frequency: str
    exchange_index: int
    row_hash: int = big()
    changed_us: int = big()


class EventRecord(Record, table=True):
    __tablename__ = "events"

    event_ticker: str = key()
    series_ticker: str = refers("series.ticker", index=True)
    title: str = text()
    sub_title: str = text()
    category: str
    mutually_exclusive: bool
    fee_type: str | None
    fee_multiplier_units: int | None = maybe_big()
    strike_us: int | None = maybe_big()
    exchange_index: int
    row_hash: int = big()
    changed_us: int = big()


class MarketRecord(Record, table=True):
    """`grid` is JSON, [[start, end, step], ...] in price units; NULL where it is unusable."""

    __tablename__ = "markets"

    ticker: str = key()
    event_ticker: str = refers("events.event_ticker", index=True)
    title: str = text()
    status: str = Field(index=True)
    open_us: int = big()
    close_us: int = big()
    latest_expiration_us: int = big()
    grid: str | None
    expected_expiration_us: int | None = maybe_big()
    strike_type: str
    floor_strike: str | None
    cap_strike: str | None
    rules_primary: str = text()
    rules_secondary: str = text()
    can_close_early: bool
    settlement_timer_s: int
    settlement_bounds_type: str
    fee_waiver_expires_us: int | None = maybe_big()
    result: str | None
    settlement_value_units: int | None = maybe_big()
    settlement_us: int | None = maybe_big()
    exchange_index: int
    updated_us: int | None = maybe_big()
    row_hash: int = big()
    changed_us: int = big()


class QuoteColumns(Record):
    """A side is NULL where it has no size."""

    bid_price_units: int | None = maybe_big()
    bid_count_units: int | None = maybe_big()
    ask_price_units: int | None = maybe_big()
    ask_count_units: int | None = maybe_big()
    last_price_units: int | None = maybe_big()
    volume_units: int = big()
    volume_24h_units: int = big()
    open_interest_units: int = big()


class QuoteRecord(QuoteColumns, table=True):
    """The last three are the filters' verdict on this quote; all NULL where none was given.

    `dropped_by` is NULL where no filter dropped the market, `screened_by` the filters' mark.
    """

    __tablename__ = "quotes"

    ticker: str = key("markets.ticker")
    at_us: int = big()
    row_hash: int = big()
    screened_by: int | None = maybe_big()
    dropped_by: str | None
    holds_until_us: int | None = maybe_big()


SERIES = table(SeriesRecord)
EVENTS = table(EventRecord)
MARKETS = table(MarketRecord)
QUOTES = table(QuoteRecord)
