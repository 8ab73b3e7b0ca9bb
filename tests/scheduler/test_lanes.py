"""Lanes: order on a virtual clock, independence on a real one, and how a loop ends."""

import asyncio

import pytest
from fakes.clock import START_US
from fakes.sleepy import SleepyClock
from fakes.virtual_time import run_virtual

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from kalshi_cli.errors import (
    ClockOff,
    ExchangeRefusal,
    IntegrityError,
    KalshiError,
    LeaseRanOut,
    StoreBusy,
    StoreUnusable,
    Unavailable,
)
from kalshi_cli.scheduler.lanes import Bell, Lane, Loop, Ran, Step, Stop
from kalshi_cli.scheduler.timekeeping import Late


class VirtualClock:
    """Sleeping moves it."""

    is_virtual = True

    def __init__(self) -> None:
        self.time = 0

    def now(self) -> int:
        return self.time

    def wall(self) -> int:
        return self.time

    async def sleep_until(self, instant_us: int) -> None:
        self.time = max(self.time, instant_us)


def noting(log: list, clock, name: str):
    async def run() -> str:
        log.append((clock.now(), name))
        return name

    return run


async def test_virtual_lanes_run_by_due_time_then_name_and_steps_in_their_order():
    clock, log, stop = VirtualClock(), [], Stop()
    decide = Lane(
        "decide",
        tuple(Step(name, 10 * MINUTE, noting(log, clock, name)) for name in ("ingest", "trade")),
        counts=True,
    )
    guard = Lane("guard", (Step("track", 5 * MINUTE, noting(log, clock, "track")),))
    stopped = await Loop([guard, decide], clock, stop=stop, report=lambda _: None, cycles=2).run()
    assert log == [
        (0, "ingest"),
        (0, "trade"),
        (0, "track"),
        (5 * MINUTE, "track"),
        (10 * MINUTE, "ingest"),
        (10 * MINUTE, "trade"),
        (10 * MINUTE, "track"),
    ]
    assert stopped.cycles == 2
    assert stopped.reason == "2 cycles done"


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("the exchange does not answer"),
        ExchangeRefusal("a cursor expired", status=400, exchange_code="bad_request"),
        ClockOff("this machine's clock is off"),
        LeaseRanOut("the machine slept"),
        StoreBusy("somebody writes to it"),
    ],
)
async def test_trouble_with_the_exchange_is_survived_and_reported(error: KalshiError):
    clock, heard, stop = VirtualClock(), [], Stop()

    async def down() -> None:
        raise error

    lane = Lane("decide", (Step("ingest", MINUTE, down),), counts=True)
    stopped = await Loop([lane], clock, stop=stop, report=heard.append, cycles=3).run()
    assert stopped.cycles == 3
    assert [type(ran.error) for ran in heard] == [type(error)] * 3


async def test_what_the_store_was_too_busy_for_is_tried_again_a_second_later():
    """And by its plan again, once it went through: due at 0, tried at 0, 1 and 2 seconds."""
    clock, heard, tried = VirtualClock(), [], []

    async def busy() -> None:
        tried.append(clock.now())
        if len(tried) < 3:
            raise StoreBusy("somebody writes to it")

    lane = Lane("guard", (Step("track", MINUTE, busy),), counts=True)
    await Loop([lane], clock, stop=Stop(), report=heard.append, cycles=4).run()
    assert tried == [0, SECOND, 2 * SECOND, MINUTE + 2 * SECOND]
    assert [ran.error is None for ran in heard] == [False, False, True, True]


async def test_a_store_that_cannot_be_used_ends_the_loop():
    async def broken() -> None:
        raise StoreUnusable("the file is malformed")

    lane = Lane("guard", (Step("track", MINUTE, broken),), counts=True)
    with pytest.raises(StoreUnusable):
        await Loop([lane], VirtualClock(), stop=Stop(), report=lambda _: None).run()


