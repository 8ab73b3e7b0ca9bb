"""What a person does to a desk that may be running elsewhere: halt, resume, cancel, close."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import typer

from kalshi_cli.cli.caveats import warn_of_clock
from kalshi_cli.cli.confirm import confirm_live, facts_of
from kalshi_cli.cli.desk import ready
from kalshi_cli.cli.person import person
from kalshi_cli.cli.render.sales import show_sales
from kalshi_cli.cli.runtime import Show, finish, one_line, run_async
from kalshi_cli.cli.start import Prepared, configured
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.domain.sale import Sale
from kalshi_cli.errors import (
    ConfigError,
    Halted,
    IntegrityError,
    KalshiError,
    LeaseHeld,
    NotFound,
    Refused,
    StillHeld,
    Unavailable,
    why_ended,
)

if TYPE_CHECKING:
    from rich.console import Console

    from kalshi_cli.ports.desk import Run
    from kalshi_cli.settings.sections import Settings
    from kalshi_cli.steps.run_state import StateChange

BY_EXIT_CODE: dict[int, type[KalshiError]] = {
    each.exit_code: each for each in (NotFound, ConfigError, Unavailable, Refused, IntegrityError)
}
Result = TypeVar("Result")
Ended = tuple[Result, KalshiError | None]
"""What was done, and what went wrong with the rest of it."""
LONGEST_REASON = 500
"""Signs kept of a reason; an emergency is never refused for how it was worded."""


SELLS = {"close": "close {}", "flatten": "flatten"}
"""What sells, by a command that names what; it is held to all settings."""
TURNS = 5
"""How often a command tries to be the one that acts, while others take the lease in turns."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The run state before and after, why, what became of our orders, and what was sold. `released`
    is how many order groups that the exchange triggered take entries again.
    """

    before: DeskState
    after: DeskState
    reason: str
    orders: str = ""
    released: int = 0
    sales: tuple[Sale, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was asked for, and what was sold. `answered_by` is who carried it out."""

    kind: str
    target: str
    outcome: str
    answered_by: str
    sales: tuple[Sale, ...]

    @property
    def spoken(self) -> str:
        return f"{self.outcome} ({self.answered_by})"


def halt(ctx: typer.Context, reason: str, *, flattens: bool) -> None:
    """Halt at once, and take our orders back; where it `flattens`, sell what we hold before. Where
    nothing can be sold under the settings, the desk halts all the same.
    """
    prepared = ready(ctx, only_stops=True)
    _tell(prepared, run_async(_halted(prepared, _kept(reason), flattens)), show_changed)


def resume(ctx: typer.Context) -> None:
    """Lift whatever stopped the desk; a running loop trades again."""
    prepared = ready(ctx)
    finish(prepared.invocation, run_async(_resumed(prepared)), show_changed)


def flatten(ctx: typer.Context, reason: str) -> None:
    """Take the desk to flatten, and sell all that we hold, where the settings allow a sale."""
    prepared = ready(ctx, only_stops=True)
    _tell(prepared, run_async(_left_flat(prepared, _kept(reason))), show_changed)


def carry_out(ctx: typer.Context, kind: str, target: str) -> None:
    """Cancel or close, by whoever holds the lease; never asks, and never opens a position. Only
    what sells is held to the settings.
    """
    prepared = ready(ctx, only_stops=True)
    _tell(prepared, run_async(_carried_out(prepared, kind, target)), show_outcome)


def _tell(prepared: Prepared, ended: "Ended[Result]", show: Show[Result]) -> None:
    """What was done, and after it what was not."""
    result, problem = ended
    finish(prepared.invocation, result, show, lambda _: problem)


def show_changed(result: Changed, console: "Console") -> None:
    console.print(_said(result))
    if result.orders:
        console.print(f"Our orders: {result.orders}")
    show_sales(result.sales, console)
    if result.after is DeskState.FLATTEN:
        console.print("Nothing new is entered until `kalshi resume`.")


def _said(result: Changed) -> str:
    if result.before is not DeskState.ACTIVE or result.after is not DeskState.ACTIVE:
        return f"The desk is {result.after.said} (it was {result.before.said}): {result.reason}"
    if result.released:
        return "The desk is active, as it was: entries that the exchange stopped go again."
    return "The desk is active, as it was: there was nothing to resume."


