"""Series, events, markets and quotes: written in bulk, and only where something changed."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, or_, select, union, update

from kalshi_cli.adapters.store import market_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.differences import VERDICT, save_listings, save_rows, touch_quotes
from kalshi_cli.adapters.store.market_mapping import level_from
from kalshi_cli.adapters.store.prepared import Prepared, Values, given
from kalshi_cli.adapters.store.transaction import Transaction, chunks
from kalshi_cli.domain.fees import FeeChange
from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Event, Listing, MarketStatus, Quote, Series
from kalshi_cli.domain.marks import Behind
from kalshi_cli.domain.order import LIVE
from kalshi_cli.filters._base import Verdict
from kalshi_cli.ports.catalog import (
    EVENTS_READ,
    NO_VERDICTS,
    CatalogEntry,
    Saved,
)
from kalshi_cli.ports.exchange import SeenAgain

NEAR = 0.75
"""How alike two names of series are of which one may be the other, mistyped (`difflib`)."""
LAST_LINES = 200
"""Lines of a market's past quotes in which those of its last minutes are looked for."""
LOOKED_THROUGH = 500
"""Markets that begin alike, in which the likeliest are looked for."""
_MARKET_COLUMNS = tuple(c for c in t.MARKETS.c if c.name not in {"row_hash", "changed_us"})
_QUOTE_COLUMNS = tuple(t.QUOTES.c[name] for name in mapping.QUOTE)
_LISTINGS = select(*_MARKET_COLUMNS, *_QUOTE_COLUMNS).join_from(t.MARKETS, t.QUOTES)
_AROUND = select(*t.EVENTS.c, *t.SERIES.c).join_from(t.EVENTS, t.SERIES)
_ACTIVE_TICKERS = select(t.QUOTES.c.ticker).where(
    # No join: SQLite would go through all active markets, and then look at each one's quote.
    exists().where(
        t.MARKETS.c.ticker == t.QUOTES.c.ticker, t.MARKETS.c.status == MarketStatus.ACTIVE.value
    )
)
_KEEP_VERDICT = (
    update(t.QUOTES)
    .where(t.QUOTES.c.ticker == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in VERDICT})
)
_EVENTS_OF = select(t.EVENTS.c.event_ticker)
_FORGET_VERDICT = update(t.QUOTES).values(dict.fromkeys(VERDICT))
_HAS_NO_VERDICT = or_(
    # Never screened by these filters, or so long ago that it must be again.
    t.QUOTES.c.screened_by.is_(None),
    t.QUOTES.c.screened_by != given("mark"),
    t.QUOTES.c.holds_until_us <= given("now_us"),
)
_UNSCREENED = Prepared(_ACTIVE_TICKERS.where(_HAS_NO_VERDICT))
_UNDROPPED = Prepared(_ACTIVE_TICKERS.where(or_(t.QUOTES.c.dropped_by.is_(None), _HAS_NO_VERDICT)))
_UNSEEN = Prepared(_ACTIVE_TICKERS.where(t.QUOTES.c.at_us < given("since_us")))
_NOT_ACTIVE = select(t.MARKETS.c.ticker).where(
    t.MARKETS.c.status.in_([s.value for s in MarketStatus if s is not MarketStatus.ACTIVE])
)
_VERDICT_COUNTS = Prepared(
    # Most verdicts are of active markets: it is quicker to know the others than to look at each.
    select(t.QUOTES.c.dropped_by, func.count())
    .where(t.QUOTES.c.ticker.not_in(_NOT_ACTIVE), ~_HAS_NO_VERDICT)
    .group_by(t.QUOTES.c.dropped_by)
)
_PAST = t.QUOTE_HISTORY.c
_QUOTED = Prepared(
    select(
        _PAST.at_us,
        _PAST.bid_price_units,
        _PAST.bid_count_units,
        _PAST.ask_price_units,
        _PAST.ask_count_units,
    )
    .join_from(t.QUOTE_HISTORY, t.MARKETS)
    .where(
        _PAST.ticker == given("ticker"),
        or_(_PAST.bid_price_units.is_not(None), _PAST.ask_price_units.is_not(None)),
        _PAST.at_us <= t.MARKETS.c.close_us,
    )
    .order_by(_PAST.at_us.desc())
    .limit(LAST_LINES)
)
_MARKET_TICKERS = select(t.MARKETS.c.ticker)
_MARKER = Prepared(select(t.MARKERS.c.instant_us).where(t.MARKERS.c.name == given("name")))
_WATCHED = Prepared(
    union(
        select(t.POSITIONS.c.ticker)
        .join_from(t.POSITIONS, t.MARKETS, t.MARKETS.c.ticker == t.POSITIONS.c.ticker)
        .where(t.POSITIONS.c.net_units != 0),
        select(t.ORDERS.c.ticker).where(t.ORDERS.c.state.in_(LIVE)),
        select(t.FORECASTS.c.ticker)
        .join_from(t.FORECASTS, t.MARKETS)
        .where(t.MARKETS.c.status != MarketStatus.FINALIZED.value),
    )
)
_ALL_READ = select(t.MARKERS.c.instant_us).where(t.MARKERS.c.name == EVENTS_READ)
_FEE_CHANGES = (
    select(*t.FEE_CHANGES.c)
    .where(t.FEE_CHANGES.c.from_us > func.coalesce(_ALL_READ.scalar_subquery(), 0))
    .order_by(t.FEE_CHANGES.c.from_us, t.FEE_CHANGES.c.change_id)
)
_ALL_FEE_CHANGES = Prepared(_FEE_CHANGES)
_entry = maker(CatalogEntry)