async def test_an_integrity_error_ends_the_loop():
    async def broken() -> None:
        raise IntegrityError("the books do not balance")

    lane = Lane("decide", (Step("trade", MINUTE, broken),), counts=True)
    with pytest.raises(IntegrityError):
        await Loop([lane], VirtualClock(), stop=Stop(), report=lambda _: None).run()


async def test_a_slow_decision_does_not_delay_the_guard():
    clock, heard = SystemClock(), []
    stop, release = Stop(), asyncio.Event()

    async def slow() -> None:
        await release.wait()

    async def quick() -> None:
        if sum(ran.step == "track" for ran in heard) == 3:
            release.set()
            stop.ask("seen enough")

    lanes = [
        Lane("decide", (Step("analyze", MINUTE, slow),), counts=True),
        Lane("guard", (Step("track", MILLISECOND, quick),)),
    ]

    def report(ran: Ran) -> None:
        heard.append(ran)

    stopped = await asyncio.wait_for(Loop(lanes, clock, stop=stop, report=report).run(), timeout=10)
    assert [ran.step for ran in heard].index("analyze") >= 3
    assert stopped.reason == "seen enough"


async def test_what_a_lane_does_at_a_stop_waits_for_no_slow_decision():
    clock, stop, stopped = SystemClock(), Stop(), asyncio.Event()

    async def slow() -> None:
        stop.ask("SIGTERM")
        await stopped.wait()

    async def quick() -> None:
        pass

    async def at_stop() -> None:
        assert stop.is_by_person
        stopped.set()

    lanes = [
        Lane("decide", (Step("analyze", MINUTE, slow),), counts=True),
        Lane("guard", (Step("track", MINUTE, quick),), at_stop=Step("stop", MINUTE, at_stop)),
    ]
    heard = []
    running = Loop(lanes, clock, stop=stop, report=heard.append).run()
    assert (await asyncio.wait_for(running, timeout=10)).reason == "SIGTERM"
    assert [ran.step for ran in heard][-2:] == ["stop", "analyze"]


async def test_an_error_in_one_lane_lets_the_other_finish_its_step():
    clock, finished, stop = SystemClock(), [], Stop()
    started = asyncio.Event()

    async def sending() -> None:
        started.set()
        await clock.sleep_until(clock.now() + 50 * MILLISECOND)
        finished.append("recorded")

    async def broken() -> None:
        await started.wait()
        raise IntegrityError("disk full")

    lanes = [
        Lane("decide", (Step("trade", MINUTE, sending),), counts=True),
        Lane("guard", (Step("track", MINUTE, broken),)),
    ]
    with pytest.raises(IntegrityError):
        await Loop(lanes, clock, stop=stop, report=lambda _: None).run()
    assert finished == ["recorded"]


async def test_the_first_reason_to_stop_counts():
    stop = Stop()
    stop.ask("SIGINT")
    stop.ask("an error")
    assert stop.reason == "SIGINT"


class Sleeper:
    """A guard of one second and a decision of one minute, on a machine that may sleep."""

    def __init__(self) -> None:
        self.clock, self.stop = SleepyClock(START_US), Stop()
        self.log: list[tuple[str, float]] = []
        self.late: list[Late] = []

    def at(self) -> float:
        """Seconds since the start, sleep included."""
        return (self.clock.now() - START_US) / SECOND

    def times(self, name: str, since_s: float = 0.0) -> list[float]:
        return [round(at, 3) for step, at in self.log if step == name and at >= since_s]

    def step(self, name: str, every_us: int) -> Step:
        async def run() -> None:
            self.log.append((name, self.at()))

        return Step(name, every_us, run)

    async def run(self, *slept: tuple[float, int], until_s: float) -> None:
        """Sleeps are (after so many seconds awake, for so many microseconds)."""
        lanes = [
            Lane("decide", (self.step("trade", MINUTE),), counts=True),
            Lane("guard", (self.step("requests", SECOND), self.step("track", 2 * MINUTE))),
        ]
        loop = Loop(
            lanes,
            self.clock,
            stop=self.stop,
            report=lambda _: None,
            late=self.late.append,
        )
        running = asyncio.ensure_future(loop.run())
        awake = 0.0
        for after_s, span_us in slept:
            await asyncio.sleep(after_s - awake)  # noqa: TID251
            self.clock.sleeps(span_us)
            awake = after_s
        await asyncio.sleep(until_s - awake)  # noqa: TID251
        self.stop.ask("enough")
        await running


