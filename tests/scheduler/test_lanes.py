"""Lanes: order on a virtual clock, independence on a real one, and how a loop ends."""

import asyncio

import pytest

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.domain.instant import MILLISECOND, MINUTE
from kalshi_cli.errors import ClockOff, ExchangeRefusal, IntegrityError, KalshiError, Unavailable
from kalshi_cli.scheduler.lanes import Lane, Loop, Ran, Step, Stop


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
