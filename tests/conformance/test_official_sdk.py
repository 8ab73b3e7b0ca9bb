"""The exchange's own SDK against `kalshi sim serve`: its models take every answer."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import kalshi_python_async as sdk
import pytest
from fakes.program import Program
from fakes.served import EPOCH
from kalshi_python_async.exceptions import ApiException

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.domain.instant import SECOND

APIS = (
    sdk.MarketApi,
    sdk.EventsApi,
    sdk.ExchangeApi,
    sdk.HistoricalApi,
    sdk.IncentiveProgramsApi,
    sdk.OrdersApi,
    sdk.OrderGroupsApi,
    sdk.PortfolioApi,
    sdk.AccountApi,
    sdk.ApiKeysApi,
)
NOT_OFFERED = {
    "get_event_forecast_percentiles_history": "forecasts of numeric events are nobody's order",
    "upgrade_account_api_usage_level": "the tier is chosen at the start",
    "get_account_api_usage_level_volume_progress": "the tier is chosen at the start",
    "create_api_key": "keys of the embedded exchange come from its start",
    "generate_api_key": "keys of the embedded exchange come from its start",
    "delete_api_key": "keys of the embedded exchange come from its start",
}
TRANSFER = {
    "source": "event_contract",
    "destination": "event_contract",
    "amount": 50_000,
    "source_exchange_shard": 0,
    "destination_exchange_shard": 2,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where the exchange is served, by a process of its own."""
    program = Program(tmp_path_factory.mktemp("served"))
    options = ("--port", "0", "--epoch", EPOCH, "--seed", "5", "--json")
    with program.start("sim", "serve", *options) as server:
        yield json.loads(server.line())
        server.send_signal(signal.SIGTERM)
        assert server.ended().code == 143


class Client:
    """The SDK's APIs on one connection; remembers which of their methods were called."""

    called: ClassVar[set[str]] = set()

    def __init__(self, served: dict[str, str]) -> None:
        configuration = sdk.Configuration(host=f"{served['base_url']}/trade-api/v2")
        configuration.api_key_id = served["api_key_id"]
        configuration.private_key_pem = Path(served["private_key_path"]).read_text()
        self._client = sdk.KalshiClient(configuration)
        self._methods = {
            name: getattr(api(self._client), name) for api in APIS for name in methods(api)
        }

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = self._methods[name]

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.called.add(name)
            for _ in range(100):
                try:
                    return await method(*args, **kwargs)
                except ApiException as error:
                    if error.status != 429:
                        raise
                    await asyncio.sleep(0.25)  # noqa: TID251 - the budget is real time
            raise TimeoutError(f"{name}: throttled for ever")

        return call

    async def close(self) -> None:
        await self._client.close()


def methods(api: type) -> list[str]:
    """The calls that an API of the SDK offers."""
    variants = ("_with_http_info", "_without_preload_content")
    return [n for n in dir(api) if not n.startswith("_") and not n.endswith(variants)]


@pytest.fixture
async def client(served: dict[str, str]) -> AsyncIterator[Client]:
    client = Client(served)
    yield client
    await client.close()


@pytest.fixture
async def market(client: Client) -> Any:
    """A market in the middle, with both sides."""
    found = (await client.get_markets(status="open", limit=1000)).markets
    return min(found, key=lambda m: abs(float(m.yes_bid_dollars) - 0.4))


async def refused(call: Awaitable[Any], status: int, code: str) -> None:
    with pytest.raises(ApiException) as caught:
        await call
    assert caught.value.status == status
    assert code in (caught.value.body or "")


async def place(client: Client, market: Any, **terms: Any) -> Any:
    order = {
        "ticker": market.ticker,
        "side": "bid",
        "count": "10.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        **terms,
    }
    return await client.create_order_v2(**order)


async def test_exchange(client):
    status = await client.get_exchange_status()
    assert status.exchange_active
    assert status.exchange_index_statuses[0].exchange_index == 0
    schedule = (await client.get_exchange_schedule()).schedule
    assert schedule.standard_hours
    assert (await client.get_user_data_timestamp()).as_of_time
    assert (await client.get_series_fee_changes(show_historical=True)).series_fee_change_arr == []


async def test_series_and_events(client):
    listed = (await client.get_series_list(category="Climate and Weather")).series
    one = (await client.get_series(listed[0].ticker)).series
    assert (one.ticker, one.fee_type) == (listed[0].ticker, "quadratic")
    events = (await client.get_events(series_ticker=one.ticker, with_nested_markets=True)).events
    assert {market.status for event in events for market in event.markets} <= {
        "initialized",
        "active",
        "closed",
        "determined",
        "inactive",
    }
    event = (await client.get_event(events[0].event_ticker, with_nested_markets=True)).event
    assert event.event_ticker == events[0].event_ticker
    assert await client.get_event_metadata(event.event_ticker)
    assert (await client.get_multivariate_events()).events == []
    assert await client.get_event_fee_changes()


