"""The run state of the desk, as a person sets it."""

from dataclasses import dataclass

from kalshi_cli.domain.identity import DeskState
from kalshi_cli.domain.order import Order
from kalshi_cli.domain.position import Position
from kalshi_cli.errors import KalshiError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import GroupState, Run
from kalshi_cli.ports.store import Store
from kalshi_cli.steps.looking import PEAK_SINCE


@dataclass(frozen=True, slots=True)
class Seen:
    """What was held, and which orders of ours might trade."""

    positions: tuple[Position, ...]
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class StateChange:
    """What the run state was, and how many triggered order groups were released by the change.

    `seen` is what there was right before it, None where that could not be read: a loop obeys at
    once, so that later is too late to look. `run` is under which command the change stands on
    record, None where none was named.
    """

    before: DeskState
    released: int
    seen: Seen | None
    run: Run | None = None


async def set_desk_state(
    store: Store,
    clock: Clock,
    state: DeskState,
    *,
    reason: str,
    who: str,
    command: str | None = None,
) -> StateChange:
    """Change the run state. A running loop reads it before every order. A `command` that does so
    is a run, put on record once the change is: a halt holds though its record cannot be written.
    Whoever named one ends it, once all is done that belongs to it.

    Whoever makes it active takes note of what was lost: drawdowns are measured anew, and order
    groups that are triggered are to be reset before the next entry.
    """
    released = 0
    seen = await _seen(store)
    async with store.unit() as unit:
        before = await unit.desk.state()
        if state is DeskState.ACTIVE and before is not DeskState.ACTIVE:
            await unit.catalog.set_marker(PEAK_SINCE, clock.now())
        if state is DeskState.ACTIVE:
            triggered = {GroupState.TRIGGERED}
            released = await unit.desk.turn_groups(GroupState.RESUMED, before=triggered)
        at_us = clock.now() or None  # a clock that never saw the market stands at 0
        await unit.desk.set_state(state, reason=reason, who=who, at_us=at_us, wall_us=clock.wall())
        await unit.commit()
    if command is None or at_us is None:
        return StateChange(before, released, seen)
    async with store.unit() as unit:
        run = await unit.desk.start_run(command, at_us, clock.wall())
        await unit.commit()
    return StateChange(before, released, seen, run)


async def _seen(store: Store) -> Seen | None:
    """No failure to read this keeps the state from being changed."""
    try:
        async with store.unit(reads=True) as unit:
            return Seen(await unit.ledger.positions(), await unit.journal.live())
    except KalshiError:
        return None


async def end_unless_ended(store: Store, clock: Clock, run: Run, reason: str) -> None:
    """End a run that goes no further, unless whoever continued it did."""
    async with store.unit() as unit:
        if await unit.desk.is_under_way(run.run_id):
            await unit.desk.end_run(run.run_id, clock.now(), clock.wall(), reason)
            await unit.commit()
