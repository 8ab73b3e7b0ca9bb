"""A world to test against, opened from a snapshot: building one takes a third of a second."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import HOUR

SEED = 5


@pytest.fixture(scope="session")
def world_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a world of seed 5 at its epoch, with a snapshot. Copy it; do not open it."""
    home = tmp_path_factory.mktemp("template")
    simulation = open_simulation(home, seed=SEED)
    simulation.advance(simulation.now_us)
    simulation.close()
    return home


@pytest.fixture
def home(world_home: Path, tmp_path: Path) -> Path:
    """A home of one's own with that world in it."""
    return Path(shutil.copytree(world_home, tmp_path / "home"))


@pytest.fixture(scope="session")
def lived_home(world_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That world 29 hours on: markets in every stage, some just closed. Copy it."""
    home = Path(shutil.copytree(world_home, tmp_path_factory.mktemp("lived") / "home"))
    simulation = open_simulation(home)
    simulation.advance(simulation.now_us + 29 * HOUR)
    simulation.close()
    return home


@pytest.fixture
async def lived(lived_home: Path, tmp_path: Path) -> AsyncIterator[Simulation]:
    """A world of one's own that has lived for a day."""
    home = Path(shutil.copytree(lived_home, tmp_path / "lived"))
    async with open_simulation(home) as simulation:
        yield simulation


@pytest.fixture
async def simulation(home: Path) -> AsyncIterator[Simulation]:
    async with open_simulation(home) as simulation:
        yield simulation
