"""Where what is held is left again, and how far that is."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.rows import show_positions
from kalshi_cli.cli.render.tables import breadth, print_table
from kalshi_cli.cli.render.words import cents, gain, moment
from kalshi_cli.domain.money import ONE_DOLLAR, ZERO_PRICE, Price, total
from kalshi_cli.exits._base import ExitPlan
from kalshi_cli.ports.rows.trading import PositionRow

if TYPE_CHECKING:
    from rich.console import Console

MARK = "*"
OWN = "a strategy's own levels come first; what quotes bring in is left by time alone"


def show_held(rows: Sequence[PositionRow], console: "Console") -> None:
    """What is held, and the levels at which it is left, where there are any."""
    show_positions(rows, console)
    if rows:
        realized = gain(total([row.realized - row.fees for row in rows]))
        pnl = gain(total([row.unrealized for row in rows]))
        console.print(
            f"P&L {pnl}, before fees; realized {realized}, by sales of a part and all fees"
        )
    left = [(row, row.plan) for row in rows if row.plan is not None and _leaves(row.plan)]
    if not left:
        return
    console.print()
    headings = ("ticker", "bid", "stop", "trailing", "target", "until UTC")
    cells = [_cells(row, plan, away=True) for row, plan in left]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    is_room = not console.is_terminal or breadth(widths) <= console.width
    if not is_room:
        cells = [_cells(row, plan, away=False) for row, plan in left]
    print_table(console, "Exits", (headings[0], *((name, "right") for name in headings[1:])), cells)
    away = "; in brackets, how far the bid has to go" if is_room else ""
    console.print(f"prices of what is held{away}")
    console.print(OWN)
    if farther := widened([plan for _, plan in left]):
        console.print(f"{MARK} {farther}")


def _cells(row: PositionRow, plan: ExitPlan, *, away: bool) -> tuple[str, ...]:
    bid = row.outcome_bid
    base = bid if away else None
    trailing = _level(plan.trailing_level, base)
    if plan.levels.trail is not None and plan.peak is None:
        trailing = f"by {cents(plan.levels.trail)}"
    return (
        row.ticker,
        cents(bid),
        _marked(_level(plan.levels.stop, base), plan.asked_stop),
        _marked(trailing, plan.asked_trail),
        _level(plan.levels.target, base),
        moment(row.leave_us),
    )


def _leaves(plan: ExitPlan) -> bool:
    levels = (
        plan.levels.stop,
        plan.levels.trail,
        plan.levels.target,
        plan.levels.leave_by_us,
        plan.levels.before_close_us,
    )
    return any(level is not None for level in (*levels, plan.asked_stop, plan.asked_trail))


def _level(level: Price | None, bid: Price | None) -> str:
    """`30c (-10c)`: the level, and what the bid has to move to get there."""
    if level is None or bid is None:
        return cents(level)
    away = level - bid
    return f"{cents(level)} ({'+' if away.units > 0 else ''}{cents(away)})"


def _marked(shown: str, asked: Price | None) -> str:
    return shown if asked is None else f"{shown}{MARK}"


def widened(plans: Sequence[ExitPlan]) -> str:
    """How many stops and trails are farther away than was asked for, why, and the farthest; empty
    where none is.
    """
    moved = [each for plan in plans for each in _moved(plan)]
    if not moved:
        return ""
    _, told = max(moved, key=lambda each: each[0])
    farthest = "the farthest, " if len(moved) > 1 else ""
    return (
        f"{len(moved)} farther than asked: nearer than twice the spread and both fees it would "
        f"sell to the spread; {farthest}{told}"
    )


def _moved(plan: ExitPlan) -> Iterator[tuple[int, str]]:
    """How far each was put from what was asked, in a price's units, and that in words."""
    for what, asked, stands, none in (
        ("stop", plan.asked_stop, plan.levels.stop, ZERO_PRICE),
        ("trail", plan.asked_trail, plan.levels.trail, ONE_DOLLAR),
    ):
        if asked is not None:
            instead = "there is none" if stands is None else f"it is {cents(stands)}"
            by = abs((none if stands is None else stands).units - asked.units)
            yield by, f"{plan.ticker}: a {what} of {cents(asked)} was asked, {instead}"
