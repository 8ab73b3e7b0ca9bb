"""Public routes of candlesticks: of a market, of several, of an event, of the archive."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.public import PublicRoutes
from kalshi_cli.adapters.sim.wire.candles import candle_wire, historical_candle_wire
from kalshi_cli.adapters.sim.wire.markets import Wire
from kalshi_cli.adapters.sim.wire.query import Query
from kalshi_cli.adapters.sim.wire.replies import rejection, reply
from kalshi_cli.domain.instant import MINUTE, SECOND
from kalshi_cli.domain.market import Market
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price
from kalshi_cli.engine.candles import (
    PERIODS,
    Candle,
    History,
    candles,
    latest_before,
)
from kalshi_cli.engine.commands import NOT_FOUND

_MOST_MARKETS, _MOST_CANDLES = 100, 10_000
_STINT_S = 0.01
"""How long candles are drawn in one go."""


class CandleRoutes(PublicRoutes):
    """Draws candles from the trades and the quotes of the exchange that `host` owns."""

    def routes(self) -> list[Route]:
        return [
            Route("/markets/candlesticks", self.several),
            Route("/series/{series}/markets/{ticker}/candlesticks", self.market),
            Route("/series/{series}/events/{ticker}/candlesticks", self.event),
            Route("/historical/markets/{ticker}/candlesticks", self.historical),
        ]

    async def market(self, request: Request) -> Response:
        asked = _Asked(Query("GetMarketCandlesticks", request.query_params))
        market = self._catalog.markets.get(request.path_params["ticker"])
        series = request.path_params["series"]
        if market is None or self._is_archived(market) or self._series_of(market) != series:
            return rejection(NOT_FOUND)
        asked.check([self._life(market)])
        drawn = await self._drawn([market], asked)
        return reply({"ticker": market.ticker, "candlesticks": drawn[market.ticker]})

    async def several(self, request: Request) -> Response:
        """Candles of up to a hundred markets; none for a market that is not there."""
        query = Query("BatchGetMarketCandlesticks", request.query_params)
        asked = _Asked(query)
        tickers = [ticker for ticker in query.text("market_tickers").split(",") if ticker]
        if not 1 <= len(tickers) <= _MOST_MARKETS:
            raise query.bad("market_tickers", f"must name 1 to {_MOST_MARKETS} markets")
        found = {ticker: self._catalog.markets.get(ticker) for ticker in tickers}
        live = {t: m for t, m in found.items() if m is not None and not self._is_archived(m)}
        asked.check(self._life(market) for market in live.values())
        drawn = await self._drawn(live.values(), asked)
        rows = [{"market_ticker": t, "candlesticks": drawn.get(t, [])} for t in tickers]
        return reply({"markets": rows})

    async def event(self, request: Request) -> Response:
        """Candles of an event's markets; where there are too many, up to an earlier end."""
        asked = _Asked(Query("GetMarketCandlesticksByEvent", request.query_params))
        event = self._catalog.events.get(request.path_params["ticker"])
        if event is None or event.series_ticker != request.path_params["series"]:
            return rejection(NOT_FOUND)
        legs = [self._catalog.markets[ticker] for ticker in self._catalog.legs[event.event_ticker]]
        live = [leg for leg in legs if not self._is_archived(leg)]
        asked.shorten(len(live))
        drawn = await self._drawn(live, asked)
        return reply(
            {
                "market_tickers": list(drawn),
                "market_candlesticks": list(drawn.values()),
                "adjusted_end_ts": asked.end_us // SECOND,
            }
        )

    async def historical(self, request: Request) -> Response:
        asked = _Asked(Query("GetMarketCandlesticksHistorical", request.query_params))
        market = self._catalog.markets.get(request.path_params["ticker"])
        if market is None or not self._is_archived(market):
            return rejection(NOT_FOUND)
        asked.check([self._life(market)])
        drawn = await self._drawn([market], asked, historical_candle_wire)
        return reply({"ticker": market.ticker, "candlesticks": drawn[market.ticker]})

    def _series_of(self, market: Market) -> str:
        return self._catalog.events[market.event_ticker].series_ticker

    async def _drawn(
        self,
        markets: Iterable[Market],
        asked: "_Asked",
        wire: Callable[[Candle], Wire] = candle_wire,
    ) -> dict[str, list[Wire]]:
        """Candles by market, all as of one moment. While many are drawn, others have their turn."""
        histories = {market.ticker: self._history(market) for market in markets}
        drawn: dict[str, list[Wire]] = {}
        began = time.monotonic()
        for ticker, history in histories.items():
            rows = drawn[ticker] = []
            for candle in asked.candles(history):
                if candle is not None:
                    rows.append(wire(candle))
                if time.monotonic() - began > _STINT_S:
                    await asyncio.sleep(0)  # noqa: TID251 - not to wait: others have the loop
                    began = time.monotonic()
        return drawn

    def _life(self, market: Market) -> tuple[int, int]:
        """From when to when there may be candles of a market."""
        start_us = max(market.open_us, self._known_us(market))
        return start_us, min(market.close_us, self._exchange.now_us)

    def _known_us(self, market: Market) -> int:
        """Since when all trades of a market are known."""
        return max(self._catalog.created[market.ticker], self._catalog.prints.starts_us or 0)

    def _history(self, market: Market) -> History:
        log, world = self._catalog.prints, self._exchange.world
        tally = self._rows.tally(market)
        trades = [each.trade for each in log.newest_first(market.ticker)]
        trades.reverse()

        @cache
        def quotes_at(at_us: int) -> tuple[Price, Price]:
            bid, ask = world.quotes_at(market.ticker, at_us)
            return bid or ZERO_PRICE, ask or ONE_DOLLAR

        return History(
            open_us=market.open_us,
            close_us=market.close_us,
            now_us=self._exchange.now_us,
            known_us=self._known_us(market),
            trades=trades,
            volume=tally.volume,
            open_interest=tally.open_interest,
            quotes_at=quotes_at,
        )


class _Asked:
    """Which candles are asked for. Raises `BadParameter` unless span and length are given."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self.start_us = query.needed_instant("start_ts")
        self.end_us = query.needed_instant("end_ts")
        self.minutes = query.number("period_interval") or 0
        self.with_latest = query.flag("include_latest_before_start")
        if self.minutes not in PERIODS:
            raise query.bad("period_interval", "must be 1, 60 or 1440")
        if self.end_us < self.start_us:
            raise query.bad("end_ts", "must not be before start_ts")

    def check(self, lives: Iterable[tuple[int, int]]) -> None:
        """Refuse what would be too many candles of markets that lived so long."""
        step = self.minutes * MINUTE
        spans = (min(self.end_us, end + step) - max(self.start_us, start) for start, end in lives)
        if sum(max(0, span) // step + 1 for span in spans) > _MOST_CANDLES:
            raise self._query.bad("end_ts", f"asks for more than {_MOST_CANDLES} candles")

    def candles(self, history: History) -> Iterator[Candle | None]:
        """A market's candles, after the latest before them where that is asked for; None between
        them for periods that have none.
        """
        latest = latest_before(history, self.minutes, self.start_us) if self.with_latest else None
        for candle in candles(history, self.minutes, self.start_us, self.end_us):
            if candle is not None and latest is not None:
                if candle.end_us > latest.end_us:
                    yield latest
                latest = None
            yield candle
        yield latest

    def shorten(self, markets: int) -> None:
        """Let the span end where no more can be told of so many markets."""
        most = _MOST_CANDLES // max(1, markets) * self.minutes * MINUTE
        self.end_us = min(self.end_us, self.start_us + most)
