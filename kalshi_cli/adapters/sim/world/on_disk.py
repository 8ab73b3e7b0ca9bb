"""Which world is on disk, told without opening it or importing the exchange."""

import sqlite3
from contextlib import closing
from pathlib import Path

from kalshi_cli.adapters.sim.world.files import RESET, WorldFiles
from kalshi_cli.errors import StoreUnusable


def recorded_world_id(home: Path) -> str | None:
    """The name of the world under `home`, without holding it; None where there is none."""
    path = WorldFiles.under(home).world
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as database:
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = database.execute("SELECT world_id FROM origin").fetchone() if tables else None
    except sqlite3.Error as error:
        raise StoreUnusable(f"{path} cannot be used: {error}.", remedy=RESET) from error
    return None if found is None else str(found[0])
