"""Reading at once, in the caller's own thread: for a row or two just before an order goes.

A trip to the driver's thread and back takes ten times what SQLite needs for them, and several
times as long where the machine is busy. A reader of a write-ahead log waits for nobody. On
PostgreSQL, and in memory, where there is one connection for all, nothing can be read like this.
"""

import sqlite3

from kalshi_cli.adapters.store.connection import Location
from kalshi_cli.adapters.store.prepared import Prepared, Values
from kalshi_cli.adapters.store.transaction import Parameters


class Glance:
    """Opened when it is first asked."""

    def __init__(self, location: Location) -> None:
        self._path = location.path
        self._connection: sqlite3.Connection | None = None
        self._times_opened = 0

    def version(self) -> tuple[int, int] | None:
        """Another one than before, once anybody else has committed; None where none is to be had.

        A number of `PRAGMA data_version` says something on its own connection alone.
        """
        found = self._first("PRAGMA data_version", ())
        return None if found is None else (self._times_opened, found[0])

    def row(self, statement: Prepared, parameters: Parameters) -> Values | None:
        """The first row as it is committed now.

        None where there is none, or none to be had at once: the longer way then tells why.
        """
        found = self._first(statement.sql, statement.values(parameters))
        return None if found is None else statement.converted([found])[0]

    def _first(self, sql: str, values: Values) -> Values | None:
        try:
            connection = self._connection or self._opened()
            if connection is None:
                return None
            cursor = connection.execute(sql, values)
            rows = cursor.fetchmany(1)
            cursor.close()  # with the end of the statement ends its transaction
        except sqlite3.Error:
            self.close()
            return None
        return rows[0] if rows else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection | None:
        if self._path is None:
            return None
        uri = f"{self._path.absolute().as_uri()}?mode=rw"  # makes no file where there is none
        self._times_opened += 1
        self._connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
        self._connection.execute("PRAGMA query_only = 1")
        return self._connection