def show_outcome(result: Outcome, console: "Console") -> None:
    console.print(f"{result.kind} {result.target}: {result.spoken}")
    show_sales(result.sales, console)


def _kept(reason: str) -> str:
    return one_line(reason, LONGEST_REASON) or "by hand"


async def _halted(
    prepared: Prepared,
    reason: str,
    flattens: bool,  # noqa: FBT001 - internal
) -> "Ended[Changed]":
    """The state first, which stops every order not yet sent; then what rests already.

    A desk that could not sell all stays in flatten, where a running loop sells on; one that may not
    sell, by its settings or a HALT file, halts with all that it holds.
    """
    unsold: KalshiError | None = None
    flat: Changed | None = None
    if flattens:
        try:
            _, flat, unsold = await _flattened(prepared, reason)
        except Halted as error:
            unsold = error
        else:
            if unsold is None:
                await _set(prepared, DeskState.HALTED, reason)
                return replace(flat, after=DeskState.HALTED), None
            if type(unsold) is not ConfigError:  # its kinds speak of the exchange and the clock
                return flat, unsold
    done: StateChange | None = None
    try:
        async with _run_by(prepared, DeskState.HALTED, reason) as done:
            told = await _taken_back(prepared, done)
    except KalshiError as error:
        if done is None:
            raise
        told, unsold = f"may rest. {error}", unsold or error
    before = done.before if flat is None else flat.before
    return Changed(before, DeskState.HALTED, reason, told), unsold


async def _taken_back(prepared: Prepared, change: "StateChange") -> str:
    from kalshi_cli.steps.emptying import OURS

    if change.seen is not None and not change.seen.orders:
        return "none on record may still trade"
    done, _ = await _carried_out(prepared, "cancel-all", OURS, change.run)
    return (await _since(prepared, change, done)).spoken


async def _left_flat(prepared: Prepared, reason: str) -> "Ended[Changed]":
    """Where nothing can be sold under the settings, our orders are taken back all the same."""
    change, flat, unsold = await _flattened(prepared, reason)
    if type(unsold) is not ConfigError:
        return flat, unsold
    try:
        told = await _taken_back(prepared, replace(change, run=None))
    except KalshiError as error:
        told = f"may rest. {error}"
    return replace(flat, orders=told), unsold


async def _flattened(
    prepared: Prepared, reason: str
) -> "tuple[StateChange, Changed, KalshiError | None]":
    from kalshi_cli.steps.emptying import OURS

    _refuse_halt_file(prepared, sells=True)
    change: StateChange | None = None
    try:
        async with _run_by(prepared, DeskState.FLATTEN, reason) as change:
            done, problem = await _carried_out(prepared, "flatten", OURS, change.run)
    except KalshiError as error:
        if change is None:
            raise
        done, problem = Outcome("flatten", OURS, "", "", ()), error
    done = await _since(prepared, change, done)
    told = "" if problem else done.spoken
    flat = Changed(change.before, DeskState.FLATTEN, reason, told, sales=done.sales)
    return change, flat, problem


async def _since(prepared: Prepared, change: "StateChange", done: Outcome) -> Outcome:
    """What was done, counted from the change on: a loop cancels and sells before it is asked to."""
    from kalshi_cli.bootstrap.by_hand import since

    if change.seen is None:
        return done
    ends, sales = await since(prepared.environment, prepared.settings, change.seen)
    _, also, rest = done.outcome.partition("; ")  # how orders ended is told first
    sold = sales if any(each.sold for each in sales) else ()
    return replace(done, outcome=f"{ends}{also}{rest}", sales=sold)


async def _resumed(prepared: Prepared) -> Changed:
    from kalshi_cli.bootstrap.opening import open_desk

    environment, settings = prepared.environment, prepared.settings
    _refuse_halt_file(prepared)
    if environment.env is Env.PROD:
        opened = open_desk(environment, settings, command="resume", trades=False)
        async with opened as desk:
            confirm_live(prepared, await facts_of(prepared, desk))
    reason = "resumed by hand"
    if environment.env is Env.PROD:  # asking was a run already
        done = await _set(prepared, DeskState.ACTIVE, reason)
    else:
        async with _run_by(prepared, DeskState.ACTIVE, reason) as done:
            pass
    return Changed(done.before, DeskState.ACTIVE, reason, released=done.released)


