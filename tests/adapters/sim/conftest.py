"""A world to test against, opened from a snapshot: building one takes a third of a second."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kalshi_cli.adapters.sim.simulation import Simulation, open_simulation
from kalshi_cli.domain.instant import HOUR
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Cancel, Place, Placed

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
    """That world 29 hours on, with trades of our own: markets in every stage, some just closed.

    Copy it; do not open it.
    """
    home = Path(shutil.copytree(world_home, tmp_path_factory.mktemp("lived") / "home"))
    simulation = open_simulation(home)
    trade_a_little(simulation)
    simulation.advance(simulation.now_us + 20 * HOUR)
    trade_a_little(simulation)
    simulation.advance(simulation.now_us + 9 * HOUR)
    trade_a_little(simulation)
    simulation.close()
    return home


def trade_a_little(simulation: Simulation) -> None:
    """Take from every third market; in the others rest an order, and cancel some of those."""
    host = simulation._host
    active = [m for m in host.exchange.catalog.markets.values() if m.status == "active"]
    for number, market in enumerate(active):
        takes = number % 3 == 0
        answer = host.apply(
            Place(
                client_order_id=f"{market.ticker}-{simulation.now_us}",
                ticker=market.ticker,
                side=Side.BID,
                price=Price(9_900 if takes else 100),
                count=Contracts(200),
                time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
            )
        )
        if isinstance(answer, Placed) and number % 3 == 1:
            host.apply(Cancel(answer.order_id))


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
