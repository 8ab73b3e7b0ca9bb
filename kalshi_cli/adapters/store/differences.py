"""Bulk writes of the catalogue that touch only what changed, and count what they found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Table, bindparam, select, update

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Columns
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.market import Listing
from kalshi_cli.filters._base import Verdict
from kalshi_cli.ports.exchange import SeenAgain
from kalshi_cli.ports.store import Saved

_FOUND = select(
    t.MARKETS.c.ticker, t.MARKETS.c.row_hash, t.QUOTES.c.row_hash, t.QUOTES.c.at_us
).join_from(t.MARKETS, t.QUOTES)
_SEEN_AGAIN = (
    update(t.QUOTES)
    .where(
        t.QUOTES.c.ticker == bindparam("key"),
        t.QUOTES.c.row_hash == bindparam("mark"),
        t.QUOTES.c.at_us < bindparam("seen_us"),
    )
    .values(at_us=bindparam("seen_us"))
)

VERDICT = Verdict._fields
UNSCREENED = (None, None, None)


@dataclass(slots=True)
class _Writes:
    """Rows to write, and how many were found in which state."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rows: list[Columns] = field(default_factory=list)
    changed_keys: list[str] = field(default_factory=list)
    quotes: list[Columns] = field(default_factory=list)
    seen_again: list[SeenAgain] = field(default_factory=list)

    def count(self, *, new: bool, changed: bool) -> None:
        self.new += new
        self.changed += changed and not new
        self.unchanged += not (changed or new)

    def counted(self) -> Saved:
        return Saved(self.new, self.changed, self.unchanged)


async def save_rows(
    transaction: Transaction, table: Table, rows: Iterable[Columns], at_us: int
) -> tuple[Saved, Sequence[str]]:
    """Write the rows whose hash is new, and tell the keys of those that were there otherwise.

    The key is a table's first column.
    """
    key = table.c[0]
    by_key = {row[key.name]: row for row in rows}
    writes = _Writes()
    for part in chunks(by_key):
        found = await transaction.rows_among(select(key, table.c.row_hash), key, part)
        known = {row[0]: row[1] for row in found}
        for name in part:
            hashed = mapping.row_hash(by_key[name])
            changed = known.get(name) != hashed
            writes.count(new=name not in known, changed=changed)
            if changed:
                writes.rows.append({**by_key[name], "row_hash": hashed, "changed_us": at_us})
                if name in known:
                    writes.changed_keys.append(name)
    await transaction.upsert(table, writes.rows)
    return writes.counted(), writes.changed_keys


async def save_listings(
    transaction: Transaction,
    listings: Sequence[Listing],
    at_us: int,
    verdicts: Mapping[str, Verdict],
) -> Saved:
    """Write markets and quotes that changed, and only the time of those that read as before.

    A quote's hash is its listing's fingerprint. A listing older than the quote here changes
    nothing: two readers may come in any order. What is written takes its verdict along or loses it.
    """
    newest = {listing.market.ticker: listing for listing in listings}
    writes = _Writes()
    for part in chunks(newest):
        rows = await transaction.rows_among(_FOUND, t.MARKETS.c.ticker, part)
        found = {row[0]: (row[1], row[2], row[3]) for row in rows}
        for ticker in part:
            verdict = verdicts.get(ticker, UNSCREENED)
            _compare(newest[ticker], found.get(ticker), verdict, writes, at_us)
    await transaction.upsert(t.MARKETS, writes.rows)
    await transaction.upsert(t.QUOTES, writes.quotes)
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
    quote = mapping.quote_row(listing.quote)
    mark = mapping.row_hash(quote) if listing.fingerprint is None else listing.fingerprint
    market_hash, quote_hash, quoted_us = found or (None, None, listing.quote.at_us)
    if listing.quote.at_us < quoted_us:
        writes.count(new=False, changed=False)
        return
    market = mapping.market_row(listing.market)
    hashed = mapping.row_hash(market)
    writes.count(new=found is None, changed=(hashed, mark) != (market_hash, quote_hash))
    if hashed != market_hash:
        market["row_hash"], market["changed_us"] = hashed, at_us
        writes.rows.append(market)
    if (hashed, mark) != (market_hash, quote_hash):
        quote["at_us"], quote["row_hash"] = listing.quote.at_us, mark
        quote["screened_by"], quote["dropped_by"], quote["holds_until_us"] = verdict
        writes.quotes.append(quote)
    else:
        writes.seen_again.append(SeenAgain(listing.market.ticker, mark, listing.quote.at_us))


async def touch_quotes(transaction: Transaction, seen: Sequence[SeenAgain]) -> None:
    """Move the time of quotes that still read as they did; one that was written since stays."""
    rows: list[Mapping[str, object]] = [
        {"key": one.ticker, "mark": one.fingerprint, "seen_us": one.at_us} for one in seen
    ]
    await transaction.write_many(_SEEN_AGAIN, rows)
