"""Whoever trades keeps changes of the limits on record, with the person and the reason."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.confirm import confirm_live, facts_of
from kalshi_cli.cli.person import person
from kalshi_cli.cli.runtime import one_line
from kalshi_cli.cli.start import Prepared

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.desk import OpenDesk

LONGEST_REASON = 500
"""Signs kept of a reason."""


async def confirm_trading(prepared: Prepared, desk: "OpenDesk") -> None:
    """What stands before every command that trades: limits accounted for, real money confirmed.

    Raises `ConfigError` for a limit of real money that changed without a reason, and
    `LiveNotConfirmed`.
    """
    from kalshi_cli.settings.describe import limits_in_force
    from kalshi_cli.steps.limiting import changed_limits, record_limits

    why = one_line(prepared.invocation.options.limits_reason or "", LONGEST_REASON)
    changes = await changed_limits(
        desk.store, limits_in_force(prepared.settings), env=desk.environment.env, why=why
    )
    confirm_live(prepared, await facts_of(prepared, desk))
    if changes:
        await record_limits(desk.store, desk.clock, changes, run=desk.run, who=person(), why=why)
