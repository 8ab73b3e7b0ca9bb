"""Giving unused space back to the disk."""

import os
import shutil
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kalshi_cli.adapters.store.connection import BARE, Location, make_engine
from kalshi_cli.adapters.store.failures import translated
from kalshi_cli.errors import IntegrityError
from kalshi_cli.ports.audit import Space

PATIENCE_MS = 500
"""How long to wait for another process to end its transaction."""
_PG_SIZE = text("SELECT pg_database_size(current_database())")
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - SQLite's list, not a file of ours


def check_room(location: Location, *, copied: bool) -> None:
    """Raises `IntegrityError` where a disk has no room for a vacuum; nothing was written then.

    SQLite writes all that stays to a file in its own directory, and from there to the log beside
    the store (https://sqlite.org/lang_vacuum.html); the store may be `copied` before.
    """
    if location.path is None or location.is_missing:
        return
    size, beside = _size(location.path), location.path.parent
    places = [beside, temporary_directory(), *([beside] if copied else [])]
    disks = [_disk(place) for place in places]
    for disk, place in zip(disks, places, strict=True):
        needed, free = disks.count(disk) * size, shutil.disk_usage(place).free
        if free < needed:
            raise IntegrityError(
                f"{_said(free)} are free in {place}, and this may take {_said(needed)} there.",
                remedy="Free some space; nothing was changed.",
            )


def temporary_directory() -> Path:
    """Where SQLite keeps files that nobody sees (https://sqlite.org/tempfiles.html, chapter 5)."""
    told = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    usable = (
        Path(name)
        for name in told
        if name is not None and Path(name).is_dir() and os.access(name, os.W_OK | os.X_OK)
    )
    return next(usable, Path())


async def vacuum(location: Location) -> Space:
    """Bytes before and after. Raises `StoreBusy` where somebody else writes for half a second."""
    engine = make_engine(location)
    is_read = False
    try:
        with translated(str(location)):
            async with engine.connect() as connection:
                await connection.execution_options(**BARE)
                before = await _taken(location, connection)
                if not location.is_postgres:
                    await connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE_MS}")
                await connection.exec_driver_sql("VACUUM")
                if location.path is not None:
                    is_read = not await _is_carried_over(connection)
                return Space(before, await _taken(location, connection), is_read)
    finally:
        await engine.dispose()


async def _is_carried_over(connection: AsyncConnection) -> bool:
    """Whether all that the write-ahead log holds is in the file, which is not smaller before."""
    result = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return not int(result.one()[0])  # 1 where somebody was in the way


async def _taken(location: Location, connection: AsyncConnection) -> int:
    if location.path is not None:
        return _size(location.path)
    return int(await connection.scalar(_PG_SIZE)) if location.is_postgres else 0


def _size(path: Path) -> int:
    """Of a store and its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _disk(place: Path) -> int:
    return place.stat().st_dev


def _said(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