async def test_markets_books_and_prints(client, market):
    one = (await client.get_market(market.ticker)).market
    assert one.price_ranges[0].step in {"0.0100", "0.0010"}
    book = (await client.get_market_orderbook(market.ticker, depth=2)).orderbook_fp
    assert len(book.yes_dollars) <= 2
    assert book.yes_dollars[-1][0] == one.yes_bid_dollars
    books = (await client.get_market_orderbooks(tickers=[market.ticker, "KXNO"])).orderbooks
    assert [each.ticker for each in books] == [market.ticker, "KXNO"]
    trades = (await client.get_trades(ticker=market.ticker, limit=5)).trades
    assert all(trade.ticker == market.ticker for trade in trades)


async def test_candlesticks(client, market):
    event = (await client.get_event(market.event_ticker)).event
    now = SystemClock().wall() // SECOND
    span = {"start_ts": now - 7_200, "end_ts": now + 60, "period_interval": 60}
    series = event.series_ticker
    one = await client.get_market_candlesticks(series_ticker=series, ticker=market.ticker, **span)
    assert one.ticker == market.ticker
    batch = await client.batch_get_market_candlesticks(market_tickers=market.ticker, **span)
    assert [each.market_ticker for each in batch.markets] == [market.ticker]
    assert await client.get_market_candlesticks_by_event(
        series_ticker=series, ticker=market.event_ticker, **span
    )


async def test_the_historical_tier(client):
    cutoff = await client.get_historical_cutoff()
    assert cutoff.market_settled_ts < cutoff.orders_updated_ts
    assert (await client.get_historical_markets()).markets == []
    await refused(client.get_historical_market("KXNO"), 404, "not_found")
    span = {"start_ts": 1, "end_ts": 3_600, "period_interval": 60}
    await refused(client.get_market_candlesticks_historical("KXNO", **span), 404, "not_found")
    assert (await client.get_trades_historical()).trades == []
    assert (await client.get_fills_historical()).fills == []
    assert (await client.get_historical_orders()).orders == []
    assert (await client.get_historical_positions()).market_positions == []


async def test_incentive_programs(client):
    programs = (await client.get_incentive_programs(status="all")).incentive_programs
    assert all(program.market_ticker for program in programs)


async def test_an_order_s_life(client, market):
    placed = await place(client, market, client_order_id="sdk-1", post_only=True)
    assert (placed.fill_count, placed.remaining_count) == ("0.00", "10.00")
    order = (await client.get_order(placed.order_id)).order
    assert (order.status, order.book_side, order.exchange_index) == ("resting", "bid", 0)
    mine = (await client.get_orders(ticker=market.ticker, status="resting")).orders
    assert placed.order_id in {each.order_id for each in mine}
    ahead = await client.get_order_queue_position(placed.order_id)
    assert float(ahead.queue_position_fp) >= 0
    rows = (await client.get_order_queue_positions(market_tickers=market.ticker)).queue_positions
    assert placed.order_id in {row.order_id for row in rows}
    shrunk = await client.decrease_order_v2(placed.order_id, reduce_to="6.00")
    assert shrunk.remaining_count == "6.00"
    amended = await client.amend_order_v2(
        placed.order_id, ticker=market.ticker, side="bid", price="0.0200", count="5.00"
    )
    assert (amended.remaining_count, amended.fill_count) == ("5.00", "0.00")
    gone = await client.cancel_order_v2(placed.order_id)
    assert gone.reduced_by == "5.00"
    await refused(client.cancel_order_v2(placed.order_id), 404, "not_found")
    await refused(place(client, market, client_order_id="sdk-1"), 409, "order_already_exists")


async def test_what_is_refused(client, market):
    ask = market.yes_ask_dollars
    await refused(place(client, market, price="0.0150"), 400, "invalid_price")
    await refused(place(client, market, price=ask, post_only=True), 400, "post only cross")
    await refused(place(client, market, count="10000000.00"), 400, "insufficient_balance")
    await refused(
        place(client, market, price=ask, count="900000.00", time_in_force="fill_or_kill"),
        400,
        "insufficient_balance",
    )
    await refused(place(client, market, exchange_index=3), 404, "insufficient_shard_balance")


