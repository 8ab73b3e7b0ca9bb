"""Making way for an exit.

An owner's own entry that still rests in the market would trade with the exit, or buy back what it
sold.
"""

from collections.abc import Collection, Sequence

from kalshi_cli.domain.order import WORKING, Order, Purpose
from kalshi_cli.steps.execution import Desk, cancel


async def cancel_entries(
    desk: Desk, orders: Sequence[Order], leaving: Collection[tuple[str, str]]
) -> bool:
    """Cancel the working entries of those (ticker, owner) that are about to leave.

    True where any was asked for: it may have filled meanwhile, so reconcile and look again.
    """
    resting = entries_of(orders, leaving)
    for order in resting:
        await cancel(desk, order)
    return bool(resting)


async def cancel_every_entry(desk: Desk, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Cancel whatever works and is no exit; returns those that were asked to go.

    Some may have filled meanwhile: reconcile and look again.
    """
    owners = {(order.intent.ticker, order.intent.strategy) for order in orders}
    entries = entries_of(orders, owners)
    for order in entries:
        await cancel(desk, order)
    return entries


def entries_of(orders: Sequence[Order], owners: Collection[tuple[str, str]]) -> tuple[Order, ...]:
    """The working orders of these (ticker, owner) that are no exits."""
    return tuple(
        order
        for order in orders
        if order.state in WORKING
        and order.intent.purpose is not Purpose.EXIT
        and (order.intent.ticker, order.intent.strategy) in owners
    )
