"""The one look of every table: no frame, as wide as the terminal at most, tickers never cut.

Where the cells need more room than there is, columns that may be `cut` give way first, then those
that may `wrap` between words, then those that may `fold` anywhere; numbers never do. In a pipe
nothing is cut: what would be is wrapped. Lines carry no trailing blanks.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Cell: TypeAlias = "str | Text"
Column = str | tuple[str, str]
"""A heading, aligned left; or a heading and how it stands: `right`, `cut`, `wrap` or `fold`."""
GAP = "  "
LEAST = {"cut": 6, "wrap": 20, "fold": 14}
"""How narrow a column may get, by how it gives way."""


def print_table(
    console: "Console", title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print rows under headings; says so where there are none."""
    cells = list(rows)
    if not cells:
        console.print(f"{title}: none")
        return
    headings = [column[0] if isinstance(column, tuple) else column for column in columns]
    stands = [column[1] if isinstance(column, tuple) else "left" for column in columns]
    widths = fitted(stands, [headings, *cells], console.width)
    if not console.is_terminal:  # whoever reads a pipe has room below
        stands = ["wrap" if its == "cut" else its for its in stands]
    console.print(title, style="bold")
    console.print("\n".join(_laid_out(headings, stands, widths)), style="dim", soft_wrap=True)
    console.print("-" * min(console.width, sum(widths) + len(GAP) * (len(widths) - 1)), style="dim")
    for row in cells:
        _print_row(console, row, stands, widths)


def print_facts(console: "Console", facts: Iterable[tuple[str, Cell]]) -> None:
    """Print `name  value` lines with the values in one column."""
    pairs = list(facts)
    width = max(len(name) for name, _ in pairs)
    room = max(20, console.width - width - len(GAP))
    for name, value in pairs:
        first, *rest = wrap(str(value), room) or [""]
        style = "" if isinstance(value, str) else str(value.style)
        console.print(name.ljust(width), style="bold", end=GAP, soft_wrap=True)
        console.print(first, style=style, soft_wrap=True)
        for line in rest:
            console.print(" " * (width + len(GAP)) + line, style=style, soft_wrap=True)


def fitted(stands: Sequence[str], rows: Sequence[Sequence[Cell]], room: int) -> list[int]:
    """Column widths that fit the room, as far as the columns that may give way allow."""
    widths = [
        max(len(line) for row in rows for line in str(row[index]).split("\n"))
        for index in range(len(stands))
    ]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    for kind, least in LEAST.items():
        for index, its in enumerate(stands):
            if its == kind and excess > 0:
                given = min(excess, max(0, widths[index] - least))
                widths[index] -= given
                excess -= given
    return widths


def _print_row(
    console: "Console", row: Sequence[Cell], stands: Sequence[str], widths: Sequence[int]
) -> None:
    """One row; a coloured cell keeps its colour, which never wraps."""
    from rich.text import Text

    for line in _laid_out(row, stands, widths):
        text = Text(line)
        for cell in row:
            if isinstance(cell, Text) and cell.style:
                text.highlight_words([cell.plain], style=cell.style)
        console.print(text, soft_wrap=True)


def _laid_out(row: Sequence[Cell], stands: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns = [
        _lines(str(cell), its, width) for cell, its, width in zip(row, stands, widths, strict=True)
    ]
    for parts in zip_longest(*columns, fillvalue=""):
        aligned = [
            part.rjust(width) if its == "right" else part.ljust(width)
            for part, its, width in zip(parts, stands, widths, strict=True)
        ]
        yield GAP.join(aligned).rstrip()


def _lines(cell: str, stands: str, width: int) -> list[str]:
    """A cell's lines: cut with a mark, wrapped or folded, where it is too wide."""
    lines = cell.split("\n")
    if stands == "cut":
        return [line if len(line) <= width else line[: width - 1] + "\u2026" for line in lines]
    if stands == "wrap":
        return [part for line in lines for part in wrap(line, width) or [""]]
    if stands == "fold":
        return [line[at : at + width] for line in lines for at in range(0, len(line) or 1, width)]
    return lines
