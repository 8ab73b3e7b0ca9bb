"""Where what is held is left again, and how far that is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.rows import show_positions
from kalshi_cli.cli.render.tables import print_table
from kalshi_cli.cli.render.words import NOTHING, cents, moment, until
from kalshi_cli.domain.money import Price
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.ports.reports import PositionRow

if TYPE_CHECKING:
    from rich.console import Console


def show_held(rows: Sequence[PositionRow], console: "Console") -> None:
    """What is held, and the levels at which it is left, where there are any."""
    show_positions(rows, console)
    left = [(row, row.plan) for row in rows if row.plan is not None and _leaves(row.plan)]
    if not left:
        return
    console.print()
    print_table(
        console,
        "Exits",
        (
            "ticker",
            ("bid", "right"),
            ("stop", "right"),
            ("trailing", "right"),
            ("target", "right"),
            ("until UTC", "right"),
            ("told", "note"),
        ),
        [
            (
                row.ticker,
                cents(row.outcome_bid),
                _level(plan.stop, row),
                _level(plan.trailing_level, row),
                _level(plan.target, row),
                moment(row.leave_us),
                _told(plan),
            )
            for row, plan in left
        ],
    )
    console.print("prices of what is held; in brackets, how far the bid has to go")


def _leaves(plan: ExitPlan) -> bool:
    levels = (plan.stop, plan.trail, plan.target, plan.leave_by_us, plan.before_close_us)
    return any(level is not None for level in (*levels, plan.asked_stop, plan.asked_trail))


def _level(level: Price | None, row: PositionRow) -> str:
    """`30c (-10c)`: the level, and what the bid has to move to get there."""
    bid = row.outcome_bid
    if level is None or bid is None:
        return cents(level)
    away = level - bid
    return f"{cents(level)} ({'+' if away.units > 0 else ''}{cents(away)})"


def widened(plan: ExitPlan) -> str:
    """What of a plan is not as it was asked for, and why; empty where all is."""
    told = []
    for what, asked, stands in (
        ("stop", plan.asked_stop, plan.stop),
        ("trail", plan.asked_trail, plan.trail),
    ):
        if asked is not None:
            instead = "there is none" if stands is None else f"it is {cents(stands)}"
            told.append(
                f"the {what} of {cents(asked)} lies nearer than twice the spread and both fees: "
                f"{instead}"
            )
    return "; ".join(told)


def _told(plan: ExitPlan) -> str:
    """What the columns do not say."""
    told = [words] if (words := widened(plan)) else []
    if plan.before_close_us is not None:
        told.append(f"leaves {until(plan.before_close_us)} before the close")
    if plan.trail is not None and plan.peak is None:
        told.append(f"trails by {cents(plan.trail)} once a bid was seen")
    return "; ".join(told) or NOTHING
