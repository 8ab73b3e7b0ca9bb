"""How the simulated world looks."""

from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_cli.adapters.sim.simulation import SimulationStatus
from kalshi_cli.cli.render.tables import print_facts
from kalshi_cli.cli.render.words import dollars, instant

if TYPE_CHECKING:
    from rich.console import Console


def show_world(result: SimulationStatus, console: "Console") -> None:
    """The world, its clock, its markets, and our account in it."""
    counted = ", ".join(f"{number} {status}" for status, number in result.markets_by_status)
    active = ", ".join(f"{number} {name}" for name, number in result.active_by_category)
    print_facts(
        console,
        [
            ("world", f"{result.world}, seed {result.seed} ({result.world_id})"),
            ("is", result.description),
            ("time", instant(result.now_us)),
            ("markets", counted or "none"),
            ("trading", active or "none"),
            ("our cash", dollars(result.cash)),
            ("our orders", f"{result.orders}, {result.resting_orders} resting"),
            ("our fills", f"{result.fills}, {result.open_positions} positions open"),
        ],
    )


def show_reset(result: Path | None, console: "Console") -> None:
    told = "There was no world." if result is None else f"Moved to {result}."
    console.print(told, soft_wrap=True)
