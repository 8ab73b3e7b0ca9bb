"""Bulk writes of the catalogue that touch only what changed, and count what they found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Select,
    Table,
    bindparam,
    cast,
    func,
    or_,
    select,
    update,
)

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Values
from kalshi_cli.adapters.store.prepared import Prepared, given
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.domain.instant import AHEAD
from kalshi_cli.domain.market import Listing
from kalshi_cli.filters._base import Verdict
from kalshi_cli.ports.catalog import Saved
from kalshi_cli.ports.exchange import SeenAgain

_FOUND = select(
    t.MARKETS.c.ticker, t.MARKETS.c.row_hash, t.QUOTES.c.row_hash, t.QUOTES.c.at_us
).join_from(t.MARKETS, t.QUOTES)

VERDICT = Verdict._fields
_QUOTE = (*mapping.QUOTE, "row_hash", *VERDICT)
UNSCREENED = (None, None, None)


@dataclass(slots=True)
class _Writes:
    """Rows to write, and how many were found in which state."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rows: list[Values] = field(default_factory=list)
    changed_keys: list[str] = field(default_factory=list)
    quotes: list[Values] = field(default_factory=list)
    seen_again: list[SeenAgain] = field(default_factory=list)

    def counted(self) -> Saved:
        return Saved(self.new, self.changed, self.unchanged)


async def save_rows(
    transaction: Transaction, table: Table, rows: Iterable[Values], at_us: int
) -> tuple[Saved, Sequence[str]]:
    """Write the rows whose hash is new, and tell the keys of those that were there otherwise.

    The key is a table's first column, the hash and the time of the change are its last.
    """
    key, known_hashes = table.c[0], _hashes(table)
    by_key = {row[0]: row for row in rows}
    found = await transaction.rows_among(known_hashes, key, by_key)
    known = {row[0]: row[1] for row in found}
    writes = _Writes()
    for name, row in by_key.items():
        hashed = mapping.row_hash(row)
        if known.get(name) == hashed:
            writes.unchanged += 1
            continue
        if name in known:
            writes.changed += 1
            writes.changed_keys.append(name)
        else:
            writes.new += 1
        writes.rows.append((*row, hashed, at_us))
    await transaction.upsert_values(table, table.c.keys(), writes.rows)
    return writes.counted(), writes.changed_keys


@cache
def _hashes(table: Table) -> Select[tuple[Any, ...]]:
    return select(table.c[0], table.c.row_hash)


async def save_listings(
    transaction: Transaction,
    listings: Sequence[Listing],
    at_us: int,
    verdicts: Mapping[str, Verdict],
) -> Saved:
    """Write markets and quotes that changed, and only the time of those that read as before.

    A quote's hash is its listing's fingerprint. A listing older than the quote here changes
    nothing: two readers may come in any order. But a quote may be of a clock that was ahead of what
    is now, `at_us`, and that one is no newer. What is written takes its verdict along or loses it.
    """
    newest = {listing.market.ticker: listing for listing in listings}
    rows = await transaction.rows_among(_FOUND, t.MARKETS.c.ticker, newest)
    found = {row[0]: (row[1], row[2], row[3]) for row in rows}
    writes = _Writes()
    for ticker, listing in newest.items():
        verdict = verdicts.get(ticker, UNSCREENED)
        _compare(listing, found.get(ticker), verdict, writes, at_us)
    await transaction.upsert_values(t.MARKETS, t.MARKETS.c.keys(), writes.rows)
    await transaction.upsert_values(t.QUOTES, _QUOTE, writes.quotes)
    await touch_quotes(transaction, writes.seen_again)
    return writes.counted()


def _compare(
    listing: Listing,
    found: tuple[int, int, int] | None,
    verdict: Sequence[object],
    writes: _Writes,
    at_us: int,
) -> None:
    """Note what of a listing is to be written; `found` are the hashes here and the quote's time."""
    market_hash, quote_hash, quoted_us = found or (None, None, listing.quote.at_us)
    if listing.quote.at_us < quoted_us <= at_us + AHEAD:
        writes.unchanged += 1
        return
    market, quote = mapping.market_values(listing.market), mapping.quote_values(listing.quote)
    hashed, mark = mapping.row_hash(market), listing.fingerprint
    if mark is None:
        mark = mapping.row_hash(quote[:-1])  # without its time
    if (hashed, mark) == (market_hash, quote_hash):
        writes.unchanged += 1
        writes.seen_again.append(SeenAgain(listing.market.ticker, mark, listing.quote.at_us))
        return
    if found is None:
        writes.new += 1
    else:
        writes.changed += 1
    if hashed != market_hash:
        writes.rows.append((*market, hashed, at_us))
    writes.quotes.append((*quote, mark, *verdict))


@cache
def _seen_again(*, is_postgres: bool) -> Prepared:
    """Moves the time of the quotes that `:marks` names, where they still have these hashes; back
    only where it is of a clock that was ahead.
    """
    each = func.json_each_text if is_postgres else func.json_each
    marks = bindparam("marks", type_=JSON, required=False)
    mark = each(marks).table_valued("key", "value")
    return Prepared(
        update(t.QUOTES)
        .where(
            t.QUOTES.c.ticker == mark.c.key,
            t.QUOTES.c.row_hash == cast(mark.c.value, BigInteger),
            or_(
                t.QUOTES.c.at_us < given("seen_us"),
                t.QUOTES.c.at_us > given("seen_us") + AHEAD,
            ),
        )
        .values(at_us=given("seen_us"))
    )


async def touch_quotes(transaction: Transaction, seen: Sequence[SeenAgain]) -> None:
    """Move the time of quotes that still read as they did; one that was written since stays."""
    marks: dict[int, dict[str, int]] = {}
    for one in seen:
        marks.setdefault(one.at_us, {})[one.ticker] = one.fingerprint
    for seen_us, by_ticker in marks.items():
        again = _seen_again(is_postgres=transaction.is_postgres)
        await transaction.write_prepared_later(again, {"marks": by_ticker, "seen_us": seen_us})
