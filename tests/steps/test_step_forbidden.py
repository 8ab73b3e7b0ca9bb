"""A key that may not trade some markets, since its region is not attested: the others go on."""

from dataclasses import replace

import pytest
from fakes.exchange import Fault
from fakes.floor import A, B, taking, the_policies

from kalshi_cli.cli.cycles import Cycles, Teller
from kalshi_cli.cli.verdicts import of_track, of_trade
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.order import OrderState
from kalshi_cli.errors import ConfigError
from kalshi_cli.exits._planning import ExitRules, plan_for
from kalshi_cli.ports.exchange import Placement, PlacementKind
from kalshi_cli.scheduler.lanes import Ran
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")
HOLD = ExitRules(max_hold_us=HOUR)
REFUSAL = Placement(PlacementKind.FORBIDDEN)


async def traded(floor):
    return await trade(floor.exchange, floor.desk, policy=POLICIES.trading)


async def tracked(floor):
    return await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)


async def test_one_order_tells_of_its_category_and_the_others_are_denied(floor):
    await floor.reconcile()
    await floor.forecast(A)
    await floor.forecast(B, name="f2")
    floor.exchange.placing = [Fault.FORBIDDEN]
    first = await traded(floor)
    (order,) = first.orders
    assert (order.state, order.message) == (OrderState.REJECTED, "forbidden not here")
    assert [d.denial.code for d in first.denied] == ["CATEGORY_FORBIDDEN"]
    assert isinstance(of_trade(first), ConfigError)
    second = await traded(floor)
    assert {d.denial.code for d in second.denied} == {"CATEGORY_FORBIDDEN"}
    assert (len(floor.exchange.placed), of_trade(second)) == (1, None)


async def test_after_six_hours_it_is_tried_again(floor):
    await floor.reconcile()
    await floor.forecast(A)
    floor.exchange.placing = [Fault.FORBIDDEN]
    await traded(floor)
    floor.clock.now_us += 6 * HOUR
    for hours, orders in ((0, 0), (1, 1)):
        floor.clock.now_us += hours * HOUR
        await floor.ingest()
        await floor.forecast(A, name=f"after {hours}")
        assert len((await traded(floor)).orders) == orders


async def test_an_exit_that_is_forbidden_stops_no_other_and_is_tried_again(floor):
    """Both positions are told to leave; the first is refused, the second goes."""
    for ticker in (A, B):
        intent = taking(ticker=ticker)
        plan = plan_for(intent, None, HOLD, floor.clock.now())
        await send(floor.desk, intent, plan)
    await floor.reconcile()
    floor.clock.now_us += 2 * HOUR
    floor.exchange.placing = [Fault.FORBIDDEN]
    told: list[str] = []
    cycles = Cycles(
        "track", Teller(lambda cycle, _error: told.extend(cycle.troubles), lambda _standing: None)
    )
    result = await tracked(floor)
    cycles.report(Ran("guard", "track", 0, result, None))
    assert [each.order.state for each in result.exits] == [OrderState.REJECTED, OrderState.FILLED]
    assert told == [f"this key may not trade {A}: forbidden not here"]
    assert isinstance(of_track(result), ConfigError)
    again = await tracked(floor)
    assert [each.order.state for each in again.exits] == [OrderState.FILLED]
    assert await floor.nets() == {}


@pytest.mark.parametrize(("code", "message"), [("", ""), ("forbidden", ""), ("denied", "no")])
async def test_the_record_tells_whatever_the_words(floor, code, message):
    refusal = replace(REFUSAL, code=code, message=message)
    desk = floor.desk_on(Answering(floor.exchange, refusal))
    order = await send(desk, taking())
    assert order.message == " ".join(filter(None, ("forbidden", code, message))).replace(
        "forbidden forbidden", "forbidden"
    )
    async with floor.store.unit() as unit:
        assert await unit.journal.forbidden_since(0) == {A}
        assert await unit.journal.forbidden_since(floor.clock.now() + 1) == frozenset()


class Answering:
    """An exchange that answers every order alike, and takes none."""

    def __init__(self, exchange, placement):
        self.exchange, self.placement = exchange, placement

    def __getattr__(self, name):
        return getattr(self.exchange, name)

    async def place(self, *_order, **_options):
        return self.placement
