"""Public routes of markets: lists, quotes, order books, prints. No signature needed."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.public import PublicRoutes
from kalshi_cli.adapters.sim.routes.trade_pages import trades_page
from kalshi_cli.adapters.sim.wire.books import book_wire
from kalshi_cli.adapters.sim.wire.query import STATUS_WORDS, Query, Span, has_status
from kalshi_cli.adapters.sim.wire.replies import key_page, rejection, reply
from kalshi_cli.engine.commands import NOT_FOUND
from kalshi_cli.engine.market_lists import Key

_DEEPEST, _MOST_BOOKS = 100, 100
_STATUSES_WITH = {
    "created": ("", "unopened", "open"),
    "close": ("", "closed"),
    "settled": ("", "settled"),
    "updated": ("",),
}
"""The status filters that each family of timestamp filters goes with."""


class MarketRoutes(PublicRoutes):
    """Answers questions about markets from the exchange that `host` owns."""

    def routes(self) -> list[Route]:
        return [
            Route("/markets", self.markets),
            Route("/markets/orderbooks", self.books),
            Route("/markets/trades", self.trades),
            Route("/markets/{ticker}", self.market),
            Route("/markets/{ticker}/orderbook", self.book),
        ]

    async def markets(self, request: Request) -> Response:
        query = Query("GetMarkets", request.query_params)
        limit = query.limit(least=0)
        asked = _Asked(query)
        keys = () if asked.combos_only else self._keys(asked)
        found, cursor = key_page(keys, limit, query.text("cursor"), self._filter(asked))
        markets = self._catalog.markets
        rows = [self._rows.row(markets[ticker]) for ticker in found]
        return reply({"markets": rows, "cursor": cursor})

    def _keys(self, asked: "_Asked") -> Sequence[Key]:
        """The narrowest list that holds every market asked for."""
        lists = self._catalog.lists(self._exchange.now_us)
        if asked.tickers or asked.event or asked.series:
            named = self._catalog.named(asked.tickers, asked.event, asked.series)
            return sorted(self._catalog.keys(named, self._exchange.now_us, archived=False))
        if asked.spans["updated"]:
            return _within(lists.updated.all(), asked.spans["updated"])
        return (lists.by_word[asked.status] if asked.status else lists.live).all()

    def _filter(self, asked: "_Asked") -> Callable[[str], bool]:
        catalog, spans = self._catalog, asked.spans

        def keep(ticker: str) -> bool:
            market = catalog.markets[ticker]
            return (
                has_status(market.status, asked.status)
                and asked.event in {"", market.event_ticker}
                and asked.series in {"", catalog.events[market.event_ticker].series_ticker}
                and spans["created"].holds(catalog.created[ticker])
                and spans["close"].holds(market.close_us)
                and spans["settled"].holds(market.settlement_us)
                and spans["updated"].holds(market.updated_us)
            )

        return keep

    async def market(self, request: Request) -> Response:
        market = self._catalog.markets.get(request.path_params["ticker"])
        if market is None or self._is_archived(market):
            return rejection(NOT_FOUND)
        return reply({"market": self._rows.row(market)})

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
        query = Query("GetTrades", request.query_params)
        log = self._catalog.prints
        archived = log.since(self._catalog.archive.trades_created(self._exchange.now_us))
        return trades_page(query, log, archived, log.end)


class _Asked:
    """What a list of markets is asked for. Raises `BadParameter` for filters at odds."""

    def __init__(self, query: Query) -> None:
        self.status = query.word("status", STATUS_WORDS)
        mve = query.word("mve_filter", {"only", "exclude"})
        self.combos_only = mve == "only"
        self.event, self.series = query.text("event_ticker"), query.text("series_ticker")
        self.tickers = query.listed("tickers")
        self.spans = {family: query.span(family) for family in _STATUSES_WITH}
        self.spans["updated"] = self.spans["updated"].without_start()
        given = [family for family, span in self.spans.items() if span]
        if len(given) > 1:
            raise query.bad(f"{given[1]} timestamps", f"cannot go with {given[0]} timestamps")
        for family in given:
            if self.status not in _STATUSES_WITH[family]:
                raise query.bad("status", f"{self.status} cannot go with {family} timestamps")
        if self.spans["updated"]:
            self._check_updated(query, mve)

    def _check_updated(self, query: Query, mve: str) -> None:
        if query.has_any("tickers", "event_ticker") or mve == "only":
            raise query.bad("updated timestamps", "go with mve_filter=exclude and series_ticker")
        if self.series and mve != "exclude":
            raise query.bad("series_ticker", "needs mve_filter=exclude beside updated timestamps")


def _within(keys: Sequence[Key], span: Span) -> Sequence[Key]:
    """The keys whose instants lie in a span."""
    start = 0 if span.start_us is None else bisect_left(keys, (span.start_us, ""))
    end = len(keys) if span.end_us is None else bisect_right(keys, (span.end_us, "\uffff"))
    return keys[start:end]
