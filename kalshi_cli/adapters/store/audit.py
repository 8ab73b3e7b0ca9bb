"""Integrity: what the database says of itself, what no row may say, and whether the books add up.

Comparing with the exchange is a step's work: it takes `Audit.cash` and the ledger's positions.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import Table, delete, func, select, text

from kalshi_cli.adapters.store import ledger_mapping as mapping
from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.connection import Location
from kalshi_cli.adapters.store.derived import (
    Derived,
    derive,
    differences,
    settled_otherwise,
    wrong_positions,
    wrong_trips,
)
from kalshi_cli.adapters.store.impossible import RULES
from kalshi_cli.adapters.store.ledger import SqlLedger
from kalshi_cli.adapters.store.soundness import all_damage, restoring
from kalshi_cli.adapters.store.transaction import Transaction
from kalshi_cli.adapters.store.vacuuming import vacuum
from kalshi_cli.errors import StoreBusy, StoreUnusable
from kalshi_cli.ports.audit import Audit, Finding, Repair, Space, Wrong

_COUNTED = (
    t.MARKETS,
    t.QUOTES,
    t.FORECASTS,
    t.ORDERS,
    t.FILLS,
    t.POSITIONS,
    t.SETTLEMENTS,
    t.CASH_MOVEMENTS,
    t.ROUND_TRIPS,
)


class Opener(Protocol):
    """`SqlStore.transaction`."""

    def __call__(self, *, reads: bool = False) -> AbstractAsyncContextManager[Transaction]: ...


class SqlAuditor:
    """Implements `ports.audit.Auditor`."""

    def __init__(self, location: Location, opened: Opener) -> None:
        self._location = location
        self._opened = opened

    async def check(self) -> Audit:
        """Raises `StoreUnusable` with all that is damaged where the rows cannot be read for it."""
        async with self._opened(reads=True) as transaction:
            broken = await _damaged(transaction)
            try:
                return await self._checked(transaction, broken)
            except StoreBusy:
                raise
            except StoreUnusable as error:
                if not broken:
                    raise
                lines = "; ".join(each.detail for each in broken)
                raise StoreUnusable(
                    f"{self._location} is damaged: {lines}.", remedy=restoring(self._location)
                ) from error

    async def _checked(self, transaction: Transaction, broken: list[Finding]) -> Audit:
        findings = broken + await _orphaned(transaction)
        for rule in RULES:
            rows = await transaction.rows(rule.query)
            findings += [Finding(rule.code, str(row[0]), rule.code.means) for row in rows]
        ledger = SqlLedger(transaction)
        history = await ledger.history()
        findings += settled_otherwise(history)
        findings += differences(await _stored(transaction), derive(history))
        checked = [(table.name, await _count(transaction, table)) for table in _COUNTED]
        return Audit(tuple(checked), tuple(findings), await ledger.cash())

    async def repair(self) -> Repair:
        async with self._opened() as transaction:
            history = await SqlLedger(transaction).history()
            wanted = derive(history, await _reasons(transaction))
            stored = await _stored(transaction)
            positions, trips = wrong_positions(stored, wanted), wrong_trips(stored, wanted)
            await _replace_positions(transaction, wanted, positions)
            await _replace_trips(transaction, wanted, trips)
            await transaction.commit()
        return Repair(positions=len(positions), round_trips=len(trips))

    async def vacuum(self) -> Space:
        return await vacuum(self._location)


async def _damaged(transaction: Transaction) -> list[Finding]:
    if transaction.is_postgres:
        return []  # PostgreSQL keeps its own pages and foreign keys whole
    return [Finding(Wrong.FILE_DAMAGED, "the file", line) for line in await all_damage(transaction)]


async def _orphaned(transaction: Transaction) -> list[Finding]:
    if transaction.is_postgres:
        return []
    rows = await transaction.rows(text("PRAGMA foreign_key_check"))
    return [
        Finding(Wrong.ROW_ORPHANED, f"{row[0]} row {row[1]}", f"refers to nothing in {row[2]}")
        for row in rows
    ]


async def _count(transaction: Transaction, table: Table) -> int:
    return await transaction.number(select(func.count()).select_from(table)) or 0


async def _stored(transaction: Transaction) -> Derived:
    positions = await SqlLedger(transaction).positions(open_only=False)
    rows = await transaction.rows(select(*t.ROUND_TRIPS.c))
    trips = map(mapping.trip_from, rows)
    return Derived(
        {(position.ticker, position.owner): position for position in positions},
        {trip.round_trip_id: trip for trip in trips},
    )


async def _replace_positions(
    transaction: Transaction, wanted: Derived, keys: list[tuple[str, str]]
) -> None:
    for ticker, owner in keys:
        mine = (t.POSITIONS.c.ticker == ticker) & (t.POSITIONS.c.owner == owner)
        await transaction.write(delete(t.POSITIONS).where(mine))
    rows = [mapping.position_row(wanted.positions[key]) for key in keys if key in wanted.positions]
    await transaction.append(t.POSITIONS, rows)


async def _replace_trips(transaction: Transaction, wanted: Derived, ids: list[str]) -> None:
    for trip_id in ids:
        mine = t.ROUND_TRIPS.c.round_trip_id == trip_id
        await transaction.write(delete(t.ROUND_TRIPS).where(mine))
    rows = [mapping.trip_row(wanted.trips[trip_id]) for trip_id in ids if trip_id in wanted.trips]
    await transaction.append(t.ROUND_TRIPS, rows)


async def _reasons(transaction: Transaction) -> dict[str, str]:
    """Why each order was sent, by the exchange's id."""
    orders = t.ORDERS.c
    known = select(orders.order_id, orders.reason).where(orders.order_id.is_not(None))
    return {row[0]: row[1] for row in await transaction.rows(known)}
