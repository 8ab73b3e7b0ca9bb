"""An order at the exchange under an id of ours, with terms that we never sent, is not ours."""

from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.floor import STRATEGY, A, B, taking, waiting

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import OrderState, Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.execution import send

pytestmark = pytest.mark.databases


class Taken:
    """The exchange, where somebody else used the id first, for an order with other terms."""

    def __init__(self, exchange, **terms):
        self.exchange, self.terms = exchange, terms

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def place(self, client_order_id, intent, **more):
        await self.exchange.place(client_order_id, replace(intent, **self.terms))
        return await self.exchange.place(client_order_id, intent, **more)


OTHER_TERMS = [
    {"ticker": B},
    {"side": Side.ASK, "limit": Price.parse("0.4000")},
    {"limit": Price.parse("0.4500")},
    {"count": Contracts.parse("9.00")},
]


@pytest.mark.parametrize("terms", OTHER_TERMS)
async def test_an_order_with_other_terms_is_not_adopted(floor, terms):
    await send(floor.desk_on(Taken(floor.exchange, **terms)), taking())
    found = await floor.reconcile()
    order = await floor.order()
    assert (order.state, order.order_id, order.filled.units) == (OrderState.UNKNOWN, None, 0)
    assert found.unresolved == (order,)
    assert found.frozen.keys() == {A, terms.get("ticker", A)}
    assert "bears an id of ours and other terms" in found.frozen[terms.get("ticker", A)]
    assert {owner for _, owner in await floor.nets()} == {EXTERNAL}
    (alarm,) = found.alarms
    assert f"order {order.client_order_id} exists at the exchange with other terms" in alarm


async def test_what_rests_with_other_terms_is_foreign(floor):
    await send(floor.desk_on(Taken(floor.exchange, ticker=B)), waiting(floor.clock))
    found = await floor.reconcile()
    assert [report.ticker for report in found.foreign] == [B]
    assert found.frozen.keys() == {A, B}


async def test_what_rests_with_other_terms_long_after_it_was_given_up_freezes_its_market(floor):
    floor.exchange.placing = [Fault.LOST]
    order = await send(floor.desk, waiting(floor.clock))
    await floor.reconcile()
    assert (await floor.order()).state is OrderState.ABSENT
    floor.clock.now_us += 2 * HOUR
    await floor.exchange.place(order.client_order_id, waiting(floor.clock, ticker=B))
    found = await floor.reconcile()
    assert (await floor.order()).state is OrderState.ABSENT
    assert [report.ticker for report in found.foreign] == [B]
    assert "bears an id of ours and other terms" in found.frozen[B]
    (alarm,) = found.alarms
    assert f"order {order.client_order_id} exists at the exchange with other terms" in alarm


async def test_the_same_terms_are_ours(floor):
    await send(floor.desk_on(Taken(floor.exchange)), taking())
    found = await floor.reconcile()
    assert (found.unresolved, found.impostors, found.alarms) == ((), (), ())
    assert (await floor.order()).state is OrderState.FILLED


async def test_an_exit_cut_to_the_position_is_ours(floor):
    await send(floor.desk, taking(count="4.00"))
    await floor.reconcile()
    floor.exchange.placing = [Fault.UNANSWERED]
    leaving = taking(Side.ASK, limit="0.4000", count="4.00", purpose=Purpose.EXIT, reduce_only=True)
    floor.exchange.nets[A] = Contracts.parse("3.00")
    await send(floor.desk, leaving)
    floor.exchange.nets[A] = Contracts.parse("1.00")
    found = await floor.reconcile()
    assert (found.unresolved, found.impostors, found.alarms) == ((), (), ())
    assert await floor.nets() == {(A, STRATEGY): "1.00"}
