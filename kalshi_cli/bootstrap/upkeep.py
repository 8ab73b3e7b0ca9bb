"""Looking after the store: integrity, repair, schema. Apart from trading, which it never does."""

from dataclasses import dataclass
from pathlib import Path

from kalshi_cli.adapters.clock import SystemClock
from kalshi_cli.adapters.store import migrate
from kalshi_cli.adapters.store.lease import hold_lease
from kalshi_cli.adapters.store.migrate import Migrated, SchemaStatus
from kalshi_cli.bootstrap.opening import open_desk
from kalshi_cli.bootstrap.records import (
    lease_name,
    open_records,
    recorded_identity,
    store_location,
)
from kalshi_cli.domain.money import Money
from kalshi_cli.errors import KalshiError, Unavailable
from kalshi_cli.ports.audit import Audit, Repair
from kalshi_cli.settings.describe import without_password
from kalshi_cli.settings.environment import Environment
from kalshi_cli.settings.sections import Settings
from kalshi_cli.steps.reconcile import CASH, Difference, compare_positions

__all__ = ["Migrated", "SchemaStatus", "StoreReport", "inspect_store", "schema_status", "upgrade"]


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What the store says of itself and where the exchange tells otherwise.

    `exchange_cash` is None where the exchange could not be asked: `not_compared` says why.
    """

    location: str
    audit: Audit
    exchange_cash: Money | None
    differences: tuple[Difference, ...]
    not_compared: str
    repaired: Repair | None
    vacuumed: bool


async def inspect_store(
    environment: Environment, settings: Settings, *, repair: bool, vacuum: bool
) -> tuple[StoreReport, KalshiError | None]:
    """Check the store and compare it with the exchange; the error is why it was not compared.

    Reads only, unless asked to `repair` what is derived or to `vacuum`: both take the lease.
    """
    mended = None
    if repair or vacuum:
        mended = await _mended(environment, settings, repair=repair, vacuum=vacuum)
    async with open_records(environment, settings) as store:
        audit = await store.audit.check()
    cash, differences, error = await _compared(environment, settings, audit)
    report = StoreReport(
        location=without_password(str(store_location(environment, settings))),
        audit=audit,
        exchange_cash=cash,
        differences=differences,
        not_compared="" if error is None else str(error),
        repaired=mended,
        vacuumed=vacuum,
    )
    return report, error


async def schema_status(environment: Environment, settings: Settings) -> SchemaStatus:
    """Where the store's schema is; changes nothing."""
    return await migrate.status(store_location(environment, settings))


async def upgrade(environment: Environment, settings: Settings, backup: Path | None) -> Migrated:
    """Bring the store's schema forward, a backup first."""
    return await migrate.upgrade(store_location(environment, settings), backup_to=backup)


async def _mended(
    environment: Environment, settings: Settings, *, repair: bool, vacuum: bool
) -> Repair | None:
    name = lease_name(recorded_identity(environment))
    async with (
        open_records(environment, settings, read_only=False) as store,
        hold_lease(store, name, SystemClock().wall),
    ):
        mended = await store.audit.repair() if repair else None
        if vacuum:
            await store.audit.vacuum()
        return mended


async def _compared(
    environment: Environment, settings: Settings, audit: Audit
) -> tuple[Money | None, tuple[Difference, ...], KalshiError | None]:
    try:
        opened = open_desk(
            environment, settings, command="inspect-db", trades=False, single_step=False
        )
        async with opened as desk:
            cash = (await desk.trading.balance()).cash
            compared = await compare_positions(desk.trading, desk.store)
    except KalshiError as error:
        return None, (), error
    if compared.why:
        return cash, (), Unavailable(f"Positions were read in part: {compared.why}.")
    differences = compared.differences
    if cash != audit.cash:
        differences = (*differences, Difference(CASH, str(audit.cash), str(cash)))
    return cash, differences, None
