"""How strategies look beside what each has of the bankroll."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.status import show_strategies
from kalshi_cli.cli.render.tables import print_table
from kalshi_cli.cli.render.words import dollars
from kalshi_cli.steps.sharing import StrategyInUse

if TYPE_CHECKING:
    from rich.console import Console


def show_strategies_in_use(rows: Sequence[StrategyInUse], console: "Console") -> None:
    """What they did, and of those that have a share, what they have."""
    show_strategies(rows, console)
    print_table(
        console,
        "Capital",
        (
            "strategy",
            "of bankroll",
            ("share", "right"),
            ("at risk", "right"),
            ("borrowed", "right"),
            ("lent", "right"),
        ),
        [
            (
                row.strategy,
                _fraction(row),
                dollars(row.share),
                dollars(row.at_risk),
                dollars(row.borrowed),
                dollars(row.lent),
            )
            for row in rows
            if row.share is not None
        ],
    )


def _fraction(row: StrategyInUse) -> str:
    """The share in force, and the config file's where that is another one."""
    told = "" if row.configured is None else f", not {row.configured:.4g}"
    return f"{row.fraction or 0.0:.4g}{told}"
