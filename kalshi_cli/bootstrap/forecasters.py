"""Who forecasts, and what each forecaster is made of."""

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Literal, assert_never

from kalshi_cli.bootstrap.policies import asking, deliberation, weight_policy
from kalshi_cli.domain.identity import Env
from kalshi_cli.errors import ConfigError
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run
from kalshi_cli.ports.forecaster import Forecaster
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from kalshi_cli.adapters.sim.simulation import Simulation
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.forecasting.weights import Say

Name = Literal["grok", "baseline", "oracle"]


def who_forecasts(environment: Environment, settings: Settings) -> Name | None:
    """The name of who forecasts; None where nobody does.

    Unless chosen: the baseline in sim, so that fiction never costs money, elsewhere Grok where
    there is a key. Raises `ConfigError` for a choice that this environment does not take.
    """
    chosen, ai = settings.trading.forecaster, environment.ai
    match chosen:
        case None | "grok" if environment.env is Env.PROD and ai is not None and ai.is_local:
            raise ConfigError(
                f"Real money does not trade on what answers at {ai.host}, on this machine.",
                remedy="Unset XAI_API_HOST.",
            )
        case None if environment.env is Env.SIM:
            return "baseline"
        case None:
            return "grok" if ai is not None else None
        case "grok" if ai is None:
            raise ConfigError(
                "Grok forecasts only with a key.",
                remedy="Set XAI_API_KEY, or `kalshi sim serve --ai` and XAI_API_HOST.",
            )
        case "baseline" if environment.env is Env.PROD:
            raise ConfigError(
                "Real money does not trade on the baseline.", remedy="Leave out --forecaster."
            )
        case "oracle" if environment.env is not Env.SIM:
            raise ConfigError("The oracle knows the simulated world only.", remedy="Add --sim.")
        case _:
            return chosen


async def forecaster_of(
    environment: Environment,
    settings: Settings,
    simulation: "Simulation | None",
    store: "SqlStore",
    *,
    stack: AsyncExitStack,
    clock: Clock,
    run: Run,
) -> Forecaster | None:
    """Make whoever forecasts; `stack` closes what that takes. Raises as `who_forecasts` does."""
    name = who_forecasts(environment, settings)
    match name:
        case None:
            return None
        case "oracle":
            return _oracle(settings, simulation)
        case "grok":
            is_fiction = simulation is not None and simulation.knows_truth
            fit = partial(_fits, settings, store, is_fiction=is_fiction)
            return await _grok(environment, settings, store, stack, clock, run, fit)
        case "baseline":
            return await _baseline(simulation, store)
        case _:
            assert_never(name)


async def _grok(
    environment: Environment,
    settings: Settings,
    store: "SqlStore",
    stack: AsyncExitStack,
    clock: Clock,
    run: Run,
    fit: "Callable[[], Awaitable[Mapping[tuple[str, str], Say]]]",
) -> Forecaster:
    from kalshi_cli.adapters.grok.client import Grok
    from kalshi_cli.adapters.repair import repaired
    from kalshi_cli.steps.asking import Asker
    from kalshi_cli.steps.deliberate import GrokForecaster

    if environment.ai is None:
        raise ConfigError("Grok forecasts only with a key.", remedy="Set XAI_API_KEY.")
    ai = environment.ai
    model = await stack.enter_async_context(Grok(ai.key, ai.host, ai.provider))
    asker = Asker(model, store, clock, asking(settings), run.run_id, repaired)
    elsewhere = not environment.ai.is_xai
    label = f"grok: what answers is {environment.ai.host}, not xAI" if elsewhere else ""
    return GrokForecaster(asker, deliberation(settings), label, fit)


async def _fits(
    settings: Settings, store: "SqlStore", *, is_fiction: bool
) -> "Mapping[tuple[str, str], Say]":
    """What the record of the language models proves of their say."""
    from kalshi_cli.forecasting.weights import by_category
    from kalshi_cli.steps.record import fitted_weights

    scored = await store.reports.scored()
    policy = weight_policy(settings)
    return by_category(
        await fitted_weights(store, store.reports, policy, scored, is_fiction=is_fiction)
    )


def _oracle(settings: Settings, simulation: "Simulation | None") -> Forecaster:
    from kalshi_cli.adapters.sim.oracle import OracleForecaster

    if simulation is None:
        raise ConfigError("The oracle knows the simulated world only.", remedy="Add --sim.")
    return OracleForecaster(simulation, settings.trading.oracle_error, simulation.seed)


async def _baseline(simulation: "Simulation | None", store: "SqlStore") -> Forecaster:
    """A generated world documents its bias; elsewhere a bias must be fitted and proved."""
    from kalshi_cli.adapters.baseline import BaselineForecaster
    from kalshi_cli.forecasting.baseline import Baseline
    from kalshi_cli.forecasting.corrections import Settled, excess_of, fit_corrections

    if simulation is not None and simulation.knows_truth:
        from kalshi_cli.engine.series_plan import documented_bias

        climates = simulation.climates
        errors = {category: climate.logit_error for category, climate in climates.items()}
        bias = partial(documented_bias, climates=climates)
        label = "baseline: the market's number less the simulated world's documented bias"
        return BaselineForecaster(Baseline(bias, errors), label)
    rows = await store.reports.scored()
    fitted = fit_corrections(
        [
            Settled(
                category=row.category,
                event_ticker=row.event_ticker,
                market=row.market,
                payout=float(row.payout),
                at_us=row.made_us,
                settled_us=row.close_us,
            )
            for row in rows
            if row.market is not None and row.is_first
        ]
    )
    label = f"baseline: the market's number, {len(fitted)} categories corrected by fits"
    return BaselineForecaster(Baseline(excess_of(fitted), {}), label)
