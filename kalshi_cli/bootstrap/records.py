"""The store alone, for looking things up: no exchange, no forecaster, and few imports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_cli.adapters.halt_file import HaltFile
from kalshi_cli.domain.identity import HALT_FILE, Env, StoreIdentity, short_hash
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings

if TYPE_CHECKING:
    from kalshi_cli.adapters.store.store import SqlStore
    from kalshi_cli.ports.desk import Holder
    from kalshi_cli.steps.status import HaltedByFile


@asynccontextmanager
async def open_records(
    environment: Environment, settings: Settings, *, read_only: bool = True
) -> AsyncIterator["SqlStore"]:
    """The store alone, without an exchange; a missing one is created empty.

    Reading makes no simulated world, and so no store of one: see `as_read`.
    """
    from kalshi_cli.adapters.clock import SystemClock
    from kalshi_cli.adapters.store.store import open_store

    shown = as_read(environment, settings) if read_only else environment
    store = await open_store(
        store_location(shown, settings),
        recorded_identity(shown, makes=not read_only),
        wall_us=SystemClock().wall(),
        read_only=read_only and not shown.in_memory,
    )
    async with store:
        yield store


def as_read(environment: Environment, settings: Settings) -> Environment:
    """Where a command looks that only reads: in memory, at nothing, where no simulated world is.

    A world has a seed and a kind, which whoever looks did not choose; its store belongs to it. A
    store whose world is gone is opened, and says so.
    """
    if environment.env is not Env.SIM or environment.in_memory or settings.database:
        return environment
    from kalshi_cli.adapters.sim.world.files import WorldFiles

    location = store_location(environment, settings)
    if WorldFiles.under(environment.home).world.exists() or Path(location).exists():
        return environment
    return replace(environment, in_memory=True)


def store_location(environment: Environment, settings: Settings) -> str | Path:
    """Where the desk's store is: each environment has its own."""
    if environment.in_memory:
        return ":memory:"
    if settings.database:
        return settings.database
    name = "sim/desk.db" if environment.env is Env.SIM else f"{environment.env}.db"
    return environment.home / name


def lease_name(identity: StoreIdentity) -> str:
    """One lease for each environment and account."""
    return f"{identity.env}/{identity.account}"


async def who_trades(environment: Environment, store: "SqlStore") -> "Holder | None":
    """The process that trades the account now; None where nobody does."""
    from kalshi_cli.adapters.clock import SystemClock
    from kalshi_cli.adapters.store.lease import holder_of

    name = lease_name(recorded_identity(environment, makes=False))
    return await holder_of(store, name, SystemClock().wall())


def recorded_identity(environment: Environment, *, makes: bool = True) -> StoreIdentity:
    """Whose store it must be, told without opening the exchange.

    A simulated world that is not there is made, where the caller `makes` one; else nobody's.
    """
    if environment.env is Env.SIM:
        return StoreIdentity(Env.SIM, "", "", _world_id(environment, makes=makes))
    from kalshi_cli.adapters.kalshi.client import origin_of
    from kalshi_cli.adapters.kalshi.connection import api_url

    origin = origin_of(api_url(environment.base_url))
    return StoreIdentity(environment.env, origin, account_of(environment), "")


def _world_id(environment: Environment, *, makes: bool) -> str:
    """The name of the simulated world; empty where there is none and none is made."""
    if environment.in_memory:
        return ""
    from kalshi_cli.adapters.sim.world.on_disk import recorded_world_id

    recorded = recorded_world_id(environment.home)
    if recorded is not None or not makes:
        return recorded or ""
    from kalshi_cli.adapters.sim.simulation import open_simulation

    simulation = open_simulation(environment.home, seed=environment.seed, world=environment.world)
    simulation.close()
    return simulation.world_id


def account_of(environment: Environment) -> str:
    """The account's name in the store: a hash of the key id; empty where there is none."""
    return "" if environment.credentials is None else short_hash(environment.credentials.key_id)


def halt_file(environment: Environment) -> HaltFile:
    """The file in the home directory that halts whoever trades from there."""
    return HaltFile(environment.home / HALT_FILE)


def halted_by_file(environment: Environment) -> "HaltedByFile | None":
    """Where that file is and what it says; None where there is none."""
    from kalshi_cli.steps.status import HaltedByFile

    file = halt_file(environment)
    said = file()
    return None if said is None else HaltedByFile(str(file.path), said)
