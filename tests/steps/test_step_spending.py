"""A day's budget holds whoever spends it: calls side by side, and processes side by side."""

import asyncio
from pathlib import Path

import pytest
from fakes.ai import PROMPT
from fakes.ai_desk import an_asker
from fakes.desk_store import WALL, fresh_store
from fakes.forks import fork
from fakes.spender import AMOUNT, SIDE_BY_SIDE, spend

from kalshi_cli.adapters.sim.ai.replies import Failure, Reply
from kalshi_cli.adapters.sim.ai.server import StandIn
from kalshi_cli.domain.instant import day_of
from kalshi_cli.domain.money import AiCost
from kalshi_cli.ports.store import Unit

PROCESSES = 8
CALLS = 40
"""What the budget of these tests is worth."""


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
async def test_processes_side_by_side_spend_no_more_than_the_day_has(tmp_path: Path, times: int):
    """A bill may be larger than what was set aside for it: then those in flight go over, once."""
    await (await fresh_store(tmp_path)).close()
    bill, budget = times * AMOUNT.units, CALLS * AMOUNT.units
    async with StandIn(lambda _: Reply("{}", model="m", ticks=bill, delay_s=0.1)) as server:
        spenders = [fork(spend, tmp_path, server.host, budget) for _ in range(PROCESSES)]
        await asyncio.gather(*(asyncio.to_thread(each.join) for each in spenders))
        assert [each.exitcode for each in spenders] == [0] * PROCESSES
        made = len(server.asked)
    async with await fresh_store(tmp_path) as store:
        async with store.unit() as unit:
            spent = await unit.ai.spent(day_of(WALL))
        calls = await store.reports.ai_calls()
        assert (await store.audit.check()).findings == ()
    assert spent == AiCost(made * bill)
    assert {call.outcome for call in calls} == {"answered"}
    assert len({call.run_id for call in calls}) > 1
    in_flight = PROCESSES * SIDE_BY_SIDE
    assert budget - AMOUNT.units < spent.units <= budget + in_flight * (bill - AMOUNT.units)


@pytest.mark.slow
async def test_a_thousand_calls_side_by_side_add_up_to_the_last_tick(floor):
    """One in five fails; what is on record is what the server billed."""
    billed = []

    def answer(question):
        if question.number % 5 == 0:
            return Failure("UNAVAILABLE")
        billed.append(question.number)
        return Reply("{}", model="m", ticks=question.number)

    async with an_asker(floor, answer, daily_budget=None) as (asker, server):
        room = asyncio.Semaphore(32)

        async def one():
            async with room:
                decision = asker.decide("E", is_held=False)
                await asker.ask(PROMPT, decision, dict)
                await asker.settle(decision)
                return decision.spent.units

        spent = await asyncio.gather(*(one() for _ in range(800)))
        assert len(server.asked) >= 990
    assert min(spent) > 0
    assert sum(spent) == sum(billed)
    async with floor.store.unit() as unit:
        assert await unit.ai.spent(day_of(floor.clock.wall())) == AiCost(sum(billed))
    assert (await floor.store.audit.check()).findings == ()


@pytest.mark.parametrize("was_taken", [False, True], ids=["waiting its turn", "under way"])
async def test_a_write_that_is_cancelled_loses_no_call_that_was_answered(floor, was_taken: bool):
    """Its transaction may commit all the same: the call is settled once then, too."""
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(unit: Unit) -> None:
        began.set()
        await goes_on.wait()

    async with an_asker(floor, lambda _: Reply("{}", model="m", ticks=7)) as (asker, _):
        decision = asker.decide("E", is_held=False)
        await asker.ask(PROMPT, decision, dict)
        (ended,) = decision.unsettled
        if was_taken:  # `slow` comes second in its transaction, after the settlement
            settling = asyncio.create_task(asker.settle(decision))
            other = asyncio.create_task(floor.store.write(slow))
            await began.wait()
        else:
            other = asyncio.create_task(floor.store.write(slow))
            await began.wait()
            settling = asyncio.create_task(asker.settle(decision))
            await asyncio.sleep(0)  # noqa: TID251 - it has asked
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)
        left = decision.unsettled
        again = asyncio.create_task(asker.settle(decision))
        goes_on.set()
        await asyncio.gather(other, again)
        assert settling.cancelled()
        assert (left, decision.unsettled) == ([ended], [])
    (call,) = await floor.store.reports.ai_calls()
    assert (call.outcome, call.cost) == ("answered", AiCost(7))
    async with floor.store.unit(reads=True) as unit:
        assert await unit.ai.spent(day_of(floor.clock.wall())) == AiCost(7)
