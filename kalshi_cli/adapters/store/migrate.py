"""Bringing an older store forward: a backup first, then every step in one transaction."""

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from kalshi_cli.adapters.store.connection import READS, Location, locate, make_engine, probe
from kalshi_cli.adapters.store.ownership import schema_version
from kalshi_cli.adapters.store.schema import pending, upgrade_schema
from kalshi_cli.adapters.store.transaction import Transaction, begun
from kalshi_cli.adapters.store.version import HEAD, check_not_newer
from kalshi_cli.errors import IntegrityError, NotFound, StoreUnusable


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """`current` is None where there is no store yet; `pending` names the steps ahead."""

    current: str | None
    head: str
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did. `backup` is None when nothing had to be done, or on PostgreSQL."""

    before: str
    after: str
    steps: tuple[str, ...]
    backup: Path | None


async def status(url_or_path: str | Path) -> SchemaStatus:
    """Where a store's schema is; changes nothing. `StoreVersion` when it is newer than we are."""
    location = locate(url_or_path)
    current = None if location.is_missing else await _current(location)
    if current is not None:
        check_not_newer(current, str(location))
    return SchemaStatus(current, HEAD, pending(current))


async def upgrade(url_or_path: str | Path, *, backup_to: Path | None = None) -> Migrated:
    """Bring a store to `HEAD`. A second time does nothing.

    SQLite is first copied to `backup_to`, or beside the store; PostgreSQL is not: its own tools do
    that. Raises `NotFound` where there is no store.
    """
    location = locate(url_or_path)
    before = await status(url_or_path)
    if before.current is None:
        raise NotFound(f"{location} does not exist.", remedy="Any other command makes it.")
    if not before.pending:
        return Migrated(before.current, before.current, (), None)
    backup = None
    if location.path is not None:
        backup = backup_to or _beside(location.path, before.current)
        await asyncio.to_thread(_back_up, location.path, backup)
    await _migrate(location)
    return Migrated(before.current, HEAD, before.pending, backup)


async def back_up(url_or_path: str | Path) -> Path | None:
    """Copy a store beside itself; None for what is in memory or on PostgreSQL."""
    location = locate(url_or_path)
    if location.path is None or location.is_missing:
        return None
    copy = _beside(location.path, HEAD)
    await asyncio.to_thread(_back_up, location.path, copy)
    return copy


async def _current(location: Location) -> str | None:
    probe(location, read_only=True)
    engine = make_engine(location, read_only=True)
    try:
        async with begun(engine.execution_options(**READS), str(location)) as transaction:
            return await schema_version(transaction, str(location))
    finally:
        await engine.dispose()


async def _migrate(location: Location) -> None:
    # Foreign keys are checked at the end: SQLite alters a table by copying and dropping it.
    engine = make_engine(location, foreign_keys=False)
    try:
        async with begun(engine, str(location)) as transaction:
            await transaction.run(upgrade_schema)
            if not location.is_postgres:
                await _check_foreign_keys(transaction)
            await transaction.commit()
    finally:
        await engine.dispose()


async def _check_foreign_keys(transaction: Transaction) -> None:
    broken = await transaction.rows(text("PRAGMA foreign_key_check"))
    if broken:
        raise IntegrityError(
            f"{len(broken)} rows would refer to nothing; the store was left as it was.",
            remedy="Run `kalshi inspect-db`.",
        )


def _beside(path: Path, version: str) -> Path:
    """A name that is free: `store.db.0001.backup`, then `.backup.2`, and so on."""
    first = path.with_name(f"{path.name}.{version}.backup")
    free, number = first, 1
    while free.exists():
        number += 1
        free = first.with_name(f"{first.name}.{number}")
    return free


def _back_up(path: Path, backup: Path) -> None:
    try:
        os.close(os.open(backup, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnusable(
            f"The backup {backup} could not be written: {error}.",
            remedy="Nothing was changed. `migrate` takes another place by --backup.",
        ) from error
