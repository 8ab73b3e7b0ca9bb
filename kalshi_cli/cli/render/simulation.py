"""How the simulated world looks."""

from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_cli.adapters.sim.census import CategoryCensus
from kalshi_cli.adapters.sim.simulation import SimulationStatus
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import dollars, instant, some

if TYPE_CHECKING:
    from rich.console import Console


def show_world(result: SimulationStatus, console: "Console") -> None:
    """The world, its clock, its markets, and our account in it."""
    counted = ", ".join(f"{number} {status}" for status, number in result.markets_by_status)
    print_facts(
        console,
        [
            ("world", f"{result.world}, seed {result.seed} ({result.world_id})"),
            ("is", result.description),
            ("time", instant(result.now_us)),
            ("markets", counted or "none"),
            ("our cash", dollars(result.cash)),
            ("our orders", f"{result.orders}, {result.resting_orders} resting"),
            ("our fills", f"{result.fills}, {some(result.open_positions, 'position')} open"),
        ],
    )
    if result.categories:
        console.print()
        title = "Markets by category (half the spread in cents, the crowd's error in logits)"
        print_table(console, title, _COLUMNS, map(_row, result.categories))


_COLUMNS = (
    ("category", "wrap"),
    ("listed", "right"),
    ("active", "right"),
    ("empty", "right"),
    ("1-sided", "right"),
    ("trades", "right"),
    ("half", "right"),
    ("error", "right"),
)


def _row(census: CategoryCensus) -> tuple[str, ...]:
    half, error = census.half_spread, census.market_logit_error
    counts = census.markets, census.active, census.empty, census.one_sided, census.trades
    return (
        census.category,
        *(f"{count:,}" for count in counts),
        "-" if half is None else f"{100 * half:.1f}",
        "-" if error is None else f"{error:.2f}",
    )


def show_reset(result: Path | None, console: "Console") -> None:
    told = "There was no world." if result is None else f"Moved to {result}."
    console.print(told, soft_wrap=True)
