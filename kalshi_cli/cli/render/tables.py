"""The one look of every table: no frame, at most 80 columns, tickers never cut."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Cell: TypeAlias = "str | Text"
Column = str | tuple[str, str]
"""A heading, aligned left; or a heading and how it stands: `right`, `cut` or `fold`."""


def print_table(
    console: "Console", title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print rows under headings; says so where there are none."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.pad_edge = False
    table.show_edge = False
    for column in columns:
        heading, stands = column if isinstance(column, tuple) else (column, "left")
        table.add_column(
            heading,
            justify="right" if stands == "right" else "left",
            no_wrap=stands != "fold",
            overflow="fold" if stands == "fold" else "ellipsis",
            ratio=1 if stands == "cut" else None,
        )
    for row in rows:
        table.add_row(*row)
    if table.row_count:
        console.print(table)
    else:
        console.print(f"{title}: none")


def print_facts(console: "Console", facts: Iterable[tuple[str, Cell]]) -> None:
    """Print `name  value` lines with the values in one column."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(name, value)
    console.print(grid)
