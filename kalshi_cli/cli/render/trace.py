"""How one market looks in `why`: the stages in their order, and where it ended."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render import rows
from kalshi_cli.cli.render.levels import show_held
from kalshi_cli.cli.render.tables import print_facts
from kalshi_cli.cli.render.words import best, count, instant
from kalshi_cli.steps.explain import Trace

if TYPE_CHECKING:
    from rich.console import Console


def show_trace(result: Trace, console: "Console") -> None:
    """Market, filter, forecast, control, order, fill: as far as it came."""
    market = result.market
    kept = "kept by every filter"
    if result.rejected is not None:
        kept = f"dropped by {result.rejected.code}: {result.rejected.detail}"
    print_facts(
        console,
        [
            ("market", f"{market.ticker}  {market.title}"),
            ("status", f"{market.status}, closes {instant(market.close_us)}"),
            (
                "quote",
                f"{best(market.bid)} / {best(market.ask)}, volume {count(market.volume)}, "
                f"at {instant(market.quoted_us)}",
            ),
            ("filters", kept),
        ],
    )
    rows.show_analyses(result.analyses, console)
    rows.show_denials(result.denials, console)
    rows.show_orders(result.orders, console)
    rows.show_fills(result.fills, console)
    if result.positions:
        show_held(result.positions, console)
    if result.round_trips:
        rows.show_round_trips(result.round_trips, console)
