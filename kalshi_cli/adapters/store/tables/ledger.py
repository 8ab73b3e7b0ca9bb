"""Fills, settlements and cash movements: the facts that money follows from."""

from sqlalchemy import Index
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import Record, big, key, table, text


class FillRecord(Record, table=True):
    """`order_id` is the exchange's: fills of orders that are not ours are kept too."""

    __tablename__ = "fills"
    __table_args__ = (Index(None, "ticker", "at_us"), Index(None, "at_us"))

    fill_id: str = key()
    order_id: str = Field(index=True)
    ticker: str
    owner: str
    side: str
    price_units: int = big()
    count_units: int = big()
    is_taker: bool
    fee_units: int = big()
    at_us: int = big()
    exchange_index: int


class SettlementRecord(Record, table=True):
    __tablename__ = "settlements"

    ticker: str = key()
    settled_us: int = big(key=True)
    revision: int = key()
    event_ticker: str
    result: str
    value_units: int = big()
    net_units: int = big()
    revenue_units: int = big()
    fee_units: int = big()
    exchange_index: int


class CashMovementRecord(Record, table=True):
    __tablename__ = "cash_movements"

    movement_id: str = key()
    kind: str
    amount_units: int = big()
    at_us: int = big()
    exchange_index: int
    who: str
    why: str = text()


FILLS = table(FillRecord)
SETTLEMENTS = table(SettlementRecord)
CASH_MOVEMENTS = table(CashMovementRecord)
