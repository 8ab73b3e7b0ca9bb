"""The one look of every table: no frame, as wide as the terminal at most, tickers never broken.

Where the cells need more room than there is, columns that may be `cut` give way first, then those
that may `wrap` between words; then the `spare` columns are left out, the last one first, which is
told below the table. A `note` stands under its row. In a pipe there is room for all: a row is one
line, its note at the end. Lines carry no trailing blanks.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, TypeAlias

from kalshi_cli.cli.render.words import harmless

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Cell: TypeAlias = "str | Text"
Column = str | tuple[str, str]
"""A heading, aligned left; or a heading and how it stands, in words: `right`, `cut`, `wrap`,
`spare`, `note`. There is one note a row at most, in the last column.
"""
GAP = "  "
LEAST = {"cut": 12, "wrap": 20}
"""How narrow a column may get, by how it gives way."""
_words = partial(wrap, break_long_words=False, break_on_hyphens=False)
"""Lines of a text: nothing that is written together is torn apart."""


def print_table(
    console: "Console", title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print rows under headings; says so where there are none."""
    cells = [[_plain(cell) for cell in row] for row in rows]
    if not cells:
        console.print(f"{title}: none")
        return
    headings = [column if isinstance(column, str) else column[0] for column in columns]
    stands = [set() if isinstance(column, str) else set(column[1].split()) for column in columns]
    noted = console.is_terminal and "note" in stands[-1]
    kept, widths = fitted(
        stands[:-1] if noted else stands,
        [headings, *cells],
        console.width if console.is_terminal else None,
    )
    lay = partial(_laid_out, stands=[stands[index] for index in kept], widths=widths)
    console.print(title, style="bold")
    lines = lay([headings[index] for index in kept])
    console.print("\n".join(lines), style="dim", soft_wrap=True)
    console.print("-" * min(console.width, breadth(widths)), style="dim", soft_wrap=True)
    for row in cells:
        shown = [row[index] for index in kept]
        for line in lay(shown):
            console.print(_coloured(line, shown), soft_wrap=True)
        if noted and row[-1]:
            for line in _words(str(row[-1]), max(20, console.width - len(GAP))):
                console.print(f"{GAP}{line}", style="dim", soft_wrap=True)
    shown_of = range(len(headings) - noted)
    if left_out := [headings[index] for index in shown_of if index not in kept]:
        told = f"no room for {', '.join(left_out)}: a wider terminal or --json has all"
        console.print(told, style="dim", soft_wrap=True)


def print_facts(console: "Console", facts: Iterable[tuple[str, Cell]]) -> None:
    """Print `name  value` lines with the values in one column."""
    pairs = list(facts)
    width = max(len(name) for name, _ in pairs)
    room = max(20, console.width - width - len(GAP))
    for name, value in pairs:
        text = str(_plain(value))
        first, *rest = (_words(text, room) if console.is_terminal else [text]) or [""]
        style = "" if isinstance(value, str) else str(value.style)
        console.print(name.ljust(width), style="bold", end=GAP, soft_wrap=True)
        console.print(first, style=style, soft_wrap=True)
        for line in rest:
            console.print(" " * (width + len(GAP)) + line, style=style, soft_wrap=True)


def _plain(cell: Cell) -> Cell:
    """A cell that commands no terminal: titles and names of models are written by others."""
    return harmless(cell) if isinstance(cell, str) else cell


def fitted(
    stands: Sequence[set[str]], rows: Sequence[Sequence[Cell]], room: int | None
) -> tuple[list[int], list[int]]:
    """Which columns there is room for, and how wide they are; `room` None is all there is need of.

    A row that does not fit however much gives way is longer than the room.
    """
    needed = [
        max(len(line) for row in rows for line in str(row[index]).split("\n"))
        for index in range(len(stands))
    ]
    kept = list(range(len(stands)))
    if room is None:
        return kept, needed
    while True:
        widths = _narrowed(
            [stands[index] for index in kept], [needed[index] for index in kept], room
        )
        spare = [index for index in kept if "spare" in stands[index]]
        if breadth(widths) <= room or not spare:
            return kept, widths
        kept.remove(spare[-1])


def _narrowed(stands: Sequence[set[str]], needed: Sequence[int], room: int) -> list[int]:
    """Widths after those that may give way have, as far as they may."""
    widths = list(needed)
    excess = breadth(widths) - room
    for kind, least in LEAST.items():
        for index, its in enumerate(stands):
            if kind in its and excess > 0:
                given = min(excess, max(0, widths[index] - least))
                widths[index] -= given
                excess -= given
    return widths


def breadth(widths: Sequence[int]) -> int:
    """A line of columns this wide."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _coloured(line: str, row: Sequence[Cell]) -> "Text":
    """A line of a row; a coloured cell, which never wraps, keeps its colour."""
    from rich.text import Text

    text = Text(line)
    for cell in row:
        if isinstance(cell, Text) and cell.style:
            text.highlight_words([cell.plain], style=cell.style)
    return text


def _laid_out(
    row: Sequence[Cell], *, stands: Sequence[set[str]], widths: Sequence[int]
) -> Iterator[str]:
    columns = [
        list(_lines(str(cell), its, width))
        for cell, its, width in zip(row, stands, widths, strict=True)
    ]
    for parts in zip_longest(*columns, fillvalue=""):
        aligned = [
            part.rjust(width) if "right" in its else part.ljust(width)
            for part, its, width in zip(parts, stands, widths, strict=True)
        ]
        yield GAP.join(aligned).rstrip()


def _lines(cell: str, stands: set[str], width: int) -> Iterator[str]:
    """A cell's lines: cut with a mark, or wrapped, where it is too wide."""
    for line in cell.split("\n"):
        if len(line) <= width:
            yield line
        elif "cut" in stands:
            yield line[: width - 1] + "\u2026"
        else:
            yield from _words(line, width)
