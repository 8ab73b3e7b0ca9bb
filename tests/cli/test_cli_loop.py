"""What a loop passes on of its looks at the exchange, and how it ends on what it last saw."""

import logging
from dataclasses import replace
from io import StringIO

import pytest
from fakes.exchange_desks import FakeGroups
from fakes.floor import A, B, open_floor, taking, the_policies
from rich.console import Console

from kalshi_cli.cli.cycles import Cycle, Cycles, LoopResult, Teller
from kalshi_cli.cli.render.loop import HEADINGS, _lines, _live, line, screen
from kalshi_cli.cli.verdicts import of_loop, of_trade
from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.instant import HOUR, SECOND, spoken
from kalshi_cli.domain.money import NO_COST, Contracts, Money
from kalshi_cli.domain.order import OrderState
from kalshi_cli.errors import Halted, IntegrityError, Unavailable
from kalshi_cli.exits._base import ExitReason
from kalshi_cli.ports.forecaster import Skipped
from kalshi_cli.scheduler.lanes import Ran
from kalshi_cli.scheduler.timekeeping import Late
from kalshi_cli.steps.analyze import AnalyzeResult
from kalshi_cli.steps.execution import send
from kalshi_cli.steps.groups import EntryGroups
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.run_state import set_desk_state
from kalshi_cli.steps.standing import standing
from kalshi_cli.steps.status import status
from kalshi_cli.steps.track import Exited, track
from kalshi_cli.steps.trade import trade


@pytest.fixture
async def floor(tmp_path):
    async with open_floor(tmp_path) as opened:
        yield opened


async def tracked(floor):
    policies = the_policies("oracle")
    return await track(floor.exchange, floor.desk, exits=policies.exits, policy=policies.trading)


def heard(cycles, standings=None):
    """Somebody who keeps what is told."""
    changes = [] if standings is None else standings
    return Teller(lambda cycle, _error: cycles.append(cycle), changes.append)


