"""Which world is on disk, told without opening it or importing the exchange."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from kalshi_cli.adapters.at_rest import uri_to_read
from kalshi_cli.adapters.sim.world.files import RESET, WorldFiles
from kalshi_cli.errors import StoreUnusable


def recorded_world_id(home: Path) -> str | None:
    """The name of the world under `home`, without holding it; None where there is none."""
    found = _recorded(home, "world_id")
    return None if found is None else str(found)


def recorded_kind(home: Path) -> str | None:
    """What kind of world it is, see `origin.Origin`; None where there is none."""
    found = _recorded(home, "body")
    return None if found is None else str(json.loads(found)["kind"])


def _recorded(home: Path, column: str) -> bytes | str | None:
    """What is said of it; None where there is no world, or one that is only being made."""
    path = WorldFiles.under(home).world
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(uri_to_read(path), uri=True)) as database:
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            query = f"SELECT {column} FROM origin"  # noqa: S608 - ours
            found = database.execute(query).fetchone() if tables else None
    except sqlite3.Error as error:
        raise StoreUnusable(
            f"{path} cannot be used: {error}.", remedy=f"Check its permissions. {RESET}"
        ) from error
    return None if found is None else found[0]
