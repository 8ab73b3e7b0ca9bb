"""What was asked already is not asked again, and by whom it was said is never mistaken."""

from dataclasses import replace

import pytest
from fakes.ai import in_turn, sensible
from fakes.ai_desk import FORECASTER_ALONE, a_desk, asked, codes, the_question
from fakes.floor import A, B, the_policies

from kalshi_cli.adapters.sim.ai.replies import Failure
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.steps.analyze import analyze


async def analyzed(floor, forecaster, **options):
    """The floor's two markets, by name: neither filters nor the cooldown keep them from it."""
    return await analyze(
        floor.exchange,
        floor.store,
        floor.clock,
        forecaster,
        filters=(),
        policy=the_policies("grok").analysis,
        run_id=floor.run.run_id,
        tickers=(A, B),
        **options,
    )


def how(result):
    return [(each.ticker, each.code) for each in result.skipped]


async def test_the_same_is_not_asked_twice_while_its_forecast_is_fresh(floor):
    async with a_desk(floor) as (forecaster, server):
        first = await analyzed(floor, forecaster)
        floor.clock.now_us += HOUR
        floor.exchange.set_book(
            A, (("0.9100", "7.00"),), (("0.9300", "7.00"),)
        )  # a price is no news
        again = await analyzed(floor, forecaster)
        assert (len(server.asked), again.spent.units) == (2, 0)
        assert again.reused == first.forecasts
        assert how(again) == [(A, "UNCHANGED"), (B, "UNCHANGED")]
        assert "that forecast stands" in again.skipped[0].detail
        floor.clock.now_us += 5 * HOUR + SECOND  # six hours are as old as one may be to trade
        assert len((await analyzed(floor, forecaster)).forecasts) == 2


async def test_news_in_the_question_is_asked_about(floor):
    async with a_desk(floor) as (forecaster, _):
        await analyzed(floor, forecaster)
        question = await the_question(floor)
        async with floor.store.unit() as unit:
            standing = await unit.forecasts.latest([A, B])
        told = replace(question, standing=standing, event=replace(question.event, title="Other"))
        assert len((await forecaster.judge(told)).judgements) == 2
        first, second = question.listings
        first = replace(first, market=replace(first.market, rules_primary="Another rule."))
        told = replace(question, standing=standing, listings=(first, second))
        assert len((await forecaster.judge(told)).judgements) == 2
        alone = {A: standing[A]}  # the markets of an event are asked about together
        assert len((await forecaster.judge(replace(question, standing=alone))).judgements) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "localhost"},
        {"ai": {"samples": 2}},
        {"ai": {"research": ("web_search",)}},
        {"ai": {"single_call": True}},
        {"models": ("grok-4.7", "grok-3")},
        FORECASTER_ALONE,
    ],
)
async def test_somebody_else_or_another_way_is_asked(floor, changes):
    async with a_desk(floor) as (forecaster, _):
        first = await analyzed(floor, forecaster)
    assert (first.forecasts[0].variant, len(first.forecasts[0].prompt_version)) == (
        "forecaster+critic",
        16,
    )
    async with a_desk(floor, **changes) as (forecaster, server):
        await analyzed(floor, forecaster)
        assert server.asked


async def test_a_forecast_whose_critic_was_not_heard_does_not_stand(floor):
    unheard = in_turn(sensible, Failure("INVALID_ARGUMENT", "too long"), sensible)
    async with a_desk(floor, unheard) as (forecaster, server):
        first = await analyzed(floor, forecaster)
        assert {made.inputs for made in first.forecasts} == {""}
        again = await analyzed(floor, forecaster)
        assert (len(again.forecasts), len(server.asked)) == (2, 4)


async def test_what_stands_in_for_xai_is_never_its_model(floor):
    """The stand-in, tried first, says that it is grok-4.3; xAI's of that name has its own say."""
    there, calls = await asked(floor, provider="localhost", **FORECASTER_ALONE)
    assert {(j.model, j.weight) for j in there.judgements} == {("grok-4.3@localhost", 0.10)}
    assert {(c.provider, c.served_model) for c in calls} == {("localhost", "grok-4.3@localhost")}
    here, _ = await asked(floor, **FORECASTER_ALONE)
    assert {(j.model, j.weight) for j in here.judgements} == {("grok-4.3", 0.10)}
    other, _ = await asked(
        floor, lambda q: replace(sensible(q), model="grok-5"), provider="localhost"
    )
    assert {(j.model, j.weight) for j in other.judgements} == {("grok-5@localhost", 0.0)}
    assert codes(other) == set()
