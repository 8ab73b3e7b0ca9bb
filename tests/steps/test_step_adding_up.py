"""What is shown of profit and loss, by position and by round trip, adds up to equity."""

import pytest
from fakes.floor import STRATEGY, WEIGHTS, B, taking

from kalshi_cli.domain.money import Money, total
from kalshi_cli.domain.order import Purpose
from kalshi_cli.domain.side import Side
from kalshi_cli.steps.evaluate import evaluate
from kalshi_cli.steps.execution import send

pytestmark = pytest.mark.databases


async def sell(floor, count):
    leaving = taking(Side.ASK, "0.4000", count, purpose=Purpose.EXIT, reduce_only=True)
    await send(floor.desk, leaving)


async def test_positions_and_round_trips_add_up_to_the_change_of_equity(floor):
    """A was closed once at a loss of 40 cents, and of what was bought again 4 of 10 were sold."""
    await floor.reconcile()
    await send(floor.desk, taking())
    await floor.reconcile()
    await sell(floor, "10.00")
    await floor.reconcile()
    await send(floor.desk, taking())
    await send(floor.desk, taking(ticker=B))
    await floor.reconcile()
    await sell(floor, "4.00")
    await floor.reconcile()
    reports = floor.store.reports
    held, trips = await reports.positions(), await reports.round_trips()
    found = await evaluate(
        floor.store, reports, floor.clock, ai_charged_to=STRATEGY, weights=WEIGHTS
    )
    part, whole = held
    # 4 bought at 0.44 were sold at 0.40; 6 and 10 that cost 0.44 are worth the mid of 0.42
    assert (str(part.realized), str(part.unrealized)) == ("-0.160000", "-0.120000")
    assert (str(whole.realized), str(whole.unrealized)) == ("0.000000", "-0.200000")
    assert [str(row.pnl) for row in trips] == ["-0.400000"]
    assert [str(row.net) for row in held] == ["-0.280000", "-0.200000"]
    earned = total([row.net for row in held]) + total([row.pnl for row in trips])
    assert earned == found.since_start == Money.parse("-0.88")
    assert earned == total([row.net for row in await reports.strategies()])
