"""What every table shares: the metadata, and the kinds of columns."""

# ruff: noqa: ANN401 - SQLModel types its own Field as Any

from typing import Any

from sqlalchemy import BigInteger, MetaData, Table, Text
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Record(SQLModel):
    metadata = MetaData(naming_convention=NAMES)
    # Rows are read and written by column: no table ever needs its validator built.
    model_config = {"defer_build": True}


def big(*, key: bool = False, index: bool = False) -> Any:
    return Field(sa_type=BigInteger, primary_key=key, index=index)


def maybe_big() -> Any:
    return Field(default=None, sa_type=BigInteger, nullable=True)


def text() -> Any:
    return Field(sa_type=Text)


def maybe_text() -> Any:
    return Field(default=None, sa_type=Text, nullable=True)


def key(foreign_key: str | None = None) -> Any:
    return Field(primary_key=True, foreign_key=foreign_key)


def row_id() -> Any:
    return Field(default=None, primary_key=True)


def refers(target: str, *, index: bool = False) -> Any:
    return Field(foreign_key=target, index=index)


def may_refer(target: str) -> Any:
    return Field(default=None, foreign_key=target, nullable=True)


def table(record: type[Record]) -> Table:
    made: Table = record.__table__  # type: ignore[attr-defined]
    return made
