"""What a person does to a desk that may be running elsewhere: halt, resume, cancel, close."""

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from kalshi_cli.cli.caveats import warn_of_clock
from kalshi_cli.cli.confirm import confirm_live, facts_of
from kalshi_cli.cli.desk import ready
from kalshi_cli.cli.runtime import finish, one_line, run_async
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.identity import DeskState, Env
from kalshi_cli.errors import (
    ConfigError,
    IntegrityError,
    KalshiError,
    NotFound,
    Refused,
    Unavailable,
)

if TYPE_CHECKING:
    from rich.console import Console

BY_EXIT_CODE: dict[int, type[KalshiError]] = {
    each.exit_code: each for each in (NotFound, ConfigError, Unavailable, Refused, IntegrityError)
}
LONGEST_REASON = 500
"""Signs kept of a reason; an emergency is never refused for how it was worded."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The run state before and after, and why."""

    before: DeskState
    after: DeskState
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a cancel or a close. `answered_by` is who carried it out."""

    kind: str
    target: str
    outcome: str
    answered_by: str


def change(ctx: typer.Context, state: DeskState, reason: str, *, confirms: bool = False) -> None:
    """Change the run state; a running loop obeys before its next order."""
    prepared = ready(ctx)
    kept = one_line(reason, LONGEST_REASON) or "by hand"
    finish(prepared.invocation, run_async(_changed(prepared, state, kept, confirms)), show_changed)


def carry_out(ctx: typer.Context, kind: str, target: str) -> None:
    """Cancel or close, by whoever holds the lease; never asks, and never opens a position."""
    prepared = ready(ctx)
    finish(prepared.invocation, run_async(_carried_out(prepared, kind, target)), show_outcome)


def show_changed(result: Changed, console: "Console") -> None:
    console.print(
        f"The desk is {result.after} (it was {result.before}): {result.reason}", soft_wrap=True
    )


def show_outcome(result: Outcome, console: "Console") -> None:
    console.print(
        f"{result.kind} {result.target}: {result.outcome} ({result.answered_by})", soft_wrap=True
    )


async def _changed(
    prepared: Prepared,
    state: DeskState,
    reason: str,
    confirms: bool,  # noqa: FBT001 - internal
) -> Changed:
    from kalshi_cli.bootstrap.by_hand import change_state
    from kalshi_cli.bootstrap.opening import open_desk

    environment, settings = prepared.environment, prepared.settings
    if confirms and environment.env is Env.PROD:
        opened = open_desk(environment, settings, command="resume", trades=False)
        async with opened as desk:
            confirm_live(prepared, await facts_of(prepared, desk))
    before = await change_state(environment, settings, state, reason=reason, who=getpass.getuser())
    return Changed(before, state, reason)


async def _carried_out(prepared: Prepared, kind: str, target: str) -> Outcome:
    from kalshi_cli.bootstrap.by_hand import asked_of_holder
    from kalshi_cli.bootstrap.opening import open_desk

    environment, settings = prepared.environment, prepared.settings
    answer = await asked_of_holder(environment, settings, kind, target)
    if answer is not None:
        if answer.exit_code:
            raise BY_EXIT_CODE.get(answer.exit_code, Unavailable)(answer.answer or "No answer.")
        return Outcome(kind, target, answer.answer or "", "by the process that trades")
    opened = open_desk(environment, settings, command=kind, trades=True, single_step=False)
    async with opened as desk:
        warn_of_clock(prepared, desk.connection)
        act = desk.cancel_order if kind == "cancel" else desk.close_position
        done = await act(target)
    return Outcome(kind, target, done.outcome, "by this command")
