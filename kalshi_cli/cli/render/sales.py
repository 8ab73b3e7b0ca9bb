"""How what was sold by hand looks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kalshi_cli.cli.render.tables import print_table
from kalshi_cli.cli.render.words import NOTHING, count, dollars, gain, held
from kalshi_cli.domain.money import total
from kalshi_cli.domain.sale import Sale

if TYPE_CHECKING:
    from rich.console import Console


def show_sales(sales: Sequence[Sale], console: "Console") -> None:
    """What each sale brought; nothing where nothing was to be sold."""
    if not sales:
        return
    print_table(
        console,
        "Sold",
        (
            "ticker",
            "side",
            ("sold", "right"),
            ("average", "right"),
            ("brought", "right spare"),
            ("fee", "right"),
            ("P&L", "right"),
        ),
        [
            (
                each.ticker,
                f"sell {held(each.outcome)}",
                f"{count(each.sold)}/{count(each.held)}",
                NOTHING if each.average is None else f"{100 * each.average.decimal:.2f}c",
                dollars(each.proceeds),
                dollars(each.fee),
                gain(each.realized),
            )
            for each in sales
        ],
    )
    left = sum(1 for each in sales if each.left)
    brought = total([each.proceeds - each.fee for each in sales])
    pnl = gain(total([each.realized for each in sales]))
    still = f"; {left} not sold whole" if left else ""
    console.print(f"brought {dollars(brought)} after fees, P&L {pnl} on what was sold{still}")
