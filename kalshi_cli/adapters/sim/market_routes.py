"""Public routes: exchange status, series, events, markets, books, prints. No signature needed."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.host import Host
from kalshi_cli.adapters.sim.market_wire import (
    Wire,
    book_wire,
    event_wire,
    market_wire,
    series_wire,
    trade_wire,
)
from kalshi_cli.adapters.sim.query import STATUS_WORDS, Query, has_status
from kalshi_cli.adapters.sim.replies import page, rejection, reply
from kalshi_cli.domain.market import Event, Market, Trade
from kalshi_cli.engine.commands import Rejected

_NOT_FOUND = Rejected(404, "not_found")
_DEEPEST, _MOST_BOOKS, _MOST_EVENTS = 100, 100, 200


class MarketRoutes:
    """Answers questions about the market from the exchange that `host` owns."""

    def __init__(self, host: Host) -> None:
        self._exchange = host.exchange
        self._catalog = host.exchange.catalog

    def routes(self) -> list[Route]:
        return [
            Route("/exchange/status", self.status),
            Route("/series", self.series),
            Route("/series/{ticker}", self.one_series),
            Route("/events", self.events),
            Route("/events/{ticker}", self.event),
            Route("/markets", self.markets),
            Route("/markets/orderbooks", self.books),
            Route("/markets/trades", self.trades),
            Route("/markets/{ticker}", self.market),
            Route("/markets/{ticker}/orderbook", self.book),
        ]

    async def status(self, _request: Request) -> Response:
        active = {
            "exchange_active": True,
            "trading_active": True,
            "intra_exchange_transfers_active": False,
        }
        shard = {"exchange_index": 0, "description": "Default", **active}
        return reply({**active, "exchange_index_statuses": [shard]})

    async def series(self, request: Request) -> Response:
        category = request.query_params.get("category", "")
        found = [
            series_wire(series)
            for series in self._catalog.series.values()
            if category in {"", series.category}
        ]
        return reply({"series": found})

    async def one_series(self, request: Request) -> Response:
        series = self._catalog.series.get(request.path_params["ticker"])
        return rejection(_NOT_FOUND) if series is None else reply({"series": series_wire(series)})

    async def events(self, request: Request) -> Response:
        query = Query("GetEvents", request.query_params)
        limit = query.limit(default=_MOST_EVENTS, most=_MOST_EVENTS)
        status = query.word("status", STATUS_WORDS - {"paused"})
        series, tickers = query.text("series_ticker"), query.listed("tickers")

        def keep(event: Event) -> bool:
            return (
                series in {"", event.series_ticker}
                and (not tickers or event.event_ticker in tickers)
                and any(has_status(leg.status, status) for leg in self._legs(event.event_ticker))
            )

        found, cursor = page(list(self._catalog.events.values()), limit, query.text("cursor"), keep)
        nested = query.flag("with_nested_markets")
        return reply({"events": [self._event(event, nested) for event in found], "cursor": cursor})

    async def event(self, request: Request) -> Response:
        query = Query("GetEvent", request.query_params)
        event = self._catalog.events.get(request.path_params["ticker"])
        if event is None:
            return rejection(_NOT_FOUND)
        nested = query.flag("with_nested_markets")
        beside = [] if nested else self._event(event, nested=True)["markets"]
        return reply({"event": self._event(event, nested), "markets": beside})

    async def markets(self, request: Request) -> Response:
        query = Query("GetMarkets", request.query_params)
        limit = query.limit()
        status = query.word("status", STATUS_WORDS)
        combos_only = query.word("mve_filter", {"only", "exclude"}) == "only"
        event, series = query.text("event_ticker"), query.text("series_ticker")
        tickers, updated_us = query.listed("tickers"), query.instant("min_updated_ts")
        if updated_us is not None and (
            query.has_any("status", "tickers", "event_ticker")
            or query.text("mve_filter") != "exclude"
        ):
            raise query.bad("min_updated_ts", "goes with mve_filter=exclude and series_ticker only")

        def keep(market: Market) -> bool:
            return (
                not combos_only
                and (not tickers or market.ticker in tickers)
                and event in {"", market.event_ticker}
                and series in {"", self._catalog.events[market.event_ticker].series_ticker}
                and has_status(market.status, status)
                and (updated_us is None or (market.updated_us or 0) >= updated_us)
            )

        rows = list(self._catalog.markets.values())
        found, cursor = page(rows, limit, query.text("cursor"), keep)
        wire = [market_wire(self._exchange, market.ticker) for market in found]
        return reply({"markets": wire, "cursor": cursor})

    async def market(self, request: Request) -> Response:
        ticker = request.path_params["ticker"]
        if ticker not in self._catalog.markets:
            return rejection(_NOT_FOUND)
        return reply({"market": market_wire(self._exchange, ticker)})

    async def book(self, request: Request) -> Response:
        query = Query("GetMarketOrderbook", request.query_params)
        depth = query.bounded("depth", default=0, least=0, most=_DEEPEST)
        wire = book_wire(self._exchange, request.path_params["ticker"], depth)
        return reply({"orderbook_fp": wire})

    async def books(self, request: Request) -> Response:
        query = Query("GetMarketOrderbooks", request.query_params)
        tickers = query.repeated("tickers")
        if not 1 <= len(tickers) <= _MOST_BOOKS:
            raise query.bad("tickers", f"must name 1 to {_MOST_BOOKS} markets")
        books = [
            {"ticker": ticker, "orderbook_fp": book_wire(self._exchange, ticker, 0)}
            for ticker in tickers
        ]
        return reply({"orderbooks": books})

    async def trades(self, request: Request) -> Response:
        """The newest prints of markets that are not settled yet; older ones are not kept."""
        query = Query("GetTrades", request.query_params)
        ticker = query.text("ticker")
        prints = self._catalog.prints
        rows: list[Trade] = (
            prints.get(ticker, [])
            if ticker
            else sorted((t for kept in prints.values() for t in kept), key=lambda t: t.at_us)
        )
        found, cursor = page(
            rows, query.limit(), query.text("cursor"), lambda trade: query.between(trade.at_us)
        )
        return reply({"trades": [trade_wire(trade) for trade in found], "cursor": cursor})

    def _legs(self, event_ticker: str) -> list[Market]:
        return [self._catalog.markets[ticker] for ticker in self._catalog.legs[event_ticker]]

    def _event(self, event: Event, nested: bool) -> Wire:  # noqa: FBT001 - the API's own flag
        wire = event_wire(event)
        if nested:
            legs = self._legs(event.event_ticker)
            wire["markets"] = [market_wire(self._exchange, leg.ticker) for leg in legs]
        return wire
