"""What passes over the catalogue leave: past quotes, funnel counts, markers and fees to come."""

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, table
from kalshi_cli.adapters.store.tables.catalog import QuoteColumns


class QuoteHistoryRecord(QuoteColumns, table=True):
    __tablename__ = "quote_history"

    ticker: str = key("markets.ticker")
    at_us: int = big(key=True)
    why: str = key()


class FunnelRecord(Record, table=True):
    """`pass_number` counts the passes of a run."""

    __tablename__ = "funnel_counts"

    run_id: str = key("runs.run_id")
    pass_number: int = key()
    name: str = key()
    count: int


class MarkerRecord(Record, table=True):
    __tablename__ = "markers"

    name: str = key()
    instant_us: int = big()


class FeeChangeRecord(Record, table=True):
    """What is announced, or was told. `event_ticker` is empty where it is of a whole series, and
    `fee_type` NULL where an event has the terms of its series again.
    """

    __tablename__ = "fee_changes"

    change_id: str = key()
    event_ticker: str = key()
    series_ticker: str
    fee_type: str | None
    fee_multiplier_units: int | None = maybe_big()
    from_us: int = big()


QUOTE_HISTORY = table(QuoteHistoryRecord)
FUNNEL = table(FunnelRecord)
MARKERS = table(MarkerRecord)
FEE_CHANGES = table(FeeChangeRecord)
