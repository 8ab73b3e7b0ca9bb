"""What report queries share: filters that may be absent, newest first, and how many."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, func

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.transaction import Transaction

AnySelect = Select[*tuple[Any, ...]]
CATEGORY: ColumnElement[str] = func.coalesce(
    func.nullif(t.EVENTS.c.category, ""), t.SERIES.c.category, ""
)
"""An event's category, else its series'."""


class Reading:
    """Holds the way to a transaction that only reads."""

    def __init__(self, opened: "OpenReading") -> None:
        self._opened = opened


class OpenReading(Protocol):
    def __call__(self) -> AbstractAsyncContextManager[Transaction]: ...


def filtered(query: AnySelect, wanted: Mapping[Any, object]) -> AnySelect:
    """Keep rows whose columns equal what is wanted; None wants nothing in particular."""
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    return query


def newest(
    query: AnySelect,
    at_us: ColumnElement[int],
    *order: ColumnElement[Any],
    since_us: int | None,
    limit: int | None,
) -> AnySelect:
    """Newest first, by an instant and then the other columns, also descending."""
    if since_us is not None:
        query = query.where(at_us >= since_us)
    return query.order_by(at_us.desc(), *(column.desc() for column in order)).limit(limit)


def with_catalog(query: AnySelect, ticker: ColumnElement[str]) -> AnySelect:
    """Join what the catalog knows of a ticker, which may be nothing."""
    return (
        query.outerjoin(t.MARKETS, t.MARKETS.c.ticker == ticker)
        .outerjoin(t.EVENTS, t.EVENTS.c.event_ticker == t.MARKETS.c.event_ticker)
        .outerjoin(t.SERIES, t.SERIES.c.ticker == t.EVENTS.c.series_ticker)
        .outerjoin(t.QUOTES, t.QUOTES.c.ticker == ticker)
    )
