"""What a loop passes on of its looks at the exchange, and how it ends on what it last saw."""

import logging
from dataclasses import replace

import pytest
from fakes.exchange_desks import FakeGroups
from fakes.floor import A, B, open_floor, taking, the_policies

from kalshi_cli.cli.cycles import Cycles, LoopResult
from kalshi_cli.cli.render.loop import line
from kalshi_cli.cli.verdicts import of_loop
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR, SECOND
from kalshi_cli.domain.money import NO_COST, Contracts
from kalshi_cli.errors import Halted, IntegrityError, Unavailable
from kalshi_cli.scheduler.lanes import Ran
from kalshi_cli.scheduler.timekeeping import Late
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.command import set_desk_state
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.groups import EntryGroups
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.questions import Skipped
from kalshi_cli.steps.track import track
from kalshi_cli.steps.trade import trade


@pytest.fixture
async def floor(tmp_path):
    async with open_floor(tmp_path) as opened:
        yield opened


async def tracked(floor):
    policies = the_policies("oracle")
    return await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)


def ended(told):
    """A loop that ended by itself, as far as its verdict looks."""
    return LoopResult(
        stopped=None,
        started_us=0,
        status=None,
        evaluation=None,
        left=None,
        last_errors=told.last_errors,
        reconciled=told.reconciled,
        halted=told.halted,
        world="",
        forecaster="",
    )


async def test_alarms_and_differences_reach_the_cycle_the_log_and_the_exit_code(floor, caplog):
    await send(floor.desk, taking())
    result = await tracked(floor)
    seen = replace(
        result.reconciled,
        alarms=("a fee unlike our model",),
        differences=(Difference("KXA", "10.00", "9.00"),),
        complete=False,
        why="fill x is unusable",
    )
    cycles = []
    told = Cycles("track", lambda cycle, _error: cycles.append(cycle))
    with caplog.at_level(logging.WARNING):
        told.report(Ran("lane", "track", 0, replace(result, reconciled=seen), None))
    (cycle,) = cycles
    expected = ["a fee unlike our model", "KXA: ours 10.00, theirs 9.00"]
    expected.append("read in part: fill x is unusable")
    assert list(cycle.troubles) == expected
    assert [record.getMessage() for record in caplog.records] == [
        f"cycle 1: {text}" for text in expected
    ]
    assert all(text in line(cycle) for text in expected)
    assert isinstance(of_loop(ended(told)), IntegrityError)
    told.report(
        Ran("lane", "track", 0, replace(result, reconciled=replace(seen, differences=())), None)
    )
    assert isinstance(of_loop(ended(told)), Unavailable)
    told.report(Ran("lane", "track", 0, result, None))
    assert of_loop(ended(told)) is None


async def test_a_loop_on_a_halted_desk_ends_as_trade_does(floor):
    await set_desk_state(floor.store, floor.clock, DeskState.HALTED, reason="x", who="y")
    await floor.forecast(p=0.60)
    result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    told = Cycles("trade", lambda _cycle, _error: None)
    told.report(Ran("lane", "trade", 0, result, None))
    assert isinstance(of_loop(ended(told)), Halted)


@pytest.mark.parametrize("code", ["AI_BUDGET", "AI_CREDITS", "AI_KEY", "AI_UNAVAILABLE"])
def test_a_person_hears_once_a_cycle_that_the_ai_is_silent_and_why(code):
    skipped = tuple(Skipped(ticker, code, "spent for today") for ticker in (A, B))
    rested = Skipped("KXC", "COOLDOWN", "asked recently")
    result = AnalyzeResult(0, "grok", "", (), (*skipped, rested), NO_COST, NO_COST, None)
    told = Cycles("trade", lambda _cycle, _error: None)
    told.report(Ran("decide", "analyze", 0, result, None))
    assert told.current.troubles == (f"no forecast of 2 markets, {code}: spent for today",)


def test_a_machine_that_slept_is_told_and_a_short_block_is_only_logged(caplog):
    told = Cycles("trade", lambda _cycle, _error: None)
    with caplog.at_level(logging.WARNING):
        told.late(Late(2 * SECOND, 0))
        told.late(Late(3 * HOUR, 0))
    assert told.current.troubles == (
        "nothing ran for 3h: the machine slept, or its clock was set forward",
    )
    assert [record.getMessage() for record in caplog.records] == ["the program stood still for 2s"]


async def test_a_person_hears_once_a_cycle_that_the_exchange_stopped_our_entries(floor):
    groups = EntryGroups(FakeGroups(floor.exchange), Contracts.parse("100.00"))
    floor.desk.groups = groups
    await send(floor.desk, taking(ticker=A, count="1.00"))
    floor.exchange.trigger("group-1")
    groups.seen.clear()
    await floor.forecast(A)
    await floor.forecast(B, name="f2")
    cycles = []
    told = Cycles("trade", lambda cycle, _error: cycles.append(cycle))
    for _ in range(2):
        result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
        told.report(Ran("decide", "trade", 0, result, None))
    assert [len([t for t in cycle.troubles if "kalshi resume" in t]) for cycle in cycles] == [1, 1]
