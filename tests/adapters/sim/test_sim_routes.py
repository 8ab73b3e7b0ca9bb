"""Every route that the embedded exchange offers, walked and judged by the exchange's own file."""

import pytest
from fakes.openapi import OpenApi, openapi
from fakes.signed_client import SignedClient
from starlette.routing import Mount

from kalshi_cli.adapters.sim.simulation import Simulation
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.engine.archive import Archive
from kalshi_cli.engine.commands import CreateGroup, SetTrading, Transfer
from kalshi_cli.engine.world import Moved

NOT_IN_THE_FILE = {
    "/portfolio/orders": "writes of the first API are answered 410, as seen at the exchange",
    "/portfolio/orders/{rest:path}": "the same, of one order and of batches",
}
FREE_FORM = {"Market.custom_strike", "EventData.product_metadata", "Series.product_metadata"}
"""Where the file takes any object; we send none of them but an empty `product_metadata`."""
NEVER_SENT = {"Milestone.details", "Milestone.source_ids", "EmptyResponse",
              "ApplySubaccountTransferResponse"}  # fmt: skip

SPAN = "start_ts=1799020800&end_ts=1799200000&period_interval=60"
FILTERS = {
    "/series": ["category=Sports", "tags=a", "include_volume=true&include_product_metadata=true",
                "min_updated_ts=1"],
    "/series/{ticker}": ["include_volume=true"],
    "/series/fee_changes": ["series_ticker=A&show_historical=true"],
    "/events": ["with_nested_markets=true&with_milestones=true", "status=open", "status=closed",
                "status=settled&with_nested_markets=true", "series_ticker=KXBTCD",
                "tickers={event}", "min_close_ts=1&min_updated_ts=1", "limit=1"],
    "/events/multivariate": ["series_ticker=A", "collection_ticker=A&with_nested_markets=true"],
    "/events/fee_changes": ["event_ticker={event}", "limit=1"],
    "/events/{ticker}": ["with_nested_markets=true", "exclude_markets=true"],
    "/markets": ["status=unopened", "status=open", "status=paused", "status=closed",
                 "status=settled", "mve_filter=only",
                 "mve_filter=exclude&min_updated_ts=1&series_ticker=KXBTCD",
                 "min_created_ts=1&status=open", "max_close_ts=1&status=closed",
                 "min_settled_ts=1&status=settled", "tickers={ticker}", "event_ticker={event}",
                 "limit=1000", "limit=1", "cursor=garbage"],
    "/markets/trades": ["ticker={ticker}", "min_ts=1&max_ts=1799050000", "is_block_trade=true",
                        "limit=1000"],
    "/markets/{ticker}/orderbook": ["depth=0", "depth=1", "depth=100"],
    "/incentive_programs": ["status=active", "type=liquidity&limit=10000", "limit=1",
                            "status=all&type=all", "incentive_description=a"],
    "/historical/markets": ["tickers={old}", "event_ticker={event}", "series_ticker=KXBTCD",
                            "mve_filter=exclude", "limit=1"],
    "/historical/trades": ["ticker={ticker}", "min_ts=1&max_ts=1799050000&is_block_trade=false"],
    "/historical/fills": ["ticker={ticker}", "min_ts=1&limit=2", "subaccount=0"],
    "/historical/orders": ["ticker={ticker}", "min_ts=1&limit=2"],
    "/historical/positions": ["ticker={ticker}", "event_ticker={event}&limit=2"],
    "/portfolio/balance": ["exchange_index=0", "subaccount=0"],
    "/portfolio/positions": ["settlement_status=all", "settlement_status=settled", "limit=1",
                             "count_filter=position,total_traded", "event_ticker={event}"],
    "/portfolio/fills": ["ticker={ticker}", "order_id={order}", "min_ts=1", "limit=1"],
    "/portfolio/orders": ["status=resting", "status=canceled", "status=executed", "limit=1",
                          "event_ticker={event}"],
    "/portfolio/orders/queue_positions": ["event_ticker={event}"],
    "/portfolio/settlements": ["limit=1", "ticker={ticker}"],
    "/portfolio/deposits": ["limit=1"],
    "/portfolio/withdrawals": ["limit=1"],
}  # fmt: skip
"""Queries beside none at all. `{ticker}` and the like stand for what the world has."""
NEEDED = {
    "/markets/orderbooks": ["tickers={ticker}", "tickers={ticker}&tickers=NOBODY&tickers={old}"],
    "/markets/candlesticks": [f"market_tickers={{ticker}},{{old}}&{SPAN}",
                              f"market_tickers={{ticker}}&{SPAN}&include_latest_before_start=true"],
    "/series/{series}/markets/{ticker}/candlesticks": [SPAN],
    "/series/{series}/events/{ticker}/candlesticks": [SPAN],
    "/historical/markets/{ticker}/candlesticks": [SPAN],
    "/portfolio/orders/queue_positions": ["market_tickers={ticker}"],
}  # fmt: skip
"""Queries of routes that cannot do without any."""


