"""One market for a person: the numbers of a real pass, and everything that stands in its way."""

from dataclasses import fields, replace

import pytest
from fakes.ai import a_reservation, a_settled, opinion, review
from fakes.floor import STRATEGY, A, B, the_policies

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.forecast import Advice
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.limits import Limits
from kalshi_cli.domain.side import Side
from kalshi_cli.settings.sections import Filters
from kalshi_cli.steps.assess import assess
from kalshi_cli.steps.gates import _HELD, Stage
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.trade import rehearse
from kalshi_cli.strategies._base import Strategy


async def assessed(floor, *tickers, policy=None):
    return await assess(
        floor.exchange,
        floor.exchange,
        floor.store,
        floor.store.reports,
        floor.clock,
        policy=policy or the_policies().trading,
        tickers=tickers or (A,),
    )


async def the_one(floor, **changes):
    (found,) = await assessed(floor, **changes)
    return found


async def with_fees(floor):
    kept = floor.exchange.serieses
    kept["KXT"] = replace(kept["KXT"], fees=FeeTerms("quadratic"))
    async with floor.store.unit() as unit:
        await unit.catalog.save_series([kept["KXT"]], floor.clock.now())
        await unit.commit()


def failed(found):
    return [gate.code for gate in found.failed]


async def test_fee_and_edge_of_both_sides_by_hand(floor):
    await with_fees(floor)
    await floor.forecast(A, 0.60)
    found = await the_one(floor)
    blend = found.blend
    assert (blend.market, blend.said, blend.weight, blend.slope) == (0.42, 0.60, 1.0, 1.0)
    assert blend.fair == pytest.approx(0.57)  # 0.15 from the market is the most
    assert blend.is_clamped
    yes, no = found.sides
    assert (yes.side, str(yes.price), no.side, str(no.price)) == (
        Side.BID,
        "0.4400",
        Side.ASK,
        "0.6000",
    )
    assert yes.fee == pytest.approx(0.07 * 0.44 * 0.56)
    assert yes.edge == pytest.approx(0.57 - 0.44 - 0.07 * 0.44 * 0.56)
    assert no.edge == pytest.approx(0.43 - 0.60 - 0.07 * 0.40 * 0.60)
    assert (found.views.is_silent, found.forecast.forecast_id) == (True, "f1")


async def test_the_size_is_what_trade_would_send(floor):
    await floor.forecast(A, 0.60)
    found = await the_one(floor)
    policy = the_policies().trading
    rehearsed = await rehearse(
        floor.exchange, floor.exchange, floor.store, floor.clock, policy=policy
    )
    (plan,) = found.plans
    assert (plan.strategy, plan.why) == (STRATEGY, "")
    assert plan.intent == replace(rehearsed.passed[0], cancel_on_pause=False)
    assert found.failed == ()
    assert str(plan.cost) == "39.160000"  # 89 at 44c: 0.05 of $1,000 buys no more at 56c
    assert await floor.store.reports.denials() == ()
    assert await floor.store.reports.orders() == ()


async def test_each_passed_control_tells_its_number_and_its_limit(floor):
    await floor.forecast(A, 0.60)
    found = await the_one(floor)
    (plan,) = found.plans
    told = {g.code: (g.value, g.limit) for g in found.gates if g.stage is Stage.CONTROL}
    assert told["RATE"] == ("1", "15")
    assert told["MAX_POSITIONS"] == ("1", "15")
    assert told["CONFIDENCE"] == ("0.800", "0.5")
    assert told["DAILY_LOSS"] == ("0.000000", "100.000000")
    assert told["NET_EDGE"] == ("0.0100", "0.01")  # at the limit of 56c
    risked = float(plan.intent.count) * float(plan.intent.limit)
    assert float(told["MARKET_EXPOSURE"][0]) == pytest.approx(risked)
    assert told["MARKET_EXPOSURE"][1] == "50.000000"


def test_what_a_control_is_held_to_exists():
    codes = {control.code for control in the_policies().trading.controls}
    names = {each.name for each in fields(Limits)}
    assert set(_HELD) <= codes
    assert {held.limit for held in _HELD.values()} <= names


async def test_a_market_that_a_filter_drops_is_assessed_all_the_same(floor):
    await floor.forecast(A, 0.60)
    policy = the_policies(filters=Filters(min_volume=7, block_tickers=(A,))).trading
    found = await the_one(floor, policy=policy)
    assert failed(found) == ["BLOCKED", "LOW_VOLUME", "INELIGIBLE"]
    (volume,) = (gate for gate in found.gates if gate.code == "LOW_VOLUME")
    assert (volume.limit, volume.detail) == ("min_volume 7", "0.00 contracts traded, at least 7")
    (plan,) = found.plans
    assert (plan.intent, plan.why) == (None, "nothing proposed")
    assert len(found.sides) == 2


