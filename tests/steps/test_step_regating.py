"""A market at the gates once more, by what is on record: what stops it, and what would not."""

import math
from dataclasses import replace

import pytest
from fakes.floor import STRATEGY, A, B, the_policies

from kalshi_cli.domain.instant import HOUR, MINUTE
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.stop import At
from kalshi_cli.settings.sections import Filters, Risk, Trading
from kalshi_cli.steps.gates import Stage
from kalshi_cli.steps.regating import StartingSay, regate
from kalshi_cli.steps.trade import trade
from kalshi_cli.steps.wanting import least
from kalshi_cli.strategies._base import UNREAD, Abstention, Strategy

ASKING = {"trading": Trading(min_net_edge=0.05)}


async def regated(floor, ticker=A, **sections):
    policy = the_policies(**sections).trading
    reports, start = floor.store.reports, StartingSay(0.10, 1.0)
    return await regate(floor.store, reports, policy=policy, start=start, ticker=ticker)


async def the_sides(floor, **sections):
    found = await regated(floor, **sections)
    return {each.side: each for each in found.wanted}


async def traded(floor, **sections):
    await floor.ingest()
    return await trade(floor.exchange, floor.desk, policy=the_policies(**sections).trading)


async def test_before_a_run_saw_the_account_there_is_nothing_to_gate(floor):
    assert await regated(floor) is None


async def test_the_forecast_that_would_trade_is_where_waiting_pays(floor):
    # no fees. YES waits at 40c beside the bid: 0.40 + 0.05; NO at 56c: 1 - p - 0.56 >= 0.05
    await floor.forecast(A, 0.42)
    await traded(floor, **ASKING)
    sides = await the_sides(floor, **ASKING)
    assert sides[Side.BID].probability == pytest.approx(0.45, abs=2e-4)
    assert sides[Side.ASK].probability == pytest.approx(0.39, abs=2e-4)
    assert str(sides[Side.BID].intent.limit) == "0.4000"
    assert all(each.stop is None for each in sides.values())
    assert await floor.store.reports.orders() == ()


async def test_a_forecast_with_less_say_must_say_more(floor):
    # fair 0.45 of a market at 0.42: a tenth of the way in log-odds
    await floor.forecast(A, 0.42, weight=0.10)
    await traded(floor, **ASKING)
    odds = math.log(0.45 / 0.55) - math.log(0.42 / 0.58)
    said = 1 / (1 + math.exp(-(math.log(0.42 / 0.58) + odds / 0.10)))
    assert said == pytest.approx(0.711, abs=1e-3)
    sides = await the_sides(floor, **ASKING)
    assert sides[Side.BID].probability == pytest.approx(said, abs=2e-4)


async def test_the_forecast_that_would_trade_does_so_on_an_unsure_slope(floor):
    await floor.forecast(A, 0.42, slope_error=0.2)
    await traded(floor, **ASKING)
    found = (await the_sides(floor))[Side.BID]
    floor.clock.now_us += MINUTE
    await floor.forecast(A, found.probability, "f2", slope_error=0.2)
    (order,) = (await traded(floor)).orders
    assert (order.intent.limit, order.intent.count) == (found.intent.limit, found.intent.count)


async def test_where_no_forecast_would_do_the_surest_one_tells_why(floor):
    await floor.forecast(A, 0.42)
    await traded(floor)
    # nothing is farther than 15c from the market: 0.57 - 0.40 is the best there can be
    asked = {"trading": Trading(min_net_edge=0.20)}
    found = (await the_sides(floor, **asked))[Side.BID]
    assert (found.probability, found.intent) == (None, None)
    assert (found.stop.at, found.stop.code) == (At.STRATEGY, "NET_EDGE")
    assert (found.stop.value, found.stop.limit) == ("0.1700", "0.2000")


async def test_a_control_that_no_forecast_gets_past_is_named(floor):
    await floor.forecast(B, 0.60)
    await floor.forecast(A, 0.42, "f2")
    await traded(floor)
    found = (await the_sides(floor, risk=Risk(max_trades_per_hour=1)))[Side.BID]
    assert (found.stop.at, found.stop.code) == (At.CONTROL, "RATE")
    assert (found.stop.value, found.stop.limit) == ("2", "1")
    assert (await the_sides(floor))[Side.BID].stop is None


async def test_an_unsure_forecast_is_stopped_for_that(floor):
    await floor.forecast(A, 0.42, low=0.10, high=0.80)
    await traded(floor)
    for each in (await the_sides(floor)).values():
        assert (each.stop.code, each.stop.value) == ("MIN_CONFIDENCE", "0.300")


