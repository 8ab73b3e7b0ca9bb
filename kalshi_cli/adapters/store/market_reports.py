"""Reports on markets: what is listed."""

from collections.abc import Collection

from sqlalchemy import select

from kalshi_cli.adapters.store import market_mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import payout_from
from kalshi_cli.adapters.store.queries import CATEGORY, Reading, filtered
from kalshi_cli.adapters.store.transaction import AnyRow
from kalshi_cli.domain.market import MarketStatus, Result
from kalshi_cli.ports.rows.markets import MarketRow

_MARKETS, _QUOTES = t.MARKETS.c, t.QUOTES.c


class MarketReports(Reading):
    async def markets(
        self,
        *,
        ticker: str | None = None,
        event_ticker: str | None = None,
        category: str | None = None,
        statuses: Collection[MarketStatus] | None = None,
        limit: int | None = None,
    ) -> tuple[MarketRow, ...]:
        columns = (
            _MARKETS.event_ticker,
            t.EVENTS.c.series_ticker,
            CATEGORY,
            _MARKETS.title,
            _MARKETS.status,
            _MARKETS.close_us,
            _MARKETS.expected_expiration_us,
            _MARKETS.result,
            _MARKETS.settlement_value_units,
        )
        quote = (_QUOTES[name] for name in market_mapping.QUOTE)
        query = select(*columns, *quote).join_from(t.MARKETS, t.QUOTES)
        query = query.join(t.EVENTS).join(t.SERIES)
        wanted = {_MARKETS.ticker: ticker, _MARKETS.event_ticker: event_ticker, CATEGORY: category}
        query = filtered(query, wanted)
        if statuses is not None:
            query = query.where(_MARKETS.status.in_([status.value for status in statuses]))
        query = query.order_by(_QUOTES.volume_24h_units.desc(), _MARKETS.ticker).limit(limit)
        async with self._opened() as transaction:
            return tuple(map(_market_row, await transaction.rows(query)))


def _market_row(row: AnyRow) -> MarketRow:
    event, series, category, title, status, close_us, expected_us, result, value, *rest = row
    quote = market_mapping.quote_from(rest)
    return MarketRow(
        ticker=quote.ticker,
        title=title,
        event_ticker=event,
        series_ticker=series,
        category=category,
        status=MarketStatus(status),
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        volume=quote.volume,
        volume_24h=quote.volume_24h,
        open_interest=quote.open_interest,
        quoted_us=quote.at_us,
        close_us=close_us,
        expires_us=close_us if expected_us is None else expected_us,
        result=None if result is None else Result(result),
        payout=payout_from(result, value),
    )
