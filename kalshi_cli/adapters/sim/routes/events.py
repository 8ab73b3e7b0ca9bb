"""Public routes of series and events. No signature needed."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_cli.adapters.sim.routes.public import PublicRoutes
from kalshi_cli.adapters.sim.wire.markets import MarketWire, Wire
from kalshi_cli.adapters.sim.wire.query import STATUS_WORDS, Query, has_status
from kalshi_cli.adapters.sim.wire.replies import page, rejection, reply
from kalshi_cli.adapters.sim.wire.series import (
    event_wire,
    fee_change_wire,
    metadata_wire,
    series_wire,
)
from kalshi_cli.domain.market import Event, Market, Series
from kalshi_cli.domain.money import Contracts
from kalshi_cli.engine.commands import NOT_FOUND

_MOST_EVENTS = 200


class EventRoutes(PublicRoutes):
    """Answers questions about series and events from the exchange that `host` owns."""

    def routes(self) -> list[Route]:
        return [
            Route("/series", self.series),
            Route("/series/fee_changes", self.series_fee_changes),
            Route("/series/{ticker}", self.one_series),
            Route("/events", self.events),
            Route("/events/multivariate", self.combos),
            Route("/events/fee_changes", self.event_fee_changes),
            Route("/events/{ticker}", self.event),
            Route("/events/{ticker}/metadata", self.metadata),
        ]

    async def series(self, request: Request) -> Response:
        query = Query("GetSeriesList", request.query_params)
        category, tags = query.text("category"), query.text("tags")
        updated = query.span("updated").without_start()
        details, volume = query.flag("include_product_metadata"), query.flag("include_volume")
        found = [
            self._series(series, details=details, volume=volume)
            for series in self._catalog.series.values()
            if category in {"", series.category}
            and not tags  # no series has any
            and updated.holds(self._series_updated(series))
        ]
        return reply({"series": found})

    async def one_series(self, request: Request) -> Response:
        query = Query("GetSeries", request.query_params)
        volume = query.flag("include_volume")
        series = self._catalog.series.get(request.path_params["ticker"])
        if series is None:
            return rejection(NOT_FOUND)
        return reply({"series": self._series(series, details=False, volume=volume)})

    async def series_fee_changes(self, request: Request) -> Response:
        """No series changes its fees here."""
        query = Query("GetSeriesFeeChanges", request.query_params)
        query.flag("show_historical")
        return reply({"series_fee_change_arr": []})

    async def events(self, request: Request) -> Response:
        query = Query("GetEvents", request.query_params)
        limit = query.limit(default=_MOST_EVENTS, most=_MOST_EVENTS)
        status = query.word("status", STATUS_WORDS - {"paused"})
        series, tickers = query.text("series_ticker"), query.listed("tickers")
        closes, updated = query.span("close"), query.span("updated").without_start()
        nested, milestones = query.flag("with_nested_markets"), query.flag("with_milestones")

        def keep(event: Event) -> bool:
            ticker = event.event_ticker
            return (
                series in {"", event.series_ticker}
                and (not tickers or ticker in tickers)
                and any(has_status(leg.status, status) for leg in self._legs(ticker))
                and any(closes.holds(leg.close_us) for leg in self._legs(ticker))
                and updated.holds(self._catalog.event_created(ticker))
            )

        rows = self._candidates(series, tickers)
        found, cursor = page(rows, limit, query.text("cursor"), keep)
        body: Wire = {"events": [self._event(event, nested) for event in found], "cursor": cursor}
        return reply({**body, "milestones": []} if milestones else body)

    def _candidates(self, series: str, tickers: frozenset[str]) -> list[Event]:
        """The events among which to look, in order of listing."""
        events = self._catalog.events
        if tickers:
            known = [ticker for ticker in tickers if ticker in events]
            known.sort(key=lambda ticker: (self._catalog.event_created(ticker), ticker))
            return [events[ticker] for ticker in known]
        if series:
            return [events[ticker] for ticker in self._catalog.events_of(series)]
        return list(events.values())

    async def event(self, request: Request) -> Response:
        query = Query("GetEvent", request.query_params)
        nested, bare = query.flag("with_nested_markets"), query.flag("exclude_markets")
        if nested and bare:
            raise query.bad("exclude_markets", "cannot go with with_nested_markets")
        event = self._catalog.events.get(request.path_params["ticker"])
        if event is None:
            return rejection(NOT_FOUND)
        beside = [] if nested or bare else self._live_legs(event.event_ticker)
        return reply({"event": self._event(event, nested), "markets": beside})

    async def metadata(self, request: Request) -> Response:
        event = self._catalog.events.get(request.path_params["ticker"])
        if event is None:
            return rejection(NOT_FOUND)
        return reply(metadata_wire(self._catalog, event))

    async def combos(self, request: Request) -> Response:
        """There are no combos here; what is asked is checked all the same."""
        query = Query("GetMultivariateEvents", request.query_params)
        query.limit(most=_MOST_EVENTS)
        query.flag("with_nested_markets")
        query.only_one_of("collection_ticker", "series_ticker")
        return reply({"events": [], "cursor": ""})

    async def event_fee_changes(self, request: Request) -> Response:
        """Overrides of a series' fees, which events here have from their listing on."""
        query = Query("GetEventFeeChanges", request.query_params)
        limit, ticker = query.limit(), query.text("event_ticker")
        found, cursor = page(
            list(self._catalog.events.values()),
            limit,
            query.text("cursor"),
            lambda event: event.fees is not None and ticker in {"", event.event_ticker},
        )
        world_id = self._exchange.world.world_id
        changes = [
            fee_change_wire(event, self._catalog.event_created(event.event_ticker), world_id)
            for event in found
        ]
        return reply({"event_fee_changes": changes, "cursor": cursor})

    def _series(self, series: Series, *, details: bool, volume: bool) -> Wire:
        wire = series_wire(series, self._series_updated(series))
        if details:
            wire["product_metadata"] = {}
        if volume:
            wire["volume_fp"] = str(self._volume(series))
        return wire

    def _series_updated(self, series: Series) -> int:
        first = self._catalog.events_of(series.ticker)[0]
        return self._catalog.event_created(first)

    def _volume(self, series: Series) -> Contracts:
        events = self._catalog.events_of(series.ticker)
        legs = (leg for event in events for leg in self._legs(event))
        return Contracts(sum(self._rows.tally(leg).volume.units for leg in legs))

    def _legs(self, event_ticker: str) -> list[Market]:
        return [self._catalog.markets[ticker] for ticker in self._catalog.legs[event_ticker]]

    def _live_legs(self, event_ticker: str) -> list[MarketWire]:
        now_us = self._exchange.now_us
        return [
            self._rows.row(leg)
            for leg in self._legs(event_ticker)
            if not self._catalog.is_archived(leg, now_us)
        ]

    def _event(self, event: Event, nested: bool) -> Wire:  # noqa: FBT001 - the API's own flag
        wire = event_wire(event, self._catalog.event_created(event.event_ticker))
        if nested:
            wire["markets"] = self._live_legs(event.event_ticker)
        return wire
