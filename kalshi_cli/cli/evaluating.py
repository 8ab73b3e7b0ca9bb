"""What `evaluate` does: it reads, or has the shares in force that the record speaks for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from kalshi_cli.cli.limiting import confirm_trading
from kalshi_cli.cli.person import person
from kalshi_cli.cli.start import Prepared
from kalshi_cli.domain.limits import limit_changes
from kalshi_cli.errors import LeaseHeld, WorldHeld
from kalshi_cli.evaluation.scores import By
from kalshi_cli.steps.evaluate import EvaluateResult
from kalshi_cli.steps.rebalancing import (
    ShareChange,
    as_proposed,
    put_in_force,
    share_changes,
    shares_kept,
)

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.bootstrap.desk import OpenDesk


async def evaluate_records(
    prepared: Prepared, store: "SqlStore", by: By, *, rebalances: bool
) -> EvaluateResult:
    """By the store alone, so that it works beside whoever trades."""
    from kalshi_cli.bootstrap.by_hand import market_clock
    from kalshi_cli.bootstrap.evaluating import evaluated, knows_truth
    from kalshi_cli.bootstrap.policies import policies

    environment, settings = prepared.environment, prepared.settings
    return await evaluated(
        settings,
        policies(environment.env, settings, None),
        store,
        await market_clock(environment, store),
        by=by,
        rebalances=rebalances,
        is_fiction=knows_truth(environment),
    )


@contextmanager
def beside_nobody() -> Iterator[None]:
    """Where another process trades: what to do to rebalance all the same."""
    try:
        yield
    except (LeaseHeld, WorldHeld) as error:
        remedy = "Stop it, run this again, then start it anew."
        raise type(error)(str(error), remedy=remedy) from error


async def rebalance(
    prepared: Prepared, desk: "OpenDesk", by: By, *, undoes: bool
) -> EvaluateResult:
    """Put in force what the record speaks for, or the config file's shares where it `undoes` that.

    Raises `ConfigError` for another limit of real money that changed without a reason, and
    `LiveNotConfirmed`.
    """
    from kalshi_cli.settings.describe import limits_in_force

    kept, settings = await shares_kept(desk.store), prepared.settings
    result = await desk.evaluate(by, rebalances=not undoes)
    shares = result.shares or ()
    new = None if undoes else as_proposed(settings.running_shares, shares)
    before, after = (limits_in_force(settings.under(each)) for each in (kept, new))
    changes = share_changes(limit_changes(before, after), shares)
    if changes or (undoes and kept is not None):
        await confirm_trading(prepared, desk, _told(changes))
        await put_in_force(desk.sender, new, changes, who=person())
    return replace(result, changes=changes)


def _told(changes: Sequence[ShareChange]) -> Sequence[str]:
    return [
        f"To change: {each.change.name} {each.change.old} to {each.change.new} ({each.why})"
        for each in changes
    ]
