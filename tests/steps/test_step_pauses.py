"""The exchange's pauses: nothing is sent into them, cancels still go, and nothing is assumed."""

from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, B, the_policies, waiting

from kalshi_cli.domain.order import OrderState, Pending
from kalshi_cli.errors import Unavailable
from kalshi_cli.ports.exchange import CancellationKind, ExchangeStatus, ShardStatus
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.pausing import trades
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import rehearse, trade

pytestmark = pytest.mark.databases

PAUSED = ExchangeStatus(exchange_active=True, trading_active=False)
OPEN = ExchangeStatus(exchange_active=True, trading_active=True)


def shard(index, *, exchange=True, trading=True):
    return ShardStatus(index, "", exchange, trading)


@pytest.fixture
async def ready(floor):
    """Two markets that are worth a trade."""
    await floor.reconcile()
    await floor.forecast(A, name="fa")
    await floor.forecast(B, name="fb")
    return floor


def policy():
    return the_policies("oracle").trading


async def traded(floor):
    return await trade(floor.exchange, floor.desk, policy=policy())


def codes(result):
    return [denied.denial.code for denied in result.denied]


async def test_nothing_is_sent_into_a_pause_and_the_forecasts_are_traded_after_it(ready):
    ready.exchange.status = PAUSED
    result = await traded(ready)
    assert codes(result) == ["EXCHANGE_PAUSED"] * 2
    assert (ready.exchange.placed, await ready.orders()) == ([], ())
    ready.exchange.status = OPEN
    result = await traded(ready)
    assert [order.intent.ticker for order in result.orders] == [A, B]


async def test_a_pause_that_begins_meanwhile_costs_one_order_and_no_forecast(ready):
    """The status still says open; the first refusal tells."""
    ready.exchange.placing = [Fault.REFUSED]  # trading_is_paused
    result = await traded(ready)
    assert [order.state for order in result.orders] == [OrderState.REJECTED]
    assert codes(result) == ["EXCHANGE_PAUSED"]
    result = await traded(ready)
    assert [order.state for order in result.orders] == [OrderState.FILLED] * 2


async def test_where_the_exchange_does_not_tell_entries_wait(ready):
    real = ready.exchange.exchange_status

    async def down():
        raise Unavailable("down")

    ready.exchange.exchange_status = down
    assert codes(await traded(ready)) == ["EXCHANGE_PAUSED"] * 2
    ready.exchange.exchange_status = real
    assert codes(await traded(ready)) == []


async def test_a_rehearsal_tells_of_the_pause_too(ready):
    ready.exchange.status = PAUSED
    exchange = ready.exchange
    result = await rehearse(exchange, exchange, ready.store, ready.clock, policy=policy())
    assert codes(result) == ["EXCHANGE_PAUSED"] * 2


async def test_an_exit_waits_for_the_end_of_the_pause(ready):
    await traded(ready)
    ready.exchange.status = PAUSED
    ready.exchange.set_book(A, (("0.9000", "500.00"),), (("0.9200", "500.00"),))  # take profit
    policies = the_policies("oracle")
    result = await track(ready.exchange, ready.desk, exits=policies.exits, policy=policies.trading)
    assert [(e.position.ticker, e.denial.code) for e in result.exits] == [(A, "EXCHANGE_PAUSED")]
    ready.exchange.status = OPEN
    result = await track(ready.exchange, ready.desk, exits=policies.exits, policy=policies.trading)
    assert [(e.position.ticker, e.order.state) for e in result.exits] == [(A, OrderState.FILLED)]


async def test_a_pause_of_trading_lets_cancels_through_one_of_the_exchange_does_not(floor):
    one = await send(floor.desk, waiting(floor.clock))
    two = await send(floor.desk, waiting(floor.clock, ticker=B))
    floor.exchange.status = PAUSED
    after, answer = await cancel(floor.desk, one, "a test")
    assert (after.state, answer.kind) == (OrderState.CANCELED, CancellationKind.CANCELED)
    floor.exchange.status = ExchangeStatus(exchange_active=False, trading_active=False)
    after, answer = await cancel(floor.desk, two, "a test")
    assert (answer.kind, after.state) == (CancellationKind.REFUSED, OrderState.RESTING)
    assert after.pending is Pending.NONE  # it rests as before, and counts as live


async def test_a_market_that_trades_again_has_lost_our_order_and_reading_tells(floor):
    order = await send(floor.desk, waiting(floor.clock))
    await floor.exchange.cancel(order.order_id, A, 0)  # the exchange's own doing
    (changed,) = (await floor.reconcile()).changed
    assert (changed.state, changed.intent.strategy) == (OrderState.CANCELED, STRATEGY)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OPEN, (True, True)),
        (PAUSED, (False, False)),
        (replace(OPEN, shards=(shard(0), shard(2, trading=False))), (True, False)),
        (replace(OPEN, shards=(shard(0), shard(2, exchange=False))), (True, False)),
        # The first shard's pause is the whole's only for shards that are not told apart.
        (replace(PAUSED, shards=(shard(0, trading=False), shard(2))), (False, True)),
        (replace(PAUSED, shards=(shard(0, trading=False),)), (False, False)),
    ],
)
def test_which_shards_trade(status, expected):
    assert (trades(status, 0), trades(status, 2)) == expected
