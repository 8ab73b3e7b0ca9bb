"""Whoever trades keeps changes of the limits on record, with the person and the reason."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.confirm import confirm_live, facts_of
from kalshi_cli.cli.person import person
from kalshi_cli.cli.runtime import one_line
from kalshi_cli.cli.start import Prepared

if TYPE_CHECKING:
    from kalshi_cli.bootstrap.desk import OpenDesk
    from kalshi_cli.domain.shares import Rebalanced, Shares

LONGEST_REASON = 500
"""Signs kept of a reason."""


async def confirm_trading(prepared: Prepared, desk: "OpenDesk", wanted: Sequence[str] = ()) -> None:
    """What stands before every command that trades: limits accounted for, real money confirmed.

    `wanted` are told among what is at stake. Shares that a rebalance put over the configured ones
    are dropped, with a warning, where those were changed since. Raises `ConfigError` for a limit of
    real money that changed without a reason, and `LiveNotConfirmed`.
    """
    from kalshi_cli.settings.describe import limits_in_force
    from kalshi_cli.steps.limiting import changed_limits, record_limits
    from kalshi_cli.steps.rebalancing import shares_kept

    why = one_line(prepared.invocation.options.limits_reason or "", LONGEST_REASON)
    kept, settings = await shares_kept(desk.store), prepared.settings
    changes = await changed_limits(
        desk.store, limits_in_force(settings.under(kept)), env=desk.environment.env, why=why
    )
    confirm_live(prepared, (*await facts_of(prepared, desk), *wanted))
    is_void = kept is not None and kept.configured != settings.running_shares
    if kept is not None and is_void:
        prepared.invocation.warn(
            "the shares that a rebalance put in force are dropped for good: "
            f"{_why_dropped(settings.running_shares, kept)}"
        )
    if changes or is_void:
        await record_limits(
            desk.store,
            desk.clock,
            changes,
            run=desk.run,
            who=person(),
            why=why,
            void=desk.sender.lease if is_void else None,
        )


def _why_dropped(said: "Shares", kept: "Rebalanced") -> str:
    if not kept.shares:
        return "those on record are such as nobody can have, and the settings' hold"
    other = _other(said, kept)
    return f"the settings now say other shares than those it began from ({other})"


def _other(said: "Shares", kept: "Rebalanced") -> str:
    """The shares that are said differently now; `none` stands for a strategy that does not run."""
    before = kept.configured
    names = sorted(n for n in {*said, *before} if said.get(n) != before.get(n))
    return ", ".join(f"{n} {said.get(n, 'none')}, not {before.get(n, 'none')}" for n in names)
