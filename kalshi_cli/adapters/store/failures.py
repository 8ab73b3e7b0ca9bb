"""Errors of databases and drivers, turned into ours at the boundary."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from kalshi_cli.errors import IntegrityError, StoreBusy, StoreUnusable

_BUSY = ("is locked", "lock timeout")
"""In what SQLite and PostgreSQL say where another writer took too long."""
_REMEDIES = (
    ("not a database", "Move the file away, or restore a backup."),
    ("malformed", "Restore a backup, or move the file away."),
    ("full", "Free some space; nothing was half-written."),
    ("disk i/o", "Check the disk and its free space; nothing was half-written."),
    ("readonly", "Make the file and its directory writable."),
    ("read-only", "Make the file and its directory writable."),
    ("unable to open", "Check that its directory exists and that you may write there."),
)
_FALLBACK = "Run `kalshi inspect-db`; restore a backup if it stays."


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Let no exception of a database library cross the port."""
    try:
        yield
    except (exc.IntegrityError, sqlite3.IntegrityError) as error:  # with a commit it comes bare
        raise IntegrityError(
            f"{where} refused a row: {_first_line(error)}.",
            remedy="This is a defect; nothing was written.",
        ) from error
    except _failures() as error:
        line = _first_line(error)
        if any(words in line.lower() for words in _BUSY):
            raise StoreBusy(
                f"{where} is busy: {line}.", remedy="Another process is writing to it: try again."
            ) from error
        remedy = next((hint for word, hint in _REMEDIES if word in line.lower()), _FALLBACK)
        raise StoreUnusable(f"{where} cannot be used: {line}.", remedy=remedy) from error


def _failures() -> tuple[type[Exception], ...]:
    known: tuple[type[Exception], ...] = (exc.SQLAlchemyError, sqlite3.Error, OSError)
    # asyncpg lets its own errors out of `connect`; it is there only where it is used.
    asyncpg = sys.modules.get("asyncpg")
    return known if asyncpg is None else (*known, asyncpg.PostgresError)


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig else error
    return (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
