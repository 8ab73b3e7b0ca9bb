"""Lanes, so that a slow decision never delays an exit.

A lane runs its due steps one after another, in their order. On the real clock each lane is a task
of its own, and a bell makes a step due at once; on a virtual clock due lanes run one at a time,
ordered by (due time, lane), so a run is the same every time.

A machine that slept, or whose clock was set, has missed its rounds: they are not made up for, and
every step is due anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.errors import PASSING, KalshiError, StoreBusy
from kalshi_cli.ports.clock import Clock
from kalshi_cli.scheduler.timekeeping import Late, keep_time

BUSY_AGAIN_US = SECOND
"""How soon a step is tried again that the store was too busy for."""


@dataclass(slots=True)
class Bell:
    """Makes the steps that listen to it due at once. A ring during a step is heard after it."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self.event.set()


@dataclass(frozen=True, slots=True)
class Step:
    """Something to run every so often (microseconds of market time), and when `bell` rings."""

    name: str
    every_us: int
    run: Callable[[], Awaitable[object]]
    bell: Bell | None = None

    @property
    def is_rung(self) -> bool:
        return self.bell is not None and self.bell.event.is_set()


@dataclass(frozen=True, slots=True)
class Lane:
    """Steps that run in order, never at once. `counts` marks the lane that makes cycles.

    On the real clock `at_stop` runs once this lane is to end, whatever others still wait for.
    """

    name: str
    steps: tuple[Step, ...]
    counts: bool = False
    at_stop: Step | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """One step that ran: its result, or the error that it survived."""

    lane: str
    step: str
    at_us: int
    result: object | None
    error: KalshiError | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why and when a loop ended."""

    reason: str
    cycles: int
    at_us: int


@dataclass(slots=True)
class Stop:
    """A request to stop, with its reason; the step under way is finished first."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""

    def ask(self, reason: str) -> None:
        """Ask for a stop. The first reason counts."""
        self.reason = self.reason or reason
        self.event.set()

    @property
    def is_by_person(self) -> bool:
        """Whether a signal asked for it."""
        return self.reason.startswith("SIG")

    @property
    def asked(self) -> bool:
        return self.event.is_set()


@dataclass(slots=True)
class _Timetable:
    """When each step of a lane is due next."""

    lane: Lane
    due: dict[str, int]
    rounds: int = 0
    restarted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def next_us(self) -> int:
        return min(self.due.values())

    def due_steps(self, now_us: int) -> list[Step]:
        return [s for s in self.lane.steps if self.due[s.name] <= now_us or s.is_rung]

    def also_rung(self, steps: list[Step]) -> list[Step]:
        """These steps with those whose bell rang meanwhile, in the lane's order."""
        return [step for step in self.lane.steps if step in steps or step.is_rung]

    def ran(self, step: Step, began_us: int) -> None:
        """Due again an interval later; rounds that were missed meanwhile are not made up for, and
        one that was rung for puts the next off no further, however many such there are.
        """
        due_us = self.due[step.name] + step.every_us
        latest_us = began_us + step.every_us
        self.due[step.name] = due_us if began_us < due_us < latest_us else latest_us

    def restart(self, now_us: int) -> None:
        """Every step is due now, whatever was planned."""
        self.due = dict.fromkeys(self.due, now_us)
        self.restarted.set()