def ended(told):
    """A loop that ended by itself, as far as its verdict looks."""
    return LoopResult(
        stopped=None,
        started_us=0,
        status=None,
        evaluation=None,
        live=(),
        left=None,
        last_errors=told.last_errors,
        reconciled=told.reconciled,
        refusing=told.refusing,
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
    told = Cycles("track", heard(cycles))
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


@pytest.mark.parametrize("state", [DeskState.HALTED, DeskState.FLATTEN, DeskState.REDUCE_ONLY])
async def test_a_loop_on_a_desk_that_enters_nothing_ends_as_trade_does(floor, state):
    await set_desk_state(floor.store, floor.clock, state, reason="x", who="y")
    await floor.forecast(p=0.60)
    result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    told = Cycles("trade", heard([]))
    told.report(Ran("lane", "trade", 0, result, None))
    at_end = await status(floor.store.reports, unlimited=(), halt_file=None)
    of_both = of_trade(result), of_loop(replace(ended(told), status=at_end))
    since = spoken(floor.clock.now())
    assert [str(verdict) for verdict in of_both] == [
        f"The desk is {state.said}; nothing new was entered.",
        f"The desk is {state.said} since {since}; nothing new was entered since then.",
    ]
    assert all(isinstance(verdict, Halted) for verdict in of_both)


async def test_an_exit_that_did_not_go_out_is_not_counted(floor):
    """Denied, stopped here, refused there, and one that went: three of them are still to come."""
    order = await send(floor.desk, taking())
    tracked_ = await tracked(floor)
    reason = ExitReason("CODE", "why")
    states = (OrderState.NOT_SENT, OrderState.REJECTED, OrderState.FILLED)
    orders = [None, *(replace(order, state=state) for state in states)]
    exits = tuple(Exited(None, reason, each, None) for each in orders)
    cycles = []
    told = Cycles("track", heard(cycles))
    told.report(Ran("lane", "track", 0, replace(tracked_, exits=exits), None))
    assert [cycle.exits for cycle in cycles] == [1]


async def stood(floor, told, state=None):
    """The desk changes its state, if it does, and the loop looks."""
    if state is not None:
        await set_desk_state(floor.store, floor.clock, state, reason="a [storm]", who="me")
    told.report(Ran("guard", "standing", 0, await standing(floor.desk), None))


async def test_a_change_of_the_run_state_is_told_at_once_and_once(floor, caplog):
    cycles, changes = [], []
    told = Cycles("trade", heard(cycles, changes))
    with caplog.at_level(logging.WARNING):
        for state in (None, DeskState.HALTED, None, DeskState.FLATTEN, DeskState.ACTIVE, None):
            await stood(floor, told, state)
            told.close()
    assert [change.state for change in changes] == [
        DeskState.HALTED,
        DeskState.FLATTEN,
        DeskState.ACTIVE,
    ]
    assert [cycle.state for cycle in cycles] == [
        DeskState.ACTIVE,
        *[DeskState.HALTED] * 2,
        DeskState.FLATTEN,
        *[DeskState.ACTIVE] * 2,
    ]
    assert cycles[1].state_reason == "a [storm]"
    assert len(caplog.records) == 3


async def test_a_cycle_in_which_nobody_looked_stands_as_the_last(floor):
    cycles = []
    told = Cycles("trade", heard(cycles))
    await stood(floor, told, DeskState.HALTED)
    told.close()
    told.close()
    assert [cycle.state for cycle in cycles] == [DeskState.HALTED] * 2


async def test_plain_lines_say_once_that_the_desk_is_halted_and_once_that_it_is_not(floor):
    console = Console(file=StringIO(), width=200)
    told = Cycles("trade", _lines(console))
    for state in (DeskState.HALTED, None, DeskState.ACTIVE):
        await stood(floor, told, state)
        told.close()
    assert [text.strip() for text in console.file.getvalue().splitlines() if "desk" in text] == [
        "The desk is halted: a [storm]; nothing is sent, exits included, and a loop asks nobody "
        "until `kalshi resume`",
        "The desk is active: a [storm]",
    ]


async def test_the_live_screen_says_that_the_desk_is_halted_as_long_as_it_is(floor):
    console = Console(file=StringIO(), width=120, force_terminal=True)
    with _live(console) as teller:
        told = Cycles("trade", teller)
        for state, shown in ((DeskState.HALTED, 1), (None, 1), (DeskState.ACTIVE, 0)):
            await stood(floor, told, state)
            console.file.truncate(0)
            told.close()
            assert console.file.getvalue().count("The desk is halted: a [storm]") == shown


async def test_a_file_that_halts_is_seen_though_the_exchange_is_out(floor):
    floor.desk.halt_file = lambda: "pulled the plug"
    found = await standing(floor.desk)
    assert (found.state, found.reason, found.who) == (DeskState.HALTED, "pulled the plug", "HALT")


async def test_an_order_that_was_not_sent_is_not_counted_as_sent(floor):
    await floor.forecast(p=0.60)
    result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
    (order,) = result.orders
    kept = replace(order, state=OrderState.NOT_SENT)
    cycles = []
    told = Cycles("trade", heard(cycles))
    told.report(Ran("decide", "trade", 0, replace(result, orders=(order, kept)), None))
    assert cycles[0].sent == 1


@pytest.mark.parametrize("code", ["AI_BUDGET", "AI_CREDITS", "AI_KEY", "AI_UNAVAILABLE"])
def test_a_person_hears_once_a_cycle_that_the_ai_is_silent_and_why(code):
    skipped = tuple(Skipped(ticker, code, "spent for today") for ticker in (A, B))
    rested = Skipped("KXC", "COOLDOWN", "asked recently")
    result = AnalyzeResult(0, "grok", "", (), (*skipped, rested), NO_COST, NO_COST, None)
    told = Cycles("trade", heard([]))
    told.report(Ran("decide", "analyze", 0, result, None))
    assert told.current.troubles == (f"no forecast of 2 markets, {code}: spent for today",)


def test_a_machine_that_slept_is_told_and_a_short_block_is_only_logged(caplog):
    told = Cycles("trade", heard([]))
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
    told = Cycles("trade", heard(cycles))
    for _ in range(2):
        result = await trade(floor.exchange, floor.desk, policy=the_policies("oracle").trading)
        told.report(Ran("decide", "trade", 0, result, None))
    assert [len([t for t in cycle.troubles if "kalshi resume" in t]) for cycle in cycles] == [1, 1]


def test_a_trouble_leaves_the_numbers_of_the_live_screen_their_room():
    """Below the table, a trouble once, the newest of them."""
    told = "DAILY_LOSS: down $15.82 since 00:00 UTC, at most $10.00; only exits are sent"
    cycles = [
        Cycle(number, 0, eligible=34, sent=2, positions=3, equity=Money.parse("9984.18"),
              errors=(told, f"number {number}"))
        for number in range(1, 6)
    ]  # fmt: skip
    console = Console(width=80, file=StringIO(), color_system=None)
    console.print(screen(cycles, "reduce-only"))
    lines = console.file.getvalue().splitlines()
    (heading,) = [each for each in lines if "cycle" in each]
    assert heading.split() == list(HEADINGS)
    assert max(map(len, lines)) <= 80
    assert sum(each.count("DAILY_LOSS") for each in lines) == 1
    assert [each.split()[0] for each in lines if "number" in each] == ["4", "5"]


def test_denials_are_one_line_a_cycle_with_how_many_of_each_kind():
    """However many there are: each is a row, and `inspect` shows it."""
    denied = Cycle(7, 0, denied=14, denied_by={"COOLDOWN": 1, "RATE": 12, "CAP": 1}, sent=2)
    assert "sent 2 denied 14 (12 RATE, 1 CAP, 1 COOLDOWN)" in line(denied)
    assert "\n" not in line(denied)
    assert "denied 0" in line(Cycle(8, 0, denied=0))
    assert "denied" not in line(Cycle(9, 0))


async def test_a_cycle_counts_denials_by_their_codes(floor):
    await floor.forecast(A, name="fa")
    await floor.forecast(B, name="fb")
    policy = the_policies("oracle").trading
    limits = replace(policy.limits, max_trades_per_hour=1)
    result = await trade(floor.exchange, floor.desk, policy=replace(policy, limits=limits))
    cycles: list[Cycle] = []
    Cycles("trade", heard(cycles)).report(Ran("lane", "trade", 0, result, None))
    assert (len(result.denied), dict(cycles[-1].denied_by)) == (1, {"RATE": 1})