def offered(simulation: Simulation) -> set[tuple[str, str]]:
    """Methods and paths of the application."""
    mount = next(route for route in simulation.app.routes if isinstance(route, Mount))
    router = mount.app._app._router
    return {
        (method, route.path)
        for route in router.routes
        for method in route.methods
        if method != "HEAD"
    }


@pytest.fixture
def spec() -> OpenApi:
    return openapi()


@pytest.fixture(params=["lively", "troubled"])
def simulation(lived: Simulation, request) -> Simulation:
    """A world in full swing; and one with pauses, a dispute and an archive."""
    lived.host.apply(CreateGroup(Contracts(1_000)))
    lived.host.apply(Transfer(Money.parse("5.00"), 0, 1))
    if request.param == "troubled":
        trouble(lived)
    return lived


def trouble(simulation: Simulation) -> None:
    catalog = simulation._exchange.catalog
    active = [m for m in catalog.markets.values() if m.status is MarketStatus.ACTIVE]
    for market in active[::3]:
        simulation.host.apply(SetTrading(active=False, ticker=market.ticker))
    simulation.host.apply(SetTrading(active=False, shard=2))
    determined = [m for m in catalog.markets.values() if m.status is MarketStatus.DETERMINED]
    closed = [m for m in catalog.markets.values() if m.status is MarketStatus.CLOSED]
    assert determined or closed
    for market in determined[::2]:
        catalog.move(Moved(simulation.now_us, market.ticker, MarketStatus.DISPUTED))
    catalog.archive = Archive(
        markets_us=9 * HOUR, trades_us=9 * HOUR, orders_us=HOUR, positions_us=9 * HOUR, step_us=HOUR
    )


def names(simulation: Simulation) -> dict[str, str]:
    """Something of each kind that the world has."""
    exchange = simulation._exchange
    markets = list(exchange.catalog.markets.values())
    active = next(m for m in markets if m.status is MarketStatus.ACTIVE)
    old = next(m for m in markets if m.status is MarketStatus.FINALIZED)
    return {
        "ticker": active.ticker,
        "event": active.event_ticker,
        "series": exchange.catalog.events[active.event_ticker].series_ticker,
        "old": old.ticker,
        "order": next(iter(exchange.state.resting)),
        "group": next(iter(exchange.state.groups)),
        "transfer": exchange.account.transfers[0].transfer_id,
    }


def concrete(path: str, have: dict[str, str]) -> str:
    """A path with its parameters filled in."""
    ticker = have["ticker"]
    if path.startswith("/historical/markets/"):
        ticker = have["old"]
    elif path.startswith("/events/") or "/events/{ticker}/" in path:
        ticker = have["event"]
    elif path == "/series/{ticker}":
        ticker = have["series"]
    return path.format(
        ticker=ticker,
        series=have["series"],
        order_id=have["order"],
        group_id=have["group"],
        transfer_id=have["transfer"],
    )


async def test_every_read_is_as_documented_with_and_without_filters(spec, simulation):
    """The client has each answer and each good request judged: here they must only be made."""
    have = names(simulation)
    answered: dict[str, set[int]] = {}
    async with SignedClient(simulation) as client:
        for method, path in sorted(offered(simulation)):
            if method != "GET":
                continue
            queries = NEEDED.get(path, [""]) + FILTERS.get(path, [])
            for query in queries:
                url = concrete(path, have)
                url += f"?{query.format(**have)}" if query else ""
                answer = await client.send("GET", url)
                answered.setdefault(path, set()).add(answer.status_code)
                assert answer.status_code in {200, 404}, (url, answer.text)
    missing = {path for path, statuses in answered.items() if 200 not in statuses}
    of_the_archive = {path for path in answered if path.startswith("/historical/markets/{")}
    has_archive = simulation._exchange.catalog.archive != Archive()
    assert missing == (set() if has_archive else of_the_archive)
    assert len(answered) > 40


async def test_every_write_refuses_an_empty_body_as_documented(spec, simulation):
    have = {**names(simulation), "order": "nothing", "group": "nothing"}
    async with SignedClient(simulation) as client:
        for method, path in sorted(offered(simulation)):
            if method == "GET" or path in NOT_IN_THE_FILE or path == "/portfolio/events/orders":
                continue
            answer = await client.send(method, concrete(path, have), {})
            assert answer.status_code >= 400, (method, path, answer.text)


def test_every_route_is_in_the_file_or_has_a_reason(spec, lived):
    strangers = set()
    for method, path in offered(lived):
        try:
            spec.operation(method, path)
        except AssertionError:
            strangers.add(path)
    assert strangers == set(NOT_IN_THE_FILE)


def test_what_the_judge_cannot_look_into_is_known(spec, lived):
    loose: set[str] = set()
    for method, path in offered(lived):
        if path not in NOT_IN_THE_FILE or method == "GET":
            loose |= spec.free_form(method, path)
    assert loose <= FREE_FORM | NEVER_SENT
