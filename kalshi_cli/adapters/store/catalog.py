"""Series, events, markets and quotes: written in bulk, and only where something changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, Table, bindparam, func, select, union, update

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Columns
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.market import Event, Listing, Market, MarketStatus, Quote, Series
from kalshi_cli.domain.order import LIVE
from kalshi_cli.ports.store import CatalogEntry, Saved

_WIDTH = len(t.MARKETS.c)
_QUOTE_COLUMNS = tuple(t.QUOTES.c[name] for name in mapping.QUOTE)


@dataclass(slots=True)
class _Difference:
    """Keys of a bulk write, by what was found of them."""

    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def counted(self) -> Saved:
        same = len(self.seen) - len(self.new) - len(self.changed)
        return Saved(new=len(self.new), changed=len(self.changed), unchanged=same)


class SqlCatalog:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save_series(self, series: Sequence[Series], at_us: int) -> Saved:
        rows = map(mapping.series_row, series)
        return (await self._save(t.SERIES, rows, at_us)).counted()

    async def save_events(self, events: Sequence[Event], at_us: int) -> Saved:
        rows = map(mapping.event_row, events)
        return (await self._save(t.EVENTS, rows, at_us)).counted()

    async def save_listings(self, listings: Sequence[Listing], at_us: int) -> Saved:
        rows = (mapping.market_row(listing.market) for listing in listings)
        difference = await self._save(t.MARKETS, rows, at_us)
        for part in chunks([listing.quote for listing in listings]):
            difference.changed |= await self._save_quotes(part) - difference.new
        return difference.counted()

    async def _save(self, table: Table, rows: Iterable[Columns], at_us: int) -> _Difference:
        """Write the rows whose hash is new; the key is a table's first column."""
        key = table.c[0]
        by_key = {row[key.name]: row for row in rows}
        difference = _Difference(seen=set(by_key))
        for part in chunks(by_key):
            found = await self._transaction.rows(select(key, table.c.row_hash).where(key.in_(part)))
            known = {row[0]: row[1] for row in found}
            writes: list[Columns] = []
            for name in part:
                hashed = mapping.row_hash(by_key[name])
                if known.get(name) != hashed:
                    (difference.changed if name in known else difference.new).add(name)
                    writes.append({**by_key[name], "row_hash": hashed, "changed_us": at_us})
            await self._transaction.upsert(table, writes)
        return difference

    async def _save_quotes(self, quotes: Sequence[Quote]) -> set[str]:
        """Write quotes that changed, and only the time of those seen again; an older one loses."""
        newest = {quote.ticker: quote for quote in quotes}
        columns = (t.QUOTES.c.ticker, t.QUOTES.c.row_hash, t.QUOTES.c.at_us)
        found = await self._transaction.rows(select(*columns).where(columns[0].in_(newest)))
        known = {ticker: (hashed, at_us) for ticker, hashed, at_us in found}
        writes: list[Columns] = []
        touches: list[Columns] = []
        for ticker, quote in newest.items():
            row = mapping.quote_row(quote)
            hashed = mapping.row_hash(row)
            old_hash, old_us = known.get(ticker, (None, quote.at_us))
            if hashed != old_hash and quote.at_us >= old_us:
                writes.append({**row, "at_us": quote.at_us, "row_hash": hashed})
            elif quote.at_us > old_us:
                touches.append({"key": ticker, "seen_us": quote.at_us})
        await self._transaction.upsert(t.QUOTES, writes)
        if touches:
            touched = update(t.QUOTES).where(t.QUOTES.c.ticker == bindparam("key"))
            await self._transaction.write(touched.values(at_us=bindparam("seen_us")), touches)
        return {row["ticker"] for row in writes}

    async def known_series(self) -> frozenset[str]:
        rows = await self._transaction.rows(select(t.SERIES.c.ticker))
        return frozenset(row[0] for row in rows)

    async def known_events(self, event_tickers: Collection[str]) -> frozenset[str]:
        column = t.EVENTS.c.event_ticker
        known: set[str] = set()
        for part in chunks(event_tickers):
            rows = await self._transaction.rows(select(column).where(column.in_(part)))
            known.update(row[0] for row in rows)
        return frozenset(known)

    async def entries(
        self,
        tickers: Collection[str] | None = None,
        statuses: Collection[MarketStatus] | None = None,
    ) -> tuple[CatalogEntry, ...]:
        chosen = select(*t.MARKETS.c, *_QUOTE_COLUMNS).join_from(t.MARKETS, t.QUOTES)
        if statuses is not None:
            chosen = chosen.where(t.MARKETS.c.status.in_([status.value for status in statuses]))
        pairs: list[tuple[Market, Quote]] = []
        for query in _for_tickers(chosen, tickers):
            rows = await self._transaction.rows(query)
            pairs.extend(
                (mapping.market_from(r[:_WIDTH]), mapping.quote_from(r[_WIDTH:])) for r in rows
            )
        pairs.sort(key=lambda pair: pair[0].ticker)
        around = await self._around({market.event_ticker for market, _ in pairs})
        return tuple(
            CatalogEntry(market, quote, *around[market.event_ticker]) for market, quote in pairs
        )

    async def _around(self, event_tickers: set[str]) -> dict[str, tuple[Event, Series]]:
        width = len(t.EVENTS.c)
        both = select(*t.EVENTS.c, *t.SERIES.c).join_from(t.EVENTS, t.SERIES)
        found: dict[str, tuple[Event, Series]] = {}
        for part in chunks(event_tickers):
            query = both.where(t.EVENTS.c.event_ticker.in_(part))
            for row in await self._transaction.rows(query):
                found[row[0]] = mapping.event_from(row), mapping.series_from(row[width:])
        return found

    async def watched(self) -> frozenset[str]:
        held = select(t.POSITIONS.c.ticker).where(t.POSITIONS.c.net_units != 0)
        ordered = select(t.ORDERS.c.ticker).where(t.ORDERS.c.state.in_(LIVE))
        forecast = (
            select(t.FORECASTS.c.ticker)
            .join_from(t.FORECASTS, t.MARKETS)
            .where(t.MARKETS.c.status != MarketStatus.FINALIZED.value)
        )
        rows = await self._transaction.rows(union(held, ordered, forecast))
        return frozenset(row[0] for row in rows)

    async def record_quotes(self, quotes: Sequence[Quote], why: str) -> None:
        rows = [{**mapping.quote_row(q), "at_us": q.at_us, "why": why} for q in quotes]
        await self._transaction.insert_new(t.QUOTE_HISTORY, rows)

    async def drop_counts(self, run_id: str, counts: Mapping[str, int]) -> None:
        passes = select(func.max(t.FUNNEL.c.pass_number)).where(t.FUNNEL.c.run_id == run_id)
        number = (await self._transaction.number(passes) or 0) + 1
        rows = [
            {"run_id": run_id, "pass_number": number, "name": name, "count": count}
            for name, count in counts.items()
        ]
        await self._transaction.upsert(t.FUNNEL, rows)

    async def marker(self, name: str) -> int | None:
        column = t.MARKERS.c.instant_us
        return await self._transaction.number(select(column).where(t.MARKERS.c.name == name))

    async def set_marker(self, name: str, instant_us: int) -> None:
        await self._transaction.upsert(t.MARKERS, [{"name": name, "instant_us": instant_us}])


def _for_tickers(
    query: Select[tuple[object, ...]], tickers: Collection[str] | None
) -> Iterable[Select[tuple[object, ...]]]:
    if tickers is None:
        return (query,)
    return (query.where(t.MARKETS.c.ticker.in_(part)) for part in chunks(set(tickers)))
