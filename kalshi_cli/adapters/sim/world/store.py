"""The world's file: what it was made from, the log of commands, and snapshots to start from.

The log is append-only and a command commits, synced to the disk, before anybody hears its answer.
Snapshots only save time: state is a function of the origin and the log.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import msgspec

from kalshi_cli.adapters.sim.world.files import RESET
from kalshi_cli.adapters.sim.world.origin import Origin
from kalshi_cli.engine.commands import Command
from kalshi_cli.errors import StoreUnusable, StoreVersion

RULES = "4"
"""Raised whenever the same commands would no longer give the same state."""

_APPLICATION_ID = 0x4B53494D
_SNAPSHOTS_KEPT = 2
_KINDS: dict[str, type[Command]] = {kind.__name__.lower(): kind for kind in get_args(Command)}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_SCHEMA = f"""
    CREATE TABLE origin (rules TEXT NOT NULL, world_id TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE commands (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, exchange BLOB NOT NULL, world BLOB NOT NULL);
    PRAGMA application_id = {_APPLICATION_ID};
"""


class WorldStore:
    """An open world file; `path` None keeps the world in memory.

    Raises `StoreUnusable` when the file cannot be read or written, and `StoreVersion` when other
    rules made it.
    """

    def __init__(self, path: Path | None) -> None:
        self._name = "The simulated world" if path is None else str(path)
        with self._trouble():
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(path)
            except BaseException:
                self._db.close()
                raise

    def _prepare(self, path: Path | None) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if path is not None:
            path.chmod(0o600)
        (found,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and found != _APPLICATION_ID:
            raise StoreUnusable(f"{self._name} is not a simulated world.", remedy=RESET)

    def origin(self) -> Origin | None:
        """What the world was made from; None in a new file."""
        with self._trouble():
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not tables:
                return None
            rules, body = self._db.execute("SELECT rules, body FROM origin").fetchone()
        if rules != RULES:
            raise StoreVersion(
                f"{self._name} was made by rules {rules}; this program has rules {RULES}.",
                remedy=RESET,
            )
        with self._trouble():
            return msgspec.json.decode(body, type=Origin)

    def create(self, origin: Origin, world_id: str) -> None:
        """Write a new world's origin and name."""
        body = msgspec.json.encode(origin)
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO origin VALUES (?, ?, ?)", (RULES, world_id, body))

    def append(self, seq: int, commands: Sequence[Command]) -> None:
        """Log commands, numbered from `seq`; all are on the disk when this returns, or none."""
        rows = [
            (number, _NAMES[type(command)], msgspec.json.encode(command))
            for number, command in enumerate(commands, seq)
        ]
        with self._transaction():
            self._db.executemany("INSERT INTO commands VALUES (?, ?, ?)", rows)

    def save_snapshot(self, seq: int, exchange: bytes, world: bytes) -> None:
        """Keep the state after command `seq`, and drop all but the newest two."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", (seq, exchange, world)
            )
            self._db.execute(
                "DELETE FROM snapshots WHERE seq NOT IN"
                " (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
                (_SNAPSHOTS_KEPT,),
            )

    def newest_snapshot(self) -> tuple[int, bytes, bytes] | None:
        """(seq, exchange, world) of the newest snapshot."""
        with self._trouble():
            row: tuple[int, bytes, bytes] | None = self._db.execute(
                "SELECT seq, exchange, world FROM snapshots ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return row

    def commands_after(self, seq: int) -> Iterator[tuple[int, Command]]:
        """The log from there on. Raises `StoreUnusable` for a gap in it."""
        with self._trouble():
            rows = self._db.execute(
                "SELECT seq, kind, body FROM commands WHERE seq > ? ORDER BY seq", (seq,)
            ).fetchall()
        for expected, (number, kind, body) in enumerate(rows, seq + 1):
            if number != expected or kind not in _KINDS:
                raise StoreUnusable(f"{self._name}: command {expected} is lost.", remedy=RESET)
            with self._trouble():
                yield number, msgspec.json.decode(body, type=_KINDS[kind])

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._trouble():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, TypeError, msgspec.MsgspecError) as error:
            raise StoreUnusable(
                f"{self._name} cannot be used: {error}.",
                remedy=f"Check the disk's space and permissions. {RESET}",
            ) from error