async def test_without_a_forecast_one_as_sure_as_it_must_be_is_asked_about(floor):
    await traded(floor, **ASKING)
    found = await regated(floor, **ASKING)
    assert found.basis == "as sure as it must be (0.50), w 0.10"
    assert found.wanted[0].probability == pytest.approx(0.711, abs=1e-3)
    assert [gate.code for gate in found.assessment.failed] == ["FORECAST"]


async def test_a_forecast_that_no_pass_has_seen_yet_is_of_now(floor):
    """A model answers minutes after the quote that it is asked beside was read."""
    await traded(floor)
    floor.clock.now_us += 5 * MINUTE
    await floor.forecast(A, 0.60)
    found = await regated(floor)
    assert (found.at_us, found.assessment.failed) == (floor.clock.now_us, ())


async def test_a_market_that_is_dropped_and_a_desk_without_forecasts(floor):
    await floor.forecast(A, 0.60)
    await traded(floor)
    found = await regated(floor, filters=Filters(min_volume=7))
    assert {(w.stop.at, w.stop.code) for w in found.wanted} == {(At.FILTER, "LOW_VOLUME")}
    found = await regated(floor, trading=Trading(strategies=("market_making",)))
    assert (found.wanted, found.basis) == ((), "")


async def test_orders_that_nobody_proposed_are_not_held_to_controls(floor):
    """A maker quotes on no forecast: what a forecast is worth says nothing about its quotes."""
    both = Trading(min_net_edge=0.05, strategies=(STRATEGY, "market_making"))
    await floor.forecast(A, 0.43)
    await traded(floor, trading=both)
    found = await regated(floor, trading=both)
    controls = [gate for gate in found.assessment.gates if gate.stage is Stage.CONTROL]
    assert {gate.strategy for gate in controls} == {STRATEGY}
    (edge,) = (gate for gate in controls if gate.code == "NET_EDGE")
    assert (edge.side, edge.passed) == (Side.BID, False)  # 44c for 43c
    stakes = {g.strategy for g in found.assessment.gates if g.stage is Stage.STAKE}
    assert stakes == {STRATEGY, "market_making"}
    assert {g.strategy for g in found.assessment.gates if g.stage is Stage.FILTER} == {""}


async def test_a_strategy_that_needs_a_tape_is_not_judged_without_one(floor):
    """Books and tapes are not on record: that none was read is no reason of the strategy's."""

    class Reader(Strategy):
        name = "reader"

        def watches(self, view):
            return tuple(each.market.ticker for each in view.candidates)

        def propose(self, view):
            return tuple(
                Abstention(each.market.ticker, UNREAD if each.trades is None else "QUIET", "it is")
                for each in view.candidates
            )

    await floor.ingest()
    policy = the_policies().trading
    policy = replace(
        policy,
        strategies=(*policy.strategies, Reader()),
        allocations={**policy.allocations, "reader": 0.05},
    )
    await trade(floor.exchange, floor.desk, policy=policy)
    reports, start = floor.store.reports, StartingSay(0.10, 1.0)
    found = await regate(floor.store, reports, policy=policy, start=start, ticker=A)
    assert found.unread == ("reader",)
    assert [plan.strategy for plan in found.assessment.plans] == [STRATEGY]
    told = {row.stop.strategy: row.stop.code for row in await reports.stops(ticker=A)}
    assert told["reader"] == "QUIET"  # the pass had read it


async def test_a_market_that_is_over_is_refused_under_one_name(floor):
    await traded(floor)
    floor.exchange.markets[A] = replace(floor.exchange.markets[A], status=MarketStatus.CLOSED)
    floor.clock.now_us += HOUR
    await floor.ingest()
    found = await regated(floor)
    said = {(g.code, g.detail) for g in found.assessment.failed if g.stage is Stage.FILTER}
    assert ("NOT_ACTIVE", "the market is closed") in said
    assert {(w.stop.code, w.stop.detail) for w in found.wanted} <= said


async def test_the_instant_is_that_of_the_last_pass(floor):
    await floor.forecast(A, 0.60)
    await traded(floor)
    then = floor.clock.now()
    floor.clock.now_us += 5 * HOUR
    found = await regated(floor, B)
    assert found.at_us == then
    assert [plan.strategy for plan in found.assessment.plans] == [STRATEGY]


@pytest.mark.parametrize(("start", "enough", "at"), [(0.4, 0.9999, 0.7), (0.4, 0.0001, 0.123)])
def test_halving_finds_the_nearest_that_does(start, enough, at):
    tried = []

    def does(p):
        tried.append(p)
        return (p - at) * (enough - start) >= 0

    found = least(does, start, enough)
    assert does(found)
    assert found == pytest.approx(at, abs=1e-4)
    assert len(tried) < 20
    assert least(lambda _: True, start, enough) == start