async def test_the_controls_say_what_is_wrong_where_nothing_is_proposed(floor):
    await with_fees(floor)
    await floor.forecast(A, 0.43, low=0.05, high=0.75)
    found = await the_one(floor)
    gates = {gate.code: gate for gate in found.gates}
    assert failed(found) == ["MIN_CONFIDENCE", "NET_EDGE", "CONFIDENCE"]
    assert (gates["MIN_CONFIDENCE"].value, gates["MIN_CONFIDENCE"].limit) == ("0.300", "0.450")
    # one YES at 44c: 0.43 - 0.44 - 0.0172
    assert (gates["NET_EDGE"].value, gates["NET_EDGE"].limit) == ("-0.0272", "0.0100")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weight": 0.0}, "WEIGHT"),
        ({"advice": Advice(None)}, "TRADER"),
    ],
)
async def test_why_a_forecast_has_no_say(floor, changes, code):
    await floor.forecast(A, 0.60, **changes)
    assert code in failed(await the_one(floor))


async def test_a_trader_on_the_side_without_the_edge_does_not_let_it_pass(floor):
    await floor.forecast(A, 0.60, advice=Advice(Side.ASK))
    found = await the_one(floor)
    (gate,) = (gate for gate in found.failed if gate.code == "TRADER")
    assert gate.detail == "the Trader would buy NO, the edge is on YES"
    assert found.plans[0].why == f"TRADER: {gate.detail}"
    await floor.forecast(A, 0.60, "f2", advice=Advice(Side.BID))
    assert (await the_one(floor)).failed == ()


async def test_without_a_forecast_or_a_market_to_anchor_it_to(floor):
    found = await the_one(floor)
    assert (found.forecast, found.blend, found.sides) == (None, None, ())
    assert failed(found) == ["FORECAST"]
    await floor.forecast(A, 0.60)
    floor.exchange.set_book(A, (("0.2000", "9.00"),), (("0.4400", "9.00"),))
    await floor.ingest()
    found = await the_one(floor)
    assert (found.blend, found.sides) == (None, ())
    assert "ANCHOR" in failed(found)


async def test_several_markets_do_not_take_room_from_each_other(floor):
    for ticker, name in ((A, "fa"), (B, "fb")):
        await floor.forecast(ticker, 0.60, name=name)
    first, second = await assessed(floor, B, A)
    assert (first.ticker, second.ticker) == (B, A)
    assert first.plans[0].intent.count == second.plans[0].intent.count


async def test_a_halted_desk_says_so(floor):
    await floor.forecast(A, 0.60)
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="x", who="me")
    assert failed(await the_one(floor)) == ["HALT_STATE"]


async def test_a_strategy_that_proposes_nothing_says_what_is_against_the_market(floor):
    (plan,) = (await the_one(floor)).plans
    assert plan.why == "NO_FORECAST: there is no forecast to trade on"


async def test_a_strategy_that_breaks_is_named(floor):
    class Broken(Strategy):
        name = "broken"

        def propose(self, view):
            raise RuntimeError("by zero")

    await floor.forecast(A, 0.60)
    policy = replace(the_policies().trading, strategies=(Broken(),))
    (plan,) = (await the_one(floor, policy=policy)).plans
    assert plan.why == "broken: RuntimeError: by zero"


async def test_an_old_forecast_is_stale(floor):
    await floor.forecast(A, 0.60)
    floor.clock.now_us += 7 * HOUR
    await floor.ingest()
    assert "STALE" in failed(await the_one(floor))


async def test_what_the_roles_said_is_read_from_the_record(floor):
    async with floor.store.unit() as unit:
        for name, said in (("f", opinion(A)), ("c", review(A, "widen", 0.4, 0.8, ["a tie"]))):
            call = a_reservation(floor.run.run_id, f"d1-{name}")
            await unit.ai.reserve(call, daily_budget=None)
            await unit.ai.settle(a_settled(1, f"d1-{name}", parsed={"markets": [said]}))
        await unit.commit()
    await floor.forecast(A, 0.60, decision_id="d1")
    views = (await the_one(floor)).views
    assert [each.probability for each in views.opinions] == [0.60]
    assert (views.review.ruling, views.review.problems, views.tip) == ("widen", ("a tie",), None)
