"""Trials of signals, and how they ended."""

from sqlalchemy import Index

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, table


class TrialRecord(Record, table=True):
    """Prices are of the outcome that would have been bought. Without an `ending` it is under way;
    `slip_units` is what its stop was missed by, nothing where it was not reached.
    """

    __tablename__ = "trials"
    # By `ending` those under way are found; the rest is all that hit rates are counted from.
    __table_args__ = (Index(None, "ending", "at_us", "strategy", "signal", "slip_units"),)

    strategy: str = key()
    ticker: str = key()
    at_us: int = big(key=True)
    event_ticker: str
    signal: str
    side: str
    entry_price_units: int = big()
    target_price_units: int = big()
    stop_price_units: int = big()
    until_us: int = big()
    ending: str | None
    ended_us: int | None = maybe_big()
    slip_units: int = big()
    spread_units: int = big()


TRIALS = table(TrialRecord)