def test_a_machine_that_slept_makes_up_for_no_missed_round_and_reconciles_at_once():
    sleeper = Sleeper()
    run_virtual(sleeper.run((90.0, 3 * HOUR), until_s=300.0))
    woke = 90.0 + 3 * 3_600
    assert sleeper.times("trade")[:2] == [0.0, 60.0]
    after = sleeper.times("track", woke)
    # Within a pulse, and then every two minutes: not ninety times in a row.
    assert woke <= after[0] <= woke + 1.5
    assert after == [after[0], after[0] + 120.0]
    trades = sleeper.times("trade", woke)
    assert trades == [trades[0] + 60.0 * n for n in range(4)]
    assert woke <= trades[0] <= woke + 1.5
    (late,) = sleeper.late
    assert late.is_jump
    assert "nothing ran for 3h" in str(late) or "nothing ran for 2h59m" in str(late)


def test_a_clock_that_is_set_back_delays_nothing():
    sleeper = Sleeper()
    run_virtual(sleeper.run((90.0, -2 * HOUR), until_s=300.0))
    moved = [at for name, at in sleeper.log if name == "track"]
    assert moved[0] == 0.0
    # Set back at 90 s of program time: due at once, then every two minutes.
    back = 90.0 - 7_200
    assert back <= moved[1] <= back + 2.0
    assert round(moved[2] - moved[1]) == 120
    (late,) = sleeper.late
    assert -2 * HOUR <= late.by_us <= -2 * HOUR + SECOND
    assert str(late).startswith("the clock was set back by ")


def test_a_clock_that_is_set_back_during_a_step_delays_it_no_further():
    async def scenario() -> list[float]:
        clock, stop, began = SleepyClock(START_US), Stop(), []
        loop = asyncio.get_running_loop()

        async def track() -> None:
            began.append(round(loop.time(), 1))
            if len(began) == 2:
                await asyncio.sleep(5.0)  # noqa: TID251

        lane = Lane("guard", (Step("track", 2 * MINUTE, track),))
        running = asyncio.ensure_future(Loop([lane], clock, stop=stop, report=lambda _: None).run())
        await asyncio.sleep(122.0)  # noqa: TID251
        clock.sleeps(-2 * HOUR)
        await asyncio.sleep(178.0)  # noqa: TID251
        stop.ask("enough")
        await running
        return began

    # Set back at 122 s, which is noticed within a pulse: two minutes later there is the third look.
    first, second, third = run_virtual(scenario())
    assert (first, second) == (0.0, 120.0)
    assert 242.0 <= third <= 243.5


def test_a_step_that_is_rung_for_all_the_time_keeps_no_other_of_its_lane():
    async def scenario() -> list[str]:
        clock, stop, ran, heard = SleepyClock(START_US), Stop(), [], Bell()

        async def attend() -> None:
            ran.append("attend")
            await asyncio.sleep(0.03)  # noqa: TID251

        async def requests() -> None:
            ran.append("requests")

        steps = Step("attend", SECOND, attend, heard), Step("requests", SECOND, requests)
        loop = Loop([Lane("guard", steps)], clock, stop=stop, report=lambda _: None)
        running = asyncio.ensure_future(loop.run())
        for _ in range(500):  # ten seconds of news
            heard.ring()
            await asyncio.sleep(0.02)  # noqa: TID251
        stop.ask("enough")
        await running
        return ran

    assert run_virtual(scenario()).count("requests") >= 9