def _refuse_halt_file(prepared: Prepared, *, sells: bool = False) -> None:
    """Raises `Halted` while the file that halts is there: nothing is sent, whatever the state."""
    from kalshi_cli.bootstrap.records import halt_file

    file = halt_file(prepared.environment)
    if (said := file()) is not None:
        undone = "Nothing was sold: the" if sells else "The"
        then = " Then `kalshi flatten` sells." if sells else ""
        raise Halted(
            f"{undone} desk is halted: {said}.", remedy=f"Take {file.path} away first.{then}"
        )


@asynccontextmanager
async def _run_by(
    prepared: Prepared, state: DeskState, reason: str
) -> AsyncIterator["StateChange"]:
    """Change the run state, by which the command is a run; it ends with what is done within. One
    without an end was killed before all was sent that belonged to it.
    """
    from kalshi_cli.bootstrap.by_hand import end_run

    done = await _set(prepared, state, reason, command=prepared.invocation.command)
    ended = "done"
    try:
        yield done
    except BaseException as error:
        ended = why_ended(error)
        raise
    finally:
        if done.run is not None:
            await end_run(prepared.environment, prepared.settings, done.run, ended)


async def _set(
    prepared: Prepared, state: DeskState, reason: str, *, command: str | None = None
) -> "StateChange":
    """Change the run state; a `command` that does so becomes a run."""
    from kalshi_cli.bootstrap.by_hand import change_state

    return await change_state(
        prepared.environment,
        prepared.settings,
        state,
        reason=reason,
        who=person(),
        command=command,
    )


async def _carried_out(
    prepared: Prepared, kind: str, target: str, run: "Run | None" = None
) -> "Ended[Outcome]":
    """By whoever holds the lease, else by us, in the `run` where there is one; others may take the
    lease in turns meanwhile.

    A turn that lost it may have sent orders, which are numbered by their run: the next is another.
    """
    for _ in range(TURNS - 1):
        try:
            return await _carried_out_once(prepared, kind, target, run)
        except LeaseHeld:
            run = None
    return await _carried_out_once(prepared, kind, target, run)


async def _carried_out_once(
    prepared: Prepared, kind: str, target: str, run: "Run | None"
) -> "Ended[Outcome]":
    """What was sold before something could not be sold is told all the same."""
    from kalshi_cli.bootstrap.by_hand import asked_of_holder
    from kalshi_cli.bootstrap.opening import open_desk

    environment, settings = prepared.environment, prepared.settings
    answered = await asked_of_holder(environment, settings, kind, target)
    if answered is not None:
        told = answered.request
        done = Outcome(
            kind, target, told.answer or "", "by the process that trades", answered.sales
        )
        if not told.exit_code:
            return done, None
        problem = BY_EXIT_CODE.get(told.exit_code, Unavailable)(told.answer or "No answer.")
        if any(each.sold for each in answered.sales):
            return done, problem
        raise problem
    if kind in SELLS:
        settings = _to_sell_by(prepared, SELLS[kind].format(target))
    opened = open_desk(
        environment, settings, command=kind, trades=True, single_step=False, continues=run
    )
    async with opened as desk:
        warn_of_clock(prepared, desk.connection)
        try:
            ended = await desk.carry_out(kind, target)
        except StillHeld as problem:
            desk.ending.reason = str(problem)
            return Outcome(kind, target, str(problem), "by this command", problem.sales), problem
    return Outcome(kind, target, ended.outcome, "by this command", ended.sales), None


def _to_sell_by(prepared: Prepared, again: str) -> "Settings":
    """All the settings. Raises `ConfigError` where one of them is none: no limit is guessed."""
    try:
        return configured(prepared.invocation).settings
    except ConfigError as error:
        raise ConfigError(
            f"Nothing was sold: {error}",
            remedy=f"{error.remedy} Then `kalshi {again}` sells.".lstrip(),
        ) from error
