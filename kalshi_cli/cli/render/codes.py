"""How a code is told: each part that says it, what it means there, and what to do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.codes import CodeRow
from kalshi_cli.cli.render.tables import print_facts

if TYPE_CHECKING:
    from rich.console import Console


def show_codes(rows: Sequence[CodeRow], console: "Console") -> None:
    """Each row by itself: what it means is often a sentence or two."""
    for row in rows:
        console.print(row.code, style="bold")
        facts = [("said by", row.said_by), ("means", row.means), ("to do", row.remedy)]
        print_facts(console, facts)
