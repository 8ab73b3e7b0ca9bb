"""Which world is on disk, told without opening it or importing its API."""

from pathlib import Path

from kalshi_cli.adapters.sim.files import WorldFiles
from kalshi_cli.adapters.sim.world_store import WorldStore


def recorded_world_id(home: Path) -> str | None:
    """The name of the world under `home`, without holding it; None where there is none."""
    path = WorldFiles.under(home).world
    if not path.exists():
        return None
    store = WorldStore(path)
    try:
        return store.world_id()
    finally:
        store.close()
