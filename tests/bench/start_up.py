"""How long a command takes that does little: the overview, and a report on a large store."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kalshi_cli.adapters.sim.simulation import open_simulation
from kalshi_cli.adapters.store.store import open_store
from kalshi_cli.domain.identity import Env, StoreIdentity
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.position import Position
from tests.bench.catalog import save_catalog
from tests.bench.measure import Measured, best

POSITIONS = 10_000
TIMES = 7
TYPER = "import typer"
REPORT = (
    "import asyncio, logging.handlers, tomllib, typer, typer._adapters, rich.console, rich.text, "
    "pydantic_settings, sqlmodel, sqlalchemy.ext.asyncio, sqlalchemy.dialects.sqlite.aiosqlite"
)
"""What `inspect positions` cannot do without."""


def measure(home: Path) -> list[Measured]:
    """The rows of start-up, over a store of many positions."""
    asyncio.run(_fill(home))
    took = best(
        {
            "typer": lambda: _python(home, "-c", TYPER),
            "--version": lambda: _kalshi(home, "--version"),
            "--help": lambda: _kalshi(home, "--help"),
            "report": lambda: _python(home, "-c", REPORT),
            "table": lambda: _kalshi(home, "inspect", "positions", "--sim"),
            "json": lambda: _kalshi(home, "inspect", "positions", "--sim", "--json"),
        },
        TIMES,
    )
    typer, report = ("import typer", took["typer"]), ("its bare imports", took["report"])
    rows = f"inspect positions, {POSITIONS:,} rows"
    return [
        Measured("kalshi --version", took["--version"], *typer, most_s=0.12),
        Measured("kalshi --help", took["--help"], *typer, most_s=0.15),
        Measured(rows, took["table"], *report, most_ratio=1.4),
        Measured(f"{rows}, --json", took["json"], *report),
    ]


async def _fill(home: Path) -> None:
    simulation = open_simulation(home)
    simulation.close()
    identity = StoreIdentity(Env.SIM, "", "", simulation.world_id)
    store = await open_store(home / "sim" / "desk.db", identity, wall_us=0)
    async with store, store.unit() as unit:
        tickers = await save_catalog(unit, POSITIONS)
        held, cost = Contracts.parse("10.00"), Money.parse("4.200000")
        await unit.ledger.save_positions(
            [Position(ticker, "directional_trading", held, cost) for ticker in tickers]
        )
        await unit.commit()


def _kalshi(home: Path, *arguments: str) -> None:
    _python(home, "-m", "kalshi_cli", *arguments)


def _python(home: Path, *arguments: str) -> None:
    """Run an interpreter that keeps bytecode, as an installed program does."""
    environment = {
        **os.environ,
        "KALSHI_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
    }
    command: Sequence[str] = (sys.executable, *arguments)
    subprocess.run(command, check=True, capture_output=True, env=environment)
