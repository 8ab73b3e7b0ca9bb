"""A round of questions ends in time: for the steps behind it, after a stop, and after a failure."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fakes.ai import TICKS, sensible
from fakes.ai_desk import FORECASTER_ALONE, a_desk, the_question
from fakes.floor import ASKS, BIDS, A, B, the_policies

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import DAY, HOUR, SECOND, day_of
from kalshi_cli.domain.money import AiCost
from kalshi_cli.errors import StoreBusy, Unavailable
from kalshi_cli.scheduler.lanes import Stop
from kalshi_cli.steps import questions
from kalshi_cli.steps.analyze import analyze
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.trade import trade

ONE_BY_ONE = {"ai": {"calls_at_once": 1}}


@pytest.fixture
async def events(floor):
    """Three events more, a market each."""
    for name in ("KXU-1", "KXV-1", "KXW-1"):
        floor.exchange.add_event(name, [f"{name}-A"])
        floor.exchange.set_book(f"{name}-A", BIDS, ASKS)
    floor.clock.now_us += HOUR
    await floor.ingest()


async def a_round(floor, forecaster, **options):
    changes = {"worth": None} | options.pop("policy", {})
    policy = replace(the_policies("grok").analysis, **changes)
    return await analyze(
        floor.exchange,
        floor.store,
        floor.clock,
        forecaster,
        filters=the_policies().filters,
        policy=policy,
        run_id=floor.run.run_id,
        **options,
    )


def codes(result):
    return sorted({each.code for each in result.skipped})


async def test_a_round_begins_nothing_after_its_time_and_the_next_one_does(floor, events):
    """Each answer takes 40 of the 60 seconds: two are asked, and the third waits."""

    def slow(question):
        floor.clock.wall_us += 40 * SECOND
        return sensible(question)

    async with a_desk(floor, slow, **ONE_BY_ONE, **FORECASTER_ALONE) as (forecaster, server):
        first = await a_round(floor, forecaster, is_one_of_many=True)
        assert (len(server.asked), codes(first)) == (2, ["NEXT_ROUND"])
        assert "60 s of this round" in first.skipped[-1].detail
        second = await a_round(floor, forecaster, is_one_of_many=True)
        assert len(server.asked) == 4
        asked_twice = {f.ticker for f in first.forecasts} & {f.ticker for f in second.forecasts}
        assert not asked_twice  # the cooldown keeps the first ones
        floor.clock.now_us += DAY
        by_hand = await a_round(floor, forecaster)  # a person waits for as long as it takes
        assert codes(by_hand) == []


async def test_a_question_under_way_has_the_time_of_one_call_beyond_the_round(floor, events):
    """60 + 120 s: one that began in time is asked until then, and not for its own 300 s."""
    seen = []

    async with a_desk(floor, **FORECASTER_ALONE) as (forecaster, _):
        whole = forecaster.judge

        async def judge(question):
            seen.append(question.until_wall_us)
            return await whole(question)

        forecaster.judge = judge
        began = floor.clock.wall()
        await a_round(floor, forecaster, is_one_of_many=True)
        assert set(seen) == {began + 180 * SECOND}
        decision = forecaster._asker.decide("E", is_held=False, until_wall_us=seen[0])
        assert decision.until_wall_us == began + 180 * SECOND


async def test_a_stop_settles_what_is_under_way_and_asks_nobody_else(floor, events):
    """One call is answered after the stop: it is paid, on record, and without its Critic."""
    stop = Stop()

    def answer(question):
        stop.ask("SIGINT")
        return replace(sensible(question), delay_s=0.3)

    async with a_desk(floor, answer, **ONE_BY_ONE) as (forecaster, server):
        result = await a_round(floor, forecaster, stopping=lambda: stop.asked)
    assert len(server.asked) == 1
    assert [(f.weight, f.inputs) for f in result.forecasts[:1]] == [(0.0, "")]
    assert "after a stop" in result.forecasts[0].rationale
    assert codes(result) == ["STOPPED"]
    (call,) = await floor.store.reports.ai_calls()
    assert call.cost == AiCost(TICKS)


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        (DeskState.HALTED, set()),
        (DeskState.FLATTEN, set()),
        (DeskState.REDUCE_ONLY, {A}),
        (DeskState.ACTIVE, {A, B, "KXU-1-A", "KXV-1-A", "KXW-1-A"}),
    ],
)
async def test_a_round_asks_only_what_an_order_may_follow_from(floor, events, state, asked):
    """A was bought on a forecast that is no longer the newest; of B, U, V and W we hold nothing."""
    await floor.forecast(p=0.60)
    await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    await floor.reconcile()
    assert await floor.nets()
    floor.clock.now_us += DAY // 2
    await set_desk_state(floor.store, floor.clock, state, reason="x", who="y")
    async with a_desk(floor, **FORECASTER_ALONE) as (forecaster, server):
        result = await a_round(floor, forecaster, is_one_of_many=True)
        assert {each.ticker for each in result.forecasts} == asked
        if state is not DeskState.ACTIVE:
            assert codes(result) == ["HALT_STATE"]
        if not asked:
            assert server.asked == []
        named = await a_round(floor, forecaster, tickers=[B])  # a person may ask whatever holds
        assert named.forecasts or state is DeskState.ACTIVE


async def test_what_a_question_came_to_is_written_with_the_money_of_the_next(
    floor, events, monkeypatch
):
    """Three questions of one call each, one after the other: what is committed, in its order."""
    committed = []
    whole = type(floor.store).unit

    @asynccontextmanager
    async def unit(self, *, reads=False):
        async with whole(self, reads=reads) as opened:
            yield opened
        if not reads:
            calls = [call.outcome for call in await self.reports.ai_calls()]
            made = {each.forecast.event_ticker for each in await self.reports.analyses()}
            committed.append((len(calls), calls.count("answered"), len(made)))

    worth = the_policies("grok").analysis.worth
    async with a_desk(floor, **ONE_BY_ONE, **FORECASTER_ALONE) as (forecaster, _):
        await forecaster.judge(await the_question(floor))  # whose record counts is known now
        monkeypatch.setattr(type(floor.store), "unit", unit)
        await a_round(floor, forecaster, policy={"worth": worth})
    before, *each = committed  # the quotes that tell whom to ask first
    assert before == (1, 1, 0)
    assert each[:4] == [(2, 1, 0), (3, 2, 1), (4, 3, 2), (4, 4, 3)]


async def test_what_does_not_end_after_a_stop_is_given_up_and_counts_as_spent(
    floor, events, monkeypatch
):
    monkeypatch.setattr(questions, "SETTLING_S", 0.2)
    stop = Stop()

    def never(question):
        if question.number == 4:  # all of them are under way
            stop.ask("SIGINT")
        return replace(sensible(question), delay_s=60.0)

    async with a_desk(floor, never) as (forecaster, server):
        result = await asyncio.wait_for(
            a_round(floor, forecaster, stopping=lambda: stop.asked), 10.0
        )
        assert len(server.asked) == 4
    assert result.forecasts == ()
    assert {each.code for each in result.skipped} == {"STOPPED"}
    assert "given up" in result.skipped[0].detail
    calls = await floor.store.reports.ai_calls()
    assert {call.outcome for call in calls} == {"in_flight"}
    async with floor.store.unit() as unit:
        spent = await unit.ai.spent(day_of(floor.clock.wall()))
    assert spent == AiCost(sum(call.reserved.units for call in calls))


@pytest.mark.parametrize("failure", [StoreBusy("busy"), Unavailable("the exchange is away")])
async def test_one_failure_cancels_no_question_that_is_paid_for(floor, events, failure):
    async with a_desk(
        floor, lambda q: replace(sensible(q), delay_s=0.2), **FORECASTER_ALONE
    ) as desk:
        forecaster, server = desk
        whole, failed = forecaster.judge, []

        async def judge(question):
            if question.event.event_ticker == "KXU-1":
                await asyncio.wait_for(server.heard.wait(), 5)
                failed.append(1)
                raise failure
            return await whole(question)

        forecaster.judge = judge
        with pytest.raises(type(failure)):
            await a_round(floor, forecaster)
    calls = await floor.store.reports.ai_calls()
    assert (failed, {call.outcome for call in calls}) == ([1], {"answered"})
    kept = await floor.store.reports.analyses()
    assert len(kept) == 4  # two markets of one event, and one each of two