async def test_a_fill_reaches_positions_and_balance(client, market):
    terms = {"price": "0.9900", "count": "2.00", "time_in_force": "immediate_or_cancel"}
    placed = await place(client, market, **terms)
    assert (placed.fill_count, placed.remaining_count) == ("2.00", "0.00")
    assert 0 < float(placed.average_fill_price) < 0.99
    fills = (await client.get_fills(order_id=placed.order_id)).fills
    assert sum(float(fill.count_fp) for fill in fills) == 2
    held = (await client.get_positions(ticker=market.ticker)).market_positions
    assert [each.position_fp for each in held] == ["2.00"]
    balance = await client.get_balance()
    assert balance.balance_breakdown[0].exchange_index == 0
    assert (await client.get_settlements()).settlements == []


async def test_batches(client, market):
    order = {
        "ticker": market.ticker,
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    placed = await client.batch_create_orders_v2(orders=[order, {**order, "price": "0.0105"}])
    first, second = placed.orders
    assert (first.remaining_count, second.error.code) == ("1.00", "invalid_price")
    wanted = [{"order_id": first.order_id}, {"order_id": "nobody"}]
    canceled = await client.batch_cancel_orders_v2(orders=wanted)
    assert [each.reduced_by for each in canceled.orders] == ["1.00", "0.00"]
    assert canceled.orders[1].error.code == "not_found"


async def test_order_groups(client, market):
    group = await client.create_order_group(contracts_limit=5)
    placed = await place(client, market, order_group_id=group.order_group_id)
    shown = await client.get_order_group(group.order_group_id)
    assert (shown.orders, shown.is_auto_cancel_enabled) == ([placed.order_id], False)
    await client.update_order_group_limit(group.order_group_id, contracts_limit_fp="6.00")
    await client.trigger_order_group(group.order_group_id)
    listed = (await client.get_order_groups()).order_groups
    assert [(each.id, each.contracts_limit_fp) for each in listed] == [
        (group.order_group_id, "6.00")
    ]
    await client.reset_order_group(group.order_group_id)
    await client.delete_order_group(group.order_group_id)
    await refused(client.get_order_group(group.order_group_id), 404, "not_found")


async def test_cash(client):
    sent = await client.intra_exchange_instance_transfer(**TRANSFER)
    shown = (await client.get_intra_exchange_instance_transfer(sent.transfer_id)).transfer
    assert (shown.amount, shown.status) == ("5.000000", "pending")
    assert (await client.get_intra_exchange_instance_transfers()).transfers
    (deposit,) = (await client.get_deposits()).deposits
    assert (deposit.amount_cents, deposit.status) == (1_000_000, "applied")
    assert (await client.get_withdrawals()).withdrawals == []
    assert await client.get_portfolio_resting_order_total_value()


async def test_there_is_no_subaccount(client):
    assert (await client.get_subaccount_balances()).subaccount_balances[0].subaccount_number == 0
    assert not (await client.get_subaccount_netting()).netting_configs[0].enabled
    assert (await client.get_subaccount_transfers()).transfers == []
    assert (await client.get_target_balance_allocation()).allocations == []
    await refused(client.create_subaccount(), 400, "usage tier")
    transfer = {
        "client_transfer_id": "8d1f8c04-0f8a-4d3e-9a57-0a4d7b1f2c11",
        "from_subaccount": 0,
        "to_subaccount": 1,
        "amount_cents": 100,
    }
    await refused(client.apply_subaccount_transfer(**transfer), 400, "usage tier")
    netting = {"subaccount_number": 0, "enabled": True}
    await refused(client.update_subaccount_netting(**netting), 400, "usage tier")
    allocations = [{"exchange_index": 0, "percent": 100}]
    await refused(client.set_target_balance_allocation(allocations=allocations), 403, "forbidden")


async def test_the_account_s_limits(client):
    limits = await client.get_account_api_limits()
    assert (limits.usage_tier, limits.write.refill_rate) == ("basic", 100)
    costs = await client.get_account_endpoint_costs()
    assert costs.default_cost == 10
    (key,) = (await client.get_api_keys()).api_keys
    assert key.scopes


async def test_the_end_of_all_orders(client, market):
    """Last: for a minute after it nothing rests."""
    placed = await place(client, market)
    await client.cancel_all_orders()
    assert (await client.get_order(placed.order_id)).order.status == "canceled"


def test_every_call_of_these_apis_was_made_or_is_left_out_for_a_reason(served):
    offered = {name for api in APIS for name in methods(api)}
    assert offered - Client.called == NOT_OFFERED.keys()
