"""`run-loop`: the lanes, the display, and a stop that leaves things as the person wants them."""

from contextlib import AbstractContextManager, AsyncExitStack
from typing import TYPE_CHECKING

from kalshi_cli.cli.caveats import warn_of_caveats, warn_of_clock, warn_of_silence
from kalshi_cli.cli.cycles import Cycles, LoopResult, Teller
from kalshi_cli.cli.limiting import confirm_trading
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.order import LIVE
from kalshi_cli.scheduler.lanes import Loop, Stop, Stopped
from kalshi_cli.settings.describe import unlimited
from kalshi_cli.steps.status import status
from kalshi_cli.steps.stopping import Left

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.desk import OpenDesk


async def run_loop(
    prepared: Prepared,
    *,
    cycles: int | None,
    only: str | None,
    stop: Stop,
    display: AbstractContextManager[Teller],
) -> LoopResult:
    """Run until the cycles are done or a signal asks for a stop."""
    from kalshi_cli.bootstrap.memory import kept_out_of_the_way
    from kalshi_cli.bootstrap.opening import open_desk
    from kalshi_cli.bootstrap.watch import open_watch

    opened = open_desk(
        prepared.environment,
        prepared.settings,
        command="run-loop",
        trades=True,
        forecasts=True,
        single_step=False,
        checks="all",
    )
    async with opened as desk, AsyncExitStack() as stack:
        warn_of_clock(prepared, desk.connection)
        warn_of_silence(prepared, desk)
        await confirm_trading(prepared, desk)
        started = desk.clock.now()
        watch = await stack.enter_async_context(open_watch(desk))
        with display as teller, kept_out_of_the_way():
            closing = "track" if desk.clock.is_virtual else "trade"
            told = Cycles(closing, teller, lambda: watch.described)
            lanes = desk.lanes(stop, only, watch=watch)
            loop = Loop(
                lanes, desk.clock, stop=stop, report=told.report, late=told.late, cycles=cycles
            )
            stopped = await loop.run()
        reason = stopped.reason
        desk.ending.reason = f"stopped by {reason}" if stop.is_by_person else reason
        left = await desk.wind_down() if stop.is_by_person else None
        await warn_of_caveats(prepared, desk.store)
        return await _result(prepared, desk, stopped, started, left, told)


async def _result(
    prepared: Prepared,
    desk: "OpenDesk",
    stopped: Stopped,
    started_us: int,
    left: Left | None,
    told: Cycles,
) -> LoopResult:
    from kalshi_cli.bootstrap.records import halted_by_file

    lifted, file = unlimited(prepared.settings), halted_by_file(prepared.environment)
    return LoopResult(
        stopped=stopped,
        started_us=started_us,
        status=await status(
            desk.store.reports,
            unlimited=lifted,
            halt_file=file,
            running=desk.settings.running,
        ),
        evaluation=await desk.evaluate(),
        live=await desk.store.reports.orders(states=LIVE),
        left=left,
        last_errors=told.last_errors,
        reconciled=told.reconciled,
        refusing=told.refusing,
        world="" if desk.simulation is None else desk.simulation.description,
        forecaster="" if desk.forecaster is None else desk.forecaster.label,
    )
