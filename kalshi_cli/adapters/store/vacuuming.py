"""Giving unused space back to the disk."""

import shutil
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kalshi_cli.adapters.store.connection import BARE, Location, make_engine
from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.errors import IntegrityError
from kalshi_cli.ports.audit import Space

COPIES = 3
"""How many times its size a store may take meanwhile: a backup, and twice beside the store itself
(https://sqlite.org/lang_vacuum.html)."""
_PG_SIZE = text("SELECT pg_database_size(current_database())")


def check_room(location: Location) -> None:
    """Raises `IntegrityError` where the disk has no room for it; nothing was written then."""
    if location.path is None or location.is_missing:
        return
    needed, free = COPIES * _size(location.path), shutil.disk_usage(location.path.parent).free
    if free < needed:
        raise IntegrityError(
            f"{_said(free)} are free beside {location.path}, and this may take {_said(needed)}.",
            remedy="Free some space; nothing was changed.",
        )


async def vacuum(location: Location) -> Space:
    """Bytes before and after. Waits for nobody: raises `StoreBusy` where somebody else writes."""
    engine = make_engine(location)
    try:
        with translated(str(location)):
            async with engine.connect() as connection:
                await connection.execution_options(**BARE)
                before = await _taken(location, connection)
                await connection.exec_driver_sql("VACUUM")
                if location.path is not None:
                    # What the write-ahead log holds makes the file smaller only once it is in it.
                    await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                return Space(before, await _taken(location, connection))
    finally:
        await engine.dispose()


async def _taken(location: Location, connection: AsyncConnection) -> int:
    if location.path is not None:
        return _size(location.path)
    return int(await connection.scalar(_PG_SIZE)) if location.is_postgres else 0


def _size(path: Path) -> int:
    """Of a store and its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _said(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
