"""Routes of what is archived: markets and trades for everybody, the account's own when signed."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.public import PublicRoutes
from kalshi_cli.adapters.sim.routes.trade_pages import trades_page
from kalshi_cli.adapters.sim.wire.markets import instant
from kalshi_cli.adapters.sim.wire.orders import order_wire
from kalshi_cli.adapters.sim.wire.portfolio import fill_wire, positions_wire
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import key_page, page, rejection, reply
from kalshi_cli.adapters.sim.world.host import Host
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position
from kalshi_cli.engine.catalog import Catalog
from kalshi_cli.engine.commands import NOT_FOUND
from kalshi_cli.engine.market_lists import Key
from kalshi_cli.engine.orders import ExchangeOrder


class HistoricalRoutes(PublicRoutes):
    """Public: where the archive begins, its markets and its trades."""

    def routes(self) -> list[Route]:
        return [
            Route("/historical/cutoff", self.cutoff),
            Route("/historical/markets", self.markets),
            Route("/historical/markets/{ticker}", self.market),
            Route("/historical/trades", self.trades),
        ]

    async def cutoff(self, _request: Request) -> Response:
        archive, now_us = self._catalog.archive, self._exchange.now_us
        return reply(
            {
                "market_settled_ts": instant(archive.market_settled(now_us)),
                "trades_created_ts": instant(archive.trades_created(now_us)),
                "orders_updated_ts": instant(archive.orders_updated(now_us)),
                "market_positions_last_updated_ts": instant(archive.positions_updated(now_us)),
            }
        )

    async def markets(self, request: Request) -> Response:
        query = Query("GetHistoricalMarkets", request.query_params)
        limit = query.limit(least=0)
        query.only_one_of("tickers", "event_ticker", "series_ticker")
        query.word("mve_filter", {"exclude"})
        found, cursor = key_page(self._keys(query), limit, query.text("cursor"))
        rows = [self._rows.row(self._catalog.markets[ticker]) for ticker in found]
        return reply({"markets": rows, "cursor": cursor})

    def _keys(self, query: Query) -> Sequence[Key]:
        """The archived markets asked for, in order of creation."""
        tickers, event = query.listed("tickers"), query.text("event_ticker")
        series = query.text("series_ticker")
        if tickers or event or series:
            named = self._catalog.named(tickers, event, series)
            return sorted(self._catalog.keys(named, self._exchange.now_us, archived=True))
        return self._catalog.lists(self._exchange.now_us).archived.all()

    async def market(self, request: Request) -> Response:
        market = self._catalog.markets.get(request.path_params["ticker"])
        if market is None or not self._is_archived(market):
            return rejection(NOT_FOUND)
        return reply({"market": self._rows.row(market)})

    async def trades(self, request: Request) -> Response:
        query = Query("GetTradesHistorical", request.query_params)
        log = self._catalog.prints
        end = log.since(self._catalog.archive.trades_created(self._exchange.now_us))
        return trades_page(query, log, log.dropped, end)


class HistoricalAccountRoutes:
    """Signed: the account's archived fills, orders and positions, in order of their making."""

    def __init__(self, host: Host, user_id: str) -> None:
        self._host = host
        self._user_id = user_id

    def routes(self) -> list[Route]:
        return [
            Route("/historical/fills", self.fills),
            Route("/historical/orders", self.orders),
            Route("/historical/positions", self.positions),
        ]

    @property
    def _catalog(self) -> Catalog:
        return self._host.exchange.catalog

    async def fills(self, request: Request) -> Response:
        query = Query("GetFillsHistorical", request.query_params)
        ticker, archive = query.text("ticker"), self._catalog.archive
        now_us = self._host.exchange.now_us

        def keep(fill: Fill) -> bool:
            return (
                ticker in {"", fill.ticker}
                and archive.has_fill(fill, now_us)
                and query.between(fill.at_us)
            )

        rows = [] if query.elsewhere() else self._host.account_view().account.fills
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        return reply({"fills": [fill_wire(fill) for fill in found], "cursor": cursor})

    async def orders(self, request: Request) -> Response:
        query = Query("GetHistoricalOrders", request.query_params)
        ticker, archive = query.text("ticker"), self._catalog.archive
        now_us = self._host.exchange.now_us

        def keep(order: ExchangeOrder) -> bool:
            return (
                ticker in {"", order.ticker}
                and archive.has_order(order, now_us)
                and query.between(order.created_us)
            )

        rows = [] if query.elsewhere() else list(self._host.account_view().orders.values())
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        wire = [order_wire(order, self._user_id) for order in found]
        return reply({"orders": wire, "cursor": cursor})

    async def positions(self, request: Request) -> Response:
        query = Query("GetHistoricalPositions", request.query_params)
        ticker, event = query.text("ticker"), query.text("event_ticker")
        markets, archive = self._catalog.markets, self._catalog.archive
        now_us, account = self._host.exchange.now_us, self._host.account_view().account

        def keep(held: Position) -> bool:
            market = markets[held.ticker]
            return (
                ticker in {"", held.ticker}
                and event in {"", market.event_ticker}
                and archive.has_position(market, now_us)
            )

        rows = [] if query.elsewhere() else list(account.positions.values())
        found, cursor = page(rows, query.limit(), query.text("cursor"), keep)
        body = {**positions_wire(account, markets, found), "cursor": cursor}
        return reply(body)
