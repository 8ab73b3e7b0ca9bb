"""Opening a desk, in order, and closing it in reverse.

`open_desk` opens the exchange, the store and, where they are needed, the lease and the forecaster.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Literal

from kalshi_cli.bootstrap.desk import Ending, OpenDesk
from kalshi_cli.bootstrap.exchange import check_market_time, connection_to, simulation_of
from kalshi_cli.bootstrap.forecasters import forecaster_of
from kalshi_cli.bootstrap.policies import policies
from kalshi_cli.bootstrap.records import (
    account_of,
    as_read,
    halt_file,
    lease_name,
    store_location,
)
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.instant import MINUTE
from kalshi_cli.domain.money import Contracts
from kalshi_cli.errors import ConfigError, Unavailable, why_ended
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.desk import Run
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.groups import EntryGroups

if TYPE_CHECKING:
    from kalshi_cli.adapters.kalshi.connection import KalshiConnection
    from kalshi_cli.adapters.sim.simulation import Simulation
    from kalshi_cli.adapters.store.store import SqlStore

Checked = Literal["money", "all"]
SINGLE_STEP_US = MINUTE
"""How far a single step moves the simulated world first."""


@asynccontextmanager
async def open_desk(
    environment: Environment,
    settings: Settings,
    *,
    command: str,
    trades: bool,
    forecasts: bool = False,
    single_step: bool = True,
    checks: Checked | None = None,
    continues: Run | None = None,
) -> AsyncIterator[OpenDesk]:
    """Open the desk for one command.

    `trades` takes the lease: `LeaseHeld` where another process has it. `forecasts` opens the
    forecaster: `ConfigError` for one that cannot be had, which therefore stops no other command.
    A `single_step` moves the simulated world by a minute first, unless told not to. What does
    none of this reads, and makes no world. What `checks` names of the store is looked over first:
    `StoreUnusable` where it is damaged. A command that `continues` a run of its own begins none.
    """
    from kalshi_cli.adapters.clock import clock_for
    from kalshi_cli.adapters.store.lease import hold_lease
    from kalshi_cli.adapters.store.soundness import check_sound
    from kalshi_cli.adapters.store.store import open_store

    if not (trades or forecasts or single_step):
        environment = as_read(environment, settings)
    real = clock_for(environment.market_time)
    async with AsyncExitStack() as stack:
        simulation = await simulation_of(stack, environment)
        clock: Clock = real if simulation is None else simulation.clock
        connection = await stack.enter_async_context(connection_to(environment, simulation, clock))
        if connection.trading is None:
            raise ConfigError("Trading needs an API key.", remedy="`kalshi doctor` says more.")
        with suppress(Unavailable):  # what comes next meets the outage, or needs no exchange
            await check_market_time(environment, connection.trading, clock)
        await connection.learn_limits()
        if simulation is not None and single_step and environment.advance:
            await clock.sleep_until(clock.now() + SINGLE_STEP_US)
        identity = _identity(environment, simulation, connection)
        store = await stack.enter_async_context(
            await open_store(store_location(environment, settings), identity, wall_us=real.wall())
        )
        if checks is not None:
            await check_sound(store, whole=checks == "all")
        lease = None
        if trades:
            name = lease_name(identity)
            lease = await stack.enter_async_context(hold_lease(store, name, real.wall))
        ending = Ending()
        recorded = _recorded_run(store, clock, command, ending, continues)
        run = await stack.enter_async_context(recorded)
        forecaster = None
        if forecasts:
            forecaster = await forecaster_of(
                environment, settings, simulation, store, stack=stack, clock=clock, run=run
            )
        yield OpenDesk(
            environment=environment,
            settings=settings,
            clock=clock,
            connection=connection,
            data=connection.market_data,
            trading=connection.trading,
            store=store,
            run=run,
            ending=ending,
            policies=policies(environment.env, settings, forecaster.name if forecaster else None),
            forecaster=forecaster,
            desk=Desk(
                connection.trading,
                store,
                clock,
                lease,
                run,
                halt_file(environment),
                archive=connection.archive,
                treasury=connection.treasury,
                groups=_groups(settings, connection),
            )
            if lease
            else None,
            simulation=simulation,
        )


def _groups(settings: Settings, connection: "KalshiConnection") -> EntryGroups | None:
    limit = settings.risk.max_contracts_per_15s
    return None if limit is None else EntryGroups(connection.groups, Contracts.parse(str(limit)))


@asynccontextmanager
async def _recorded_run(
    store: "SqlStore", clock: Clock, command: str, ending: Ending, run: Run | None
) -> AsyncIterator[Run]:
    """A run on record, with the reason of its end; one without an end was killed."""
    if run is None:
        async with store.unit() as unit:
            run = await unit.desk.start_run(command, clock.now(), clock.wall())
            await unit.commit()
    try:
        yield run
    except BaseException as error:
        ending.reason = why_ended(error)
        raise
    finally:
        async with store.unit() as unit:
            await unit.desk.end_run(run.run_id, clock.now(), clock.wall(), ending.reason)
            await unit.commit()


def _identity(
    environment: Environment, simulation: "Simulation | None", connection: "KalshiConnection"
) -> StoreIdentity:
    if simulation is not None:
        return StoreIdentity(Env.SIM, "", "", simulation.world_id)
    return StoreIdentity(environment.env, connection.origin, account_of(environment), "")
