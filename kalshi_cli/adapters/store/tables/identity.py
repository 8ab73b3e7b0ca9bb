"""Whose store this is."""

from sqlalchemy import LargeBinary
from sqlmodel import Field

from kalshi_cli.adapters.store.tables._base import Record, big, table


class IdentityRecord(Record, table=True):
    """One row, written when the store is created: whose store this is."""

    __tablename__ = "identity"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    env: str
    origin: str
    account: str
    world: str
    nonce: bytes = Field(sa_type=LargeBinary)
    created_wall_us: int = big()


IDENTITY = table(IdentityRecord)
