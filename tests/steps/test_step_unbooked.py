"""Fills that the exchange reports but does not show yet: no position is trusted lacking them."""

from dataclasses import replace

import pytest
from fakes.floor import STRATEGY, A, taking, the_policies

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Money
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import ExitExceeds
from kalshi_cli.ports.exchange import Page
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.reconcile import reconcile
from kalshi_cli.steps.trade import trade


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


async def test_fills_that_show_late_are_asked_for_again(floor):
    await send(floor.desk, taking())
    start = floor.clock.now()
    found = await look(floor, Late(floor.exchange, misses=2))
    assert (found.unbooked, found.frozen_tickers) == ((), frozenset())
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
    assert (found.unbooked, found.frozen_tickers) == ((order,), frozenset({A}))
    late.misses = 0
    assert (await look(floor, late)).frozen_tickers == frozenset()


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
