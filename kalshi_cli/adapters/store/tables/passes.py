"""What passes over the catalogue leave: past quotes, funnel counts and markers."""

from kalshi_cli.adapters.store.tables._base import Record, big, key, table
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


QUOTE_HISTORY = table(QuoteHistoryRecord)
FUNNEL = table(FunnelRecord)
MARKERS = table(MarkerRecord)