class SqlCatalog:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def save_series(self, series: Sequence[Series], at_us: int) -> Saved:
        rows = map(mapping.series_values, series)
        saved, changed = await save_rows(self._transaction, t.SERIES, rows, at_us)
        for part in chunks(changed):
            await self._forget_verdicts(_EVENTS_OF.where(t.EVENTS.c.series_ticker.in_(part)))
        return saved

    async def save_events(self, events: Sequence[Event], at_us: int) -> Saved:
        rows = map(mapping.event_values, events)
        saved, changed = await save_rows(self._transaction, t.EVENTS, rows, at_us)
        for part in chunks(changed):
            await self._forget_verdicts(part)
        return saved

    async def _forget_verdicts(self, events: Sequence[str] | Select[*tuple[Any, ...]]) -> None:
        """A verdict was given on the event and the series as they were."""
        markets = select(t.MARKETS.c.ticker).where(t.MARKETS.c.event_ticker.in_(events))
        await self._transaction.write(_FORGET_VERDICT.where(t.QUOTES.c.ticker.in_(markets)))

    async def save_listings(
        self,
        listings: Sequence[Listing],
        at_us: int,
        verdicts: Mapping[str, Verdict] = NO_VERDICTS,
    ) -> Saved:
        return await save_listings(self._transaction, listings, at_us, verdicts)

    async def save_verdicts(self, verdicts: Mapping[str, Verdict]) -> None:
        names = [f"new_{name}" for name in VERDICT]
        rows = [
            {"key": ticker, **dict(zip(names, verdict, strict=True))}
            for ticker, verdict in verdicts.items()
        ]
        await self._transaction.write_many(_KEEP_VERDICT, rows)

    async def unscreened(self, mark: int, now_us: int) -> tuple[str, ...]:
        return await self._names(_UNSCREENED, mark=mark, now_us=now_us)

    async def undropped(self, mark: int, now_us: int) -> tuple[str, ...]:
        return await self._names(_UNDROPPED, mark=mark, now_us=now_us)

    async def verdict_counts(self, mark: int, now_us: int) -> Mapping[str | None, int]:
        rows = await self._transaction.rows(_VERDICT_COUNTS, {"mark": mark, "now_us": now_us})
        return {row[0]: row[1] for row in rows}

    async def unseen(self, since_us: int) -> tuple[str, ...]:
        return await self._names(_UNSEEN, since_us=since_us)

    async def _names(self, query: Prepared, **parameters: int) -> tuple[str, ...]:
        return tuple(sorted(row[0] for row in await self._transaction.rows(query, parameters)))

    async def seen_again(self, seen: Sequence[SeenAgain]) -> None:
        await touch_quotes(self._transaction, seen)

    async def known_listings(self, since_us: int) -> Mapping[int, str]:
        query = select(t.QUOTES.c.row_hash, t.QUOTES.c.ticker).where(t.QUOTES.c.at_us >= since_us)
        return {row[0]: row[1] for row in await self._transaction.rows(query)}

    async def known_series(self) -> Mapping[str, str]:
        rows = await self._transaction.rows(select(t.SERIES.c.ticker, t.SERIES.c.category))
        return {row[0]: row[1] for row in rows}

    async def events(self, event_tickers: Collection[str]) -> Mapping[str, Event]:
        column = t.EVENTS.c.event_ticker
        rows = await self._transaction.rows_among(select(*t.EVENTS.c), column, event_tickers)
        return {row[0]: mapping.event_from(row) for row in rows}

    async def entries(self, tickers: Collection[str] | None = None) -> tuple[CatalogEntry, ...]:
        rows: Sequence[Values]
        if tickers is None:
            rows = await self._transaction.rows(_LISTINGS)
        else:
            rows = await self._transaction.rows_among(_LISTINGS, t.MARKETS.c.ticker, tickers)
        around = await self._around({row[1] for row in rows})
        ahead = await self._ahead({series.ticker for _, series in around.values()})
        entries = [
            _entry(*mapping.listing_from(row), event, series, _of(ahead, event, series))
            for row in rows
            for event, series in [around[row[1]]]
        ]
        return tuple(sorted(entries, key=lambda entry: entry.market.ticker))

    async def _around(self, event_tickers: set[str]) -> dict[str, tuple[Event, Series]]:
        width = len(t.EVENTS.c)
        rows = await self._transaction.rows_among(_AROUND, t.EVENTS.c.event_ticker, event_tickers)
        return {row[0]: (mapping.event_from(row), mapping.series_from(row[width:])) for row in rows}

    async def _ahead(self, series_tickers: set[str]) -> dict[str, list[FeeChange]]:
        column = t.FEE_CHANGES.c.series_ticker
        ahead: dict[str, list[FeeChange]] = {}
        for row in await self._transaction.rows_among(_FEE_CHANGES, column, series_tickers):
            change = mapping.fee_change_from(row)
            ahead.setdefault(change.series_ticker, []).append(change)
        return ahead

    async def save_fee_changes(self, changes: Sequence[FeeChange]) -> None:
        await self._transaction.write(delete(t.FEE_CHANGES))
        await self._transaction.upsert(t.FEE_CHANGES, list(map(mapping.fee_change_row, changes)))

    async def fee_changes(self) -> tuple[FeeChange, ...]:
        rows = await self._transaction.rows(_ALL_FEE_CHANGES)
        return tuple(map(mapping.fee_change_from, rows))

    async def known_markets(self, tickers: Collection[str]) -> frozenset[str]:
        column = t.MARKETS.c.ticker
        rows = await self._transaction.rows_among(_MARKET_TICKERS, column, tickers)
        return frozenset(row[0] for row in rows)

    async def near(self, ticker: str) -> tuple[str, ...]:
        series, dash, rest = ticker.upper().partition("-")
        known = [row[0] for row in await self._transaction.rows(select(t.SERIES.c.ticker))]
        series = next(iter(get_close_matches(series, known, n=1, cutoff=NEAR)), series)
        column, wanted = t.MARKETS.c.ticker, f"{series}{dash}{rest}"
        for length in range(len(wanted), len(series) - 1, -1):
            query = select(column).where(column.startswith(wanted[:length], autoescape=True))
            rows = await self._transaction.rows(query.order_by(column).limit(LOOKED_THROUGH))
            if rows:
                likest = get_close_matches(wanted, [row[0] for row in rows], n=3, cutoff=0)
                return tuple(likest)
        return ()

    async def watched(self) -> frozenset[str]:
        rows = await self._transaction.rows(_WATCHED)
        return frozenset(row[0] for row in rows)

    async def record_quotes(self, quotes: Sequence[Quote], why: str) -> None:
        rows = [
            {**dict(zip(mapping.QUOTE, mapping.quote_values(quote), strict=True)), "why": why}
            for quote in quotes
        ]
        await self._transaction.insert_new(t.QUOTE_HISTORY, rows)

    async def last_quoted(self, tickers: Collection[str], within_us: int) -> Mapping[str, Behind]:
        found: dict[str, Behind] = {}
        for ticker in tickers:
            rows = await self._transaction.rows(_QUOTED, {"ticker": ticker})
            if rows:
                late = [row for row in rows if row[0] >= rows[0][0] - within_us]
                bids = filter(None, (level_from(*row[1:3]) for row in late))
                asks = filter(None, (level_from(*row[3:]) for row in late))
                found[ticker] = Behind(next(bids, None), next(asks, None))
        return found

    async def drop_counts(self, run_id: str, counts: Mapping[str, int]) -> None:
        passes = select(func.max(t.FUNNEL.c.pass_number)).where(t.FUNNEL.c.run_id == run_id)
        number = (await self._transaction.number(passes) or 0) + 1
        rows = [
            {"run_id": run_id, "pass_number": number, "name": name, "count": count}
            for name, count in counts.items()
        ]
        await self._transaction.upsert(t.FUNNEL, rows)

    async def marker(self, name: str) -> int | None:
        return await self._transaction.number(_MARKER, {"name": name})

    async def set_marker(self, name: str, instant_us: int) -> None:
        await self._transaction.upsert(t.MARKERS, [{"name": name, "instant_us": instant_us}])


def _of(
    changes: Mapping[str, Sequence[FeeChange]], event: Event, series: Series
) -> tuple[FeeChange, ...]:
    """Those of an event, and of its whole series, of changes by series."""
    return tuple(
        change
        for change in changes.get(series.ticker, ())
        if change.event_ticker in {None, event.event_ticker}
    )
