"""What is held on a forecast is asked about first, and a forecast that has moved ends it."""

from dataclasses import replace

import pytest
from fakes.ai import opinion, reply, tickers_of
from fakes.ai_desk import a_desk
from fakes.floor import ASKS, BIDS, STRATEGY, A, the_policies

from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import AiCost
from kalshi_cli.domain.order import OrderState
from kalshi_cli.settings.sections import Filters
from kalshi_cli.steps.analysis_policy import AnalysisPolicy
from kalshi_cli.steps.analyze import analyze
from kalshi_cli.steps.preview import preview
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade

pytestmark = pytest.mark.databases

POLICIES = the_policies("oracle")
ONE_CALL = AiCost.parse("0.043")
"""A call sets aside $0.031, and a market that is not held may use $0.0301 of so much a day."""


async def entered(floor):
    """YES of A at 0.44, on a forecast of 0.60."""
    await floor.reconcile()
    await floor.forecast(A)
    trading = replace(POLICIES.trading, allocations={STRATEGY: 0.40})
    await trade(floor.exchange, floor.desk, policy=trading)
    assert set(await floor.nets()) == {(A, STRATEGY)}
    floor.exchange.set_book(A, BIDS, ASKS)
    floor.clock.now_us += 4 * HOUR


POLICY = AnalysisPolicy(cooldown_us=4 * HOUR, per_day=4, daily_budget=ONE_CALL)


async def asked(floor, probability, filters=POLICIES.filters):
    def answer(question):
        low, high = probability - 0.1, probability + 0.1
        return reply([opinion(ticker, probability, low, high) for ticker in tickers_of(question)])

    async with a_desk(floor, answer, roles=("forecaster",), daily_budget=ONE_CALL) as desk:
        return await analyze(
            floor.exchange,
            floor.store,
            floor.clock,
            desk[0],
            filters=filters,
            policy=POLICY,
            run_id=floor.run.run_id,
        )


async def tracked(floor):
    return await track(floor.exchange, floor.desk, exits=POLICIES.exits, policy=POLICIES.trading)


@pytest.mark.parametrize(
    ("probability", "left"), [(0.44, True), (0.45, False), (0.80, False)], ids=str
)
async def test_the_last_of_the_budget_goes_to_what_is_held_and_may_end_it(floor, probability, left):
    """From 0.60: by 0.16 against what is held, by 0.15, and for it."""
    await entered(floor)
    result = await asked(floor, probability)
    assert A in {forecast.ticker for forecast in result.forecasts}
    exits = (await tracked(floor)).exits
    assert [each.reason.code for each in exits] == ["CONFIDENCE_CHANGE"] * left
    if left:
        assert exits[0].order.state is OrderState.FILLED
        assert exits[0].order.intent.reason == (
            "confidence_change: the forecast of what is held fell from 60.0% to 44.0%"
        )
        (row,) = await floor.store.reports.round_trips()
        assert row.trip.reason.startswith("confidence_change: ")


async def test_nobody_else_gets_the_last_of_the_budget(floor):
    floor.clock.now_us += 4 * HOUR
    result = await asked(floor, 0.44)
    assert (result.forecasts, {each.code for each in result.skipped}) == ((), {"AI_BUDGET"})


STRICT = the_policies("oracle", filters=Filters(min_volume=1_000_000_000)).filters


async def test_what_is_held_on_a_forecast_is_asked_about_though_a_filter_drops_it(floor):
    await entered(floor)
    result = await asked(floor, 0.44, STRICT)
    assert [forecast.ticker for forecast in result.forecasts] == [A]
    assert [each.reason.code for each in (await tracked(floor)).exits] == ["CONFIDENCE_CHANGE"]


async def test_the_preview_has_what_is_held_though_a_filter_drops_it(floor):
    await entered(floor)
    async with a_desk(floor, None, roles=("forecaster",), daily_budget=ONE_CALL) as desk:
        result = await preview(
            floor.exchange,
            floor.store,
            floor.clock,
            desk[0],
            filters=STRICT,
            policy=POLICY,
            per_event=None,
        )
    assert [each.tickers for each in result.previews] == [(A,)]
