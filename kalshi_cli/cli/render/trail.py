"""How `inspect order` looks: what was wanted and why, then each thing that happened to it."""

from typing import TYPE_CHECKING

from kalshi_cli.cli.render import rows
from kalshi_cli.cli.render.tables import print_facts, print_table
from kalshi_cli.cli.render.words import best, cents, count, deal, instant, percent
from kalshi_cli.domain.instant import to_datetime
from kalshi_cli.domain.order import Pending
from kalshi_cli.domain.trail import OrderEvent
from kalshi_cli.ports.rows.trading import OrderRow
from kalshi_cli.steps.explain import Trail

if TYPE_CHECKING:
    from rich.console import Console


def show_trail(result: Trail, console: "Console") -> None:
    """What caused it, what was sent, and what came of it."""
    print_facts(console, _facts(result))
    if result.denials:
        rows.show_denials(result.denials, console)
    _show_events(result.events, console)
    rows.show_fills(result.fills, console)
    if result.round_trips:
        rows.show_round_trips(result.round_trips, console)
    if result.since:
        console.print("Later, by the same strategy in this market:")
        rows.show_orders(result.since, console)


def _facts(result: Trail) -> list[tuple[str, str]]:
    order, market, analysis, run = result.order, result.market, result.analysis, result.run
    facts = [
        ("order", order.client_order_id),
        ("exchange", order.order_id or "never told an id"),
        ("market", order.ticker if market is None else f"{order.ticker}  {market.title}"),
    ]
    if market is not None:
        told = "no result yet" if market.result is None else f"{market.result}"
        paid = "" if market.payout is None else f", YES pays {cents(market.payout)}"
        facts.append(("", f"{market.status}, closes {instant(market.close_us)}, {told}{paid}"))
    if analysis is not None:
        forecast = analysis.forecast
        facts += [
            (
                "forecast",
                f"{forecast.forecaster} {forecast.model}: {percent(forecast.probability)}, "
                f"blended {percent(forecast.blended)}, at {instant(forecast.made_us)}",
            ),
            ("quote then", f"{best(analysis.bid)} / {best(analysis.ask)}"),
        ]
    if run is not None:
        facts.append(("run", f"{run.command}, no. {run.number}"))
    return [*facts, ("wanted", _wanted(order)), ("because", order.reason)]


def _wanted(order: OrderRow) -> str:
    kind = order.time_in_force.replace("_", " ") + (", post only" if order.post_only else "")
    until = "" if order.expires_us is None else f" until {instant(order.expires_us)}"
    side, limit = deal(order.side, order.limit, order.purpose)
    return (
        f"{side} {count(order.count)} at {limit}, {kind}{until}, "
        f"{order.purpose} of {order.strategy}"
    )


def _show_events(events: tuple[OrderEvent, ...], console: "Console") -> None:
    print_table(
        console,
        "Trail",
        ("UTC", "cause", "state", ("filled", "right"), ("what was seen or said", "wrap")),
        [
            (
                to_datetime(event.at_us).strftime("%m-%d %H:%M:%S"),
                event.cause,
                event.state
                if event.pending is Pending.NONE
                else f"{event.state}, {event.pending} asked",
                count(event.filled),
                event.detail,
            )
            for event in events
        ],
    )