class Loop:
    """Runs lanes until a number of cycles, a request to stop, or an error nobody can survive.

    `report` hears of every step, `late` of every time that the program stood still. What is
    `PASSING` is survived: the step is tried again when next due, and no lane ends for another's
    trouble with the exchange. What the store was too busy for is tried again a second later: an
    exit may wait for it.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        clock: Clock,
        *,
        stop: Stop,
        report: Callable[[Ran], None],
        cycles: int | None = None,
        late: Callable[[Late], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._stop = stop
        self._report = report
        self._late = late
        self._cycles = cycles
        start = clock.now()
        self._tables = [
            _Timetable(lane, {step.name: start for step in lane.steps})
            for lane in sorted(lanes, key=lambda lane: lane.name)
        ]

    async def run(self) -> Stopped:
        """Run to the end. Raises the first error that is not survived, after the others stop."""
        if self._clock.is_virtual:
            await self._run_virtual()
        else:
            await self._run_real()
        return Stopped(self._stop.reason, self._counted(), self._clock.now())

    def _counted(self) -> int:
        return sum(table.rounds for table in self._tables if table.lane.counts)

    def _has_counted_out(self) -> bool:
        return self._cycles is not None and self._counted() >= self._cycles

    def _count_out(self) -> None:
        self._stop.ask(f"{self._cycles} cycle{'' if self._cycles == 1 else 's'} done")

    async def _run_virtual(self) -> None:
        while not self._stop.asked:
            table = min(self._tables, key=lambda t: (t.next_us, t.lane.name))
            await self._clock.sleep_until(table.next_us)
            await self._round(table)
            if self._has_counted_out() and min(t.next_us for t in self._tables) > self._clock.now():
                self._count_out()

    async def _run_real(self) -> None:
        keeping = asyncio.create_task(keep_time(self._clock, self._stood_still), name="time")
        try:
            ended = await asyncio.gather(
                *(self._follow(table) for table in self._tables), return_exceptions=True
            )  # no lane is cancelled for another's error: it may be between request and record
        finally:
            keeping.cancel()
            await asyncio.wait((keeping,))
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    def _stood_still(self, late: Late) -> None:
        """Plans made before a sleep, or by a clock that was set since, are worth nothing."""
        if late.is_jump:
            for table in self._tables:
                table.restart(self._clock.now())
        self._late(late)

    async def _follow(self, table: _Timetable) -> None:
        try:
            while not self._stop.asked:
                await self._wait(table)
                if self._stop.asked:
                    break
                if table.due_steps(self._clock.now()):
                    await self._round(table)
                if self._has_counted_out():
                    self._count_out()
            if table.lane.at_stop is not None:
                await self._run_step(table.lane, table.lane.at_stop)
        except BaseException:
            self._stop.ask("an error")
            raise

    async def _wait(self, table: _Timetable) -> None:
        """Until the next step is due, a bell rings, the plan is another, or a stop is asked for."""
        table.restarted.clear()
        events = [self._stop.event, table.restarted]
        events += [step.bell.event for step in table.lane.steps if step.bell is not None]
        if any(event.is_set() for event in events):
            return
        sleeping = asyncio.ensure_future(self._clock.sleep_until(table.next_us))
        ringing = [asyncio.ensure_future(event.wait()) for event in events]
        waits: list[asyncio.Future[None] | asyncio.Future[Literal[True]]] = [sleeping, *ringing]
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()  # nobody waits for that: what rang is to be answered

    async def _round(self, table: _Timetable) -> None:
        """Run what is due. A bell that rings meanwhile is answered in the same round, but no step
        runs twice in one: others wait as well.
        """
        now = self._clock.now()
        steps, done = table.due_steps(now), list[Step]()
        while steps:
            step, *steps = steps
            if step.bell is not None:
                step.bell.event.clear()
            error = await self._run_step(table.lane, step)
            done.append(step)
            table.ran(step, min(now, self._clock.now()))  # the clock may have been set back
            if isinstance(error, StoreBusy):
                table.due[step.name] = self._clock.now() + BUSY_AGAIN_US
            if self._stop.asked:
                return
            steps = [each for each in table.also_rung(steps) if each not in done]
        table.rounds += 1

    async def _run_step(self, lane: Lane, step: Step) -> KalshiError | None:
        """Run a step; the error that it was given up for, if it may be better the next time."""
        try:
            result = await step.run()
        except PASSING as error:
            self._report(Ran(lane.name, step.name, self._clock.now(), None, error))
            return error
        self._report(Ran(lane.name, step.name, self._clock.now(), result, None))
        return None
