"""Looking after the store: integrity, repair, schema. Apart from trading, which it never does."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store import migrate
from kalshi_cli.adapters.store.connection import locate
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.migrate import Migrated, SchemaStatus
from kalshi_cli.adapters.store.vacuuming import check_room
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.bootstrap.records import (
    as_read,
    lease_name,
    open_records,
    recorded_identity,
    store_location,
)
from kalshi_cli.domain.account import CashMovement
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import KalshiError, Refused, Unavailable
from kalshi_cli.ports.audit import Audit, Repair, Space
from kalshi_cli.settings.describe import without_password
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.comparing import compare
from kalshi_cli.steps.discrepancies import Comparison
from kalshi_cli.steps.drifting import drift
from kalshi_cli.steps.positions import Difference
from kalshi_cli.steps.repairing import accept_cash
from kalshi_cli.steps.repairing import repair as mend

__all__ = ["Migrated", "SchemaStatus", "StoreReport", "inspect_store", "schema_status", "upgrade"]


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What the store says of itself and where the exchange tells otherwise.

    `exchange_cash` is None where the exchange could not be asked: `not_compared` says why.
    `compared` holds every fact against the exchange's record, where that was asked for; `done` says
    which repairs were made, `backup` where the store is as it was before.
    """

    location: str
    audit: Audit
    exchange_cash: Money | None
    differences: tuple[Difference, ...]
    not_compared: str
    repaired: Repair | None
    vacuumed: Space | None
    backup: Path | None = None
    compared: Comparison | None = None
    done: tuple[str, ...] = ()
    accepted: CashMovement | None = None


@dataclass(frozen=True, slots=True)
class Accepting:
    """Cash that nothing explains, as a person typed it; `who` accepts it, and `why`."""

    amount: Money
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do beside checking. `reconcile` compares every fact, the others take the lease."""

    reconcile: bool = False
    repair: bool = False
    vacuum: bool = False
    accept: Accepting | None = None


async def inspect_store(
    environment: Environment, settings: Settings, wanted: Wanted
) -> tuple[StoreReport, KalshiError | None]:
    """Check the store and compare it with the exchange; the error is why it was not compared.

    A repair copies the store first. Raises `Refused` for cash that is not as typed, and
    `IntegrityError` where the disk has no room for a vacuum.
    """
    own = _Upkeep(None, None, None)
    if wanted.repair or wanted.vacuum:
        own = await _mended(environment, settings, repair=wanted.repair, vacuum=wanted.vacuum)
    held = _Held((), None, None)
    error: KalshiError | None = None
    if wanted.reconcile or wanted.repair or wanted.accept:
        try:
            held = await _held_against(environment, settings, wanted)
        except Refused:
            raise
        except KalshiError as failure:
            error = failure
    async with open_records(environment, settings) as store:
        audit = await store.audit.check()
    differences: tuple[Difference, ...] = ()
    is_empty = as_read(environment, settings) is not environment
    nothing = "there is no simulated world yet" if is_empty else ""
    if held.comparison is not None:
        cash: Money | None = held.comparison.exchange_cash
    elif error is not None or nothing:
        cash = None
    else:
        cash, differences, error = await _compared(environment, settings)
    report = StoreReport(
        location=without_password(str(store_location(environment, settings))),
        audit=audit,
        exchange_cash=cash,
        differences=differences,
        not_compared=nothing if error is None else str(error),
        repaired=own.repaired,
        vacuumed=own.vacuumed,
        backup=own.backup,
        compared=held.comparison,
        done=held.done,
        accepted=held.accepted,
    )
    return report, error


async def schema_status(environment: Environment, settings: Settings) -> SchemaStatus:
    """Where the store's schema is; changes nothing."""
    return await migrate.status(store_location(environment, settings))


async def upgrade(environment: Environment, settings: Settings, backup: Path | None) -> Migrated:
    """Bring the store's schema forward, a backup first."""
    return await migrate.upgrade(store_location(environment, settings), backup_to=backup)


@dataclass(frozen=True, slots=True)
class _Upkeep:
    """What was done to the store alone."""

    repaired: Repair | None
    vacuumed: Space | None
    backup: Path | None


async def _mended(
    environment: Environment, settings: Settings, *, repair: bool, vacuum: bool
) -> _Upkeep:
    """Under the lease, before which not even a copy is made."""
    name, location = (
        lease_name(recorded_identity(environment)),
        store_location(environment, settings),
    )
    async with (
        open_records(environment, settings, read_only=False) as store,
        hold_lease(store, name, SystemClock().wall),
    ):
        if vacuum:
            check_room(locate(location), copied=repair)
        backup = await migrate.back_up(location) if repair else None
        mended = await store.audit.repair() if repair else None
        return _Upkeep(mended, await store.audit.vacuum() if vacuum else None, backup)


@dataclass(frozen=True, slots=True)
class _Held:
    done: tuple[str, ...]
    comparison: Comparison | None
    accepted: CashMovement | None


async def _held_against(environment: Environment, settings: Settings, wanted: Wanted) -> _Held:
    """Every fact against the exchange's record, once what was asked for is done."""
    opened = open_desk(
        environment,
        settings,
        command="inspect-db",
        trades=wanted.repair or wanted.accept is not None,
        single_step=False,
    )
    async with opened as desk:
        connection = desk.connection
        read = partial(
            compare,
            desk.trading,
            desk.store,
            desk.clock,
            archive=connection.archive,
            treasury=connection.treasury,
        )
        done: tuple[str, ...] = ()
        if wanted.repair:
            done = await mend(
                desk.data,
                desk.trading,
                desk.store,
                desk.clock,
                archive=connection.archive,
                treasury=connection.treasury,
            )
        comparison, _, _ = await read()
        if wanted.accept is None:
            return _Held(done, comparison, None)
        accepted = await accept_cash(
            desk.store,
            desk.clock,
            comparison,
            wanted.accept.amount,
            who=wanted.accept.who,
            why=wanted.accept.why,
        )
        comparison, _, _ = await read()
        return _Held(done, comparison, accepted)


async def _compared(
    environment: Environment, settings: Settings
) -> tuple[Money | None, tuple[Difference, ...], KalshiError | None]:
    try:
        opened = open_desk(
            environment, settings, command="inspect-db", trades=False, single_step=False
        )
        async with opened as desk:
            found = await drift(desk.trading, desk.store)
    except KalshiError as error:
        return None, (), error
    told = f"{found.why[:1].upper()}{found.why[1:]}."
    return found.theirs, found.differences, Unavailable(told) if found.why else None
