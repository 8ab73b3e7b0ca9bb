"""What trading came to: round trips, and snapshots of balance and performance."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import Record, big, key, maybe_big, table, text


class RoundTripRecord(Record, table=True):
    """Derived from fills and settlements, and rebuildable."""

    __tablename__ = "round_trips"
    __table_args__ = (Index(None, "ticker", "owner"),)

    round_trip_id: str = key()
    ticker: str
    owner: str
    side: str
    count_units: int = big()
    entry_cost_units: int = big()
    proceeds_units: int = big()
    fees_units: int = big()
    opened_us: int = big()
    closed_us: int = big(index=True)
    reason: str = text()


class BalanceSnapshotRecord(Record, table=True):
    __tablename__ = "balance_snapshots"

    at_us: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    cash_units: int = big()
    equity_units: int = big()
    liquidation_units: int = big()
    unmarked: int
    positions: int
    paid_in_units: int = big()


class SeenOfOthersRecord(Record, table=True):
    """What others wanted at the newest snapshot in markets held where an order of ours rested."""

    __tablename__ = "seen_of_others"

    ticker: str = key()
    bid_price_units: int | None = maybe_big()
    bid_count_units: int | None = maybe_big()
    ask_price_units: int | None = maybe_big()
    ask_count_units: int | None = maybe_big()
    at_us: int = big()


class PerformanceSnapshotRecord(Record, table=True):
    __tablename__ = "performance_snapshots"

    at_us: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="balance_snapshots.at_us")
    strategy: str = key()
    realized_units: int = big()
    unrealized_units: int = big()
    fees_units: int = big()
    ai_cost_units: int = big()
    round_trips: int


ROUND_TRIPS = table(RoundTripRecord)
BALANCE_SNAPSHOTS = table(BalanceSnapshotRecord)
PERFORMANCE_SNAPSHOTS = table(PerformanceSnapshotRecord)
SEEN_OF_OTHERS = table(SeenOfOthersRecord)
