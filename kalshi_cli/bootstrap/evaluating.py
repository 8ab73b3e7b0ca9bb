"""Evaluating, for whoever has the store open: with the exchange beside it or without."""

from dataclasses import replace

from kalshi_cli.adapters.store.store import SqlStore
from kalshi_cli.bootstrap.policies import Policies, weight_policy
from kalshi_cli.domain.identity import Env
from kalshi_cli.evaluation.scores import By
from kalshi_cli.ports.clock import Clock
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.evaluate import EvaluateResult, evaluate
from kalshi_cli.steps.rebalancing import propose_shares, shares_kept


def knows_truth(environment: Environment) -> bool:
    """Whether what is on record happened in a world that was made up, told without opening it."""
    if environment.env is not Env.SIM or environment.in_memory:
        return False
    from kalshi_cli.adapters.sim.world.on_disk import recorded_kind
    from kalshi_cli.adapters.sim.world.origin import GENERATED

    return recorded_kind(environment.home) == GENERATED


async def evaluated(
    settings: Settings,
    policies: Policies,
    store: SqlStore,
    clock: Clock,
    *,
    by: By,
    rebalances: bool,
    is_fiction: bool,
) -> EvaluateResult:
    """What was earned; and where it `rebalances`, which shares that speaks for."""
    trading = policies.trading
    result = await evaluate(
        store,
        store.reports,
        clock,
        ai_charged_to=trading.ai_charged_to,
        weights=weight_policy(settings),
        by=by,
        is_fiction=is_fiction,
    )
    if not rebalances:
        return result
    shares = await propose_shares(
        store,
        store.reports,
        shares=trading.under(await shares_kept(store)).shares,
        others=settings.allocation.others,
        ai_charged_to=trading.ai_charged_to,
    )
    return replace(result, shares=shares)
