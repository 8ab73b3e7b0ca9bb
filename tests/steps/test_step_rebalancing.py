"""Shares are measured by what was closed in events that are over."""

import pytest
from fakes.ai import paid
from fakes.floor import STRATEGY, A, B, taking

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.limits import LimitChange
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import AiCost
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.limiting import record_limits
from kalshi_cli.steps.rebalancing import propose_shares


async def proposed(floor, others=()):
    (found,) = await propose_shares(
        floor.store,
        floor.store.reports,
        shares={STRATEGY: 0.40},
        others=others,
        ai_charged_to=STRATEGY,
    )
    return found


async def changed(floor, setting, old, new):
    change = LimitChange(f"allocation.{setting}", old, new)
    await record_limits(floor.store, floor.clock, [change], run=floor.run, who="ann", why="")


async def test_an_event_counts_once_it_is_over_net_of_fees_and_ai(floor):
    await floor.reconcile()
    for ticker, name in ((A, "fa"), (B, "fb")):
        await floor.forecast(ticker, name=name)
        await send(floor.desk, taking(ticker=ticker, forecast_id=name))
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    assert (await proposed(floor)).measured.per_dollar is None  # B is held, of the same event
    floor.exchange.settle(B, Result.NO)
    await floor.reconcile()
    found = await proposed(floor)
    trips = [row.trip for row in await floor.store.reports.round_trips()]
    staked = float(trips[0].entry_cost) + float(trips[1].entry_cost)
    assert staked == pytest.approx(8.80)  # 10 at 44 cents, twice
    fees = sum(float(trip.fees) for trip in trips)
    # A won 5.60, B lost 4.40
    assert found.measured.per_dollar.mean == pytest.approx((1.20 - fees) / 8.80)
    await paid(floor.store, floor.run, AiCost.parse("0.44"))
    net = await proposed(floor)
    assert net.measured.per_dollar.mean == pytest.approx((1.20 - fees - 0.44) / 8.80)
    assert (net.new, net.is_change) == (0.40, False)
    assert net.why == "unresolved over 1 event: no change"


async def test_only_what_closed_since_a_share_was_changed_speaks_for_another_change(floor):
    await floor.reconcile()
    await send(floor.desk, taking(ticker=A))
    floor.exchange.settle(A, Result.YES)
    await floor.reconcile()
    await changed(floor, STRATEGY, None, "0.4")  # first seen: no change of anybody's
    assert (await proposed(floor)).measured.fresh == 1
    floor.clock.now_us += HOUR
    await changed(floor, "others", "{}", "{ mine = 0.1 }")
    assert (await proposed(floor)).measured.fresh == 1
    assert (await proposed(floor, [STRATEGY])).measured.fresh == 0
    assert (await proposed(floor, [STRATEGY])).setting == f"others.{STRATEGY}"
    await changed(floor, STRATEGY, "0.4", "0.3")
    assert (await proposed(floor)).measured.fresh == 0
