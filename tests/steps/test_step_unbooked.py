"""Fills that the exchange reports but does not show yet: no position is trusted lacking them."""

from dataclasses import replace

import pytest
from fakes.floor import STRATEGY, A, B, taking, the_policies, waiting

from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderState, Purpose, TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ExitExceeds
from kalshi_cli.ports.exchange import Page
from kalshi_cli.risk._exposure import live_claims, worst
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.looking import look as look_at_desk
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.risk_state import risk_state
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases


class Late:
    """The exchange, whose fills, positions and cash show nothing for so many reads of fills."""

    def __init__(self, exchange, misses):
        self.exchange, self.misses = exchange, misses

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def fills(self, *, min_us=0, cursor=""):
        if self.misses > 0:
            self.misses -= 1
            return Page(())
        return await self.exchange.fills(min_us=min_us, cursor=cursor)

    async def positions(self, cursor=""):
        return Page(()) if self.misses else await self.exchange.positions(cursor)

    async def balance(self):
        shown = await self.exchange.balance()
        return replace(shown, cash=Money.parse("1000.00")) if self.misses else shown


async def look(floor, late):
    return await reconcile(late, late, floor.store, floor.clock)


class Between:
    """The exchange, where an order fills after fills were read, and before the balance is."""

    def __init__(self, exchange, order_id):
        self.exchange, self.order_id = exchange, order_id
        self.since = []

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def fills(self, *, min_us=0, cursor=""):
        self.since.append(min_us)
        return await self.exchange.fills(min_us=min_us, cursor=cursor)

    async def balance(self):
        if len(self.since) == 1:
            self.exchange.fill_resting(self.order_id, "10.00")
        return await self.exchange.balance()


async def test_a_fill_between_two_reads_is_no_reason_to_read_everything(floor):
    await floor.reconcile()
    await send(floor.desk, taking())
    order = await send(floor.desk, waiting(floor.clock))
    await floor.reconcile()
    between = Between(floor.exchange, order.order_id)
    found = await look(floor, between)
    assert (found.differences, len(between.since), min(between.since) > 0) == ((), 2, True)
    assert await floor.nets() == {(A, STRATEGY): "20.00"}


async def test_fills_that_show_late_are_asked_for_again(floor):
    await send(floor.desk, taking())
    start = floor.clock.now()
    found = await look(floor, Late(floor.exchange, misses=2))
    assert (found.unbooked, found.frozen.keys()) == ((), frozenset())
    assert await floor.nets() == {(A, STRATEGY): "10.00"}
    assert floor.clock.now() == start + 2 * SECOND


async def test_nobody_waits_where_every_fill_is_booked(floor):
    await send(floor.desk, taking())
    start = floor.clock.now()
    await floor.reconcile()
    assert floor.clock.now() == start


async def test_a_market_is_frozen_until_its_fills_show(floor):
    order = await send(floor.desk, taking())
    late = Late(floor.exchange, misses=99)
    found = await look(floor, late)
    assert found.unbooked == (order,)
    assert found.frozen == {A: "an order here filled, and its fills are not told yet"}
    late.misses = 0
    assert (await look(floor, late)).frozen.keys() == frozenset()


async def test_an_entry_is_not_sent_again_while_its_fills_are_missing(floor):
    late = Late(floor.exchange, misses=999)
    desk = floor.desk_on(late)
    for number in (1, 2):
        await floor.forecast(p=0.60, name=f"f{number}")
        await trade(late, desk, policy=the_policies().trading)
        await floor.clock.sleep_until(floor.clock.now() + SECOND)
    assert len(floor.exchange.placed) == 1


async def test_an_exit_waits_for_fills_of_its_owner(floor):
    """Ten were bought, four sold, and the sale is not on record: ten must not leave."""
    await send(floor.desk, taking())
    await floor.reconcile()
    leaving = taking(Side.ASK, limit="0.4000", purpose=Purpose.EXIT, reduce_only=True)
    sold = await send(floor.desk, leaving)
    assert sold.state is OrderState.FILLED
    with pytest.raises(ExitExceeds, match="not on record yet"):
        await send(floor.desk, leaving)
    assert len(floor.exchange.placed) == 2


async def counted_loss(floor):
    """What all events may lose, by what the controls see."""
    view = await look_at_desk(floor.store, now_us=floor.clock.now(), filters=())
    policy = the_policies().trading
    state = risk_state(
        view,
        env=policy.env,
        limits=policy.limits,
        cash=Money.parse("1000.00"),
        books={},
        frozen={},
        paused=frozenset(),
    )
    return str(worst(live_claims(state), state))


@pytest.mark.parametrize("rests", [False, True])
async def test_what_fills_that_are_not_shown_bought_is_at_risk(floor, rests):
    """100 contracts at 44 cents, of 150 that were wanted: $44, and $22 while the others rest."""
    resting = {"time_in_force": TimeInForce.GTC, "expires_us": floor.clock.now() + HOUR}
    order = await send(floor.desk, taking(count="150.00", **(resting if rests else {})))
    assert str(order.filled) == "100.00"
    late = Late(floor.exchange, misses=99)
    assert (await look(floor, late)).unbooked == (order,)
    assert await counted_loss(floor) == ("66.000000" if rests else "44.000000")
    late.misses = 0
    await look(floor, late)
    assert await counted_loss(floor) == ("66.000000" if rests else "44.000000")


async def test_fills_missing_elsewhere_hold_up_no_exit(floor):
    await send(floor.desk, taking(ticker=B))
    await floor.reconcile()
    await send(floor.desk, taking())  # not on record yet
    leaving = taking(Side.ASK, ticker=B, limit="0.4000", purpose=Purpose.EXIT, reduce_only=True)
    assert (await send(floor.desk, leaving)).state is OrderState.FILLED