def test_a_block_is_told_and_changes_no_plan():
    sleeper = Sleeper()
    run_virtual(sleeper.run((90.0, 5 * SECOND), until_s=300.0))
    assert sleeper.times("track") == [0.0, 120.0, 240.0]
    (late,) = sleeper.late
    assert not late.is_jump
    assert str(late).startswith("the program stood still for ")


def test_a_slow_round_is_followed_by_one_and_not_by_all_that_it_missed():
    async def scenario() -> list[float]:
        clock, stop, began = SleepyClock(START_US), Stop(), []

        async def slow() -> None:
            began.append((clock.now() - START_US) / SECOND)
            if len(began) == 1:
                await asyncio.sleep(10.0)  # noqa: TID251
            if len(began) == 4:
                stop.ask("enough")

        lane = Lane("decide", (Step("trade", 2 * SECOND, slow),), counts=True)
        await Loop([lane], clock, stop=stop, report=lambda _: None).run()
        return began

    assert run_virtual(scenario()) == [0.0, 10.0, 12.0, 14.0]


def test_a_bell_makes_its_step_due_at_once_and_a_ring_meanwhile_is_heard():
    async def scenario() -> list[tuple[str, float]]:
        clock, stop, log = SleepyClock(START_US), Stop(), []
        bell, after = Bell(), Bell()

        def note(name: str) -> None:
            log.append((name, round((clock.now() - START_US) / SECOND, 3)))

        async def react() -> None:
            note("react")
            if len(log) == 3:
                after.ring()

        async def track() -> None:
            note("track")
            if len(log) == 4:
                bell.ring()  # while the lane is busy with this step
            if len(log) == 6:
                stop.ask("enough")

        lanes = [
            Lane(
                "guard",
                (Step("react", HOUR, react, bell), Step("track", HOUR, track, after)),
                counts=True,
            )
        ]
        running = asyncio.ensure_future(Loop(lanes, clock, stop=stop, report=lambda _: None).run())
        await asyncio.sleep(0.7)  # noqa: TID251
        bell.ring()
        await asyncio.sleep(0.5)  # noqa: TID251
        after.ring()
        await running
        return log

    assert run_virtual(scenario()) == [
        ("react", 0.0),
        ("track", 0.0),
        ("react", 0.7),
        ("track", 0.7),
        ("react", 0.7),
        ("track", 1.2),
    ]


def test_a_step_that_was_rung_for_is_due_again_an_interval_later_however_often_it_was():
    async def scenario() -> list[float]:
        clock, stop, bell, ran = SleepyClock(START_US), Stop(), Bell(), []

        async def track() -> None:
            ran.append(round((clock.now() - START_US) / SECOND, 3))
            if len(ran) == 6:
                stop.ask("enough")

        lane = Lane("guard", (Step("track", 10 * SECOND, track, bell),))
        running = asyncio.ensure_future(Loop([lane], clock, stop=stop, report=lambda _: None).run())
        for _ in range(3):
            await asyncio.sleep(1.0)  # noqa: TID251
            bell.ring()
        await running
        return ran

    assert run_virtual(scenario()) == [0.0, 1.0, 2.0, 3.0, 13.0, 23.0]


async def test_a_stop_interrupts_the_wait_for_a_bell():
    clock, stop = SystemClock(), Stop()

    async def nothing() -> None:
        pass

    lane = Lane("guard", (Step("react", HOUR, nothing, Bell()),), counts=True)
    running = asyncio.ensure_future(Loop([lane], clock, stop=stop, report=lambda _: None).run())
    await asyncio.sleep(0.05)  # noqa: TID251
    stop.ask("SIGINT")
    assert (await asyncio.wait_for(running, timeout=5)).reason == "SIGINT"
