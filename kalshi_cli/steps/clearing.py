"""Taking away what must not rest: entries in the way of an exit, exits of more than is held, orders
against what others hold, and those at prices that their market no longer has.

An owner's own entry that still rests in the market would trade with the exit, or buy back what it
sold.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from kalshi_cli.domain.order import WORKING, Order, Purpose
from kalshi_cli.domain.reduction import cuts, held_against
from kalshi_cli.steps.amending import cancel_many, decrease
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.execution import Desk

LEFT = "what is held there is to leave"
NO_NEW_RISK = "the desk takes no new risk"
OFF_GRID = "its market has no such price any more"
TOO_MUCH = "more would leave than is held"
OPPOSED = "others hold the other side here"
NOBODY: Mapping[tuple[str, str], str] = MappingProxyType({})


async def clear_way(
    desk: Desk,
    orders: Sequence[Order],
    leaving: Mapping[tuple[str, str], str],
    *,
    stopped: Mapping[tuple[str, str], str] = NOBODY,
) -> bool:
    """Cancel what works of those (ticker, owner) that are about to leave, and the entries of those
    `stopped`, for the reasons given.

    Exits that rest go too: there is never a second one beside them. True where any was asked for:
    it may have filled meanwhile, so reconcile and look again.
    """
    resting = {order: stopped[_owned(order)] for order in entries_of(orders, stopped)}
    resting |= {order: leaving[_owned(order)] for order in in_the_way(orders, leaving)}
    await cancel_many(desk, resting)
    return bool(resting)


async def cancel_every_entry(desk: Desk, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Cancel whatever works and is no exit; returns those that were asked to go.

    Some may have filled meanwhile: reconcile and look again.
    """
    entries = entries_of(orders, {_owned(order) for order in orders})
    await cancel_many(desk, dict.fromkeys(entries, NO_NEW_RISK))
    return entries


def _owned(order: Order) -> tuple[str, str]:
    return order.intent.ticker, order.intent.strategy


def entries_of(orders: Sequence[Order], owners: Collection[tuple[str, str]]) -> tuple[Order, ...]:
    """The working orders of these (ticker, owner) that are no exits."""
    return tuple(
        order
        for order in orders
        if order.state in WORKING
        and order.intent.purpose is not Purpose.EXIT
        and _owned(order) in owners
    )


def in_the_way(orders: Sequence[Order], owners: Collection[tuple[str, str]]) -> tuple[Order, ...]:
    """The working orders of these (ticker, owner), which no other exit goes beside."""
    return tuple(order for order in orders if order.state in WORKING and _owned(order) in owners)


async def tidy(desk: Desk, view: DeskView) -> bool:
    """Cut exits to what is held, and cancel what lies off its market's grid, or would trade against
    what others hold: no control lets that be placed.

    True where anything was asked for: reconcile and look again.
    """
    why = dict.fromkeys(opposed(view), OPPOSED) | dict.fromkeys(off_grid(view), OFF_GRID)
    cut = [(order, keep) for order, keep in cuts(view.positions, view.orders) if order not in why]
    why |= dict.fromkeys((order for order, keep in cut if not keep), TOO_MUCH)
    await cancel_many(desk, why)
    for order, keep in cut:
        if keep:
            await decrease(desk, order, keep)
    return bool(why or cut)


def opposed(view: DeskView) -> tuple[Order, ...]:
    """Working orders in markets where others hold the other side: as one they are netted at the
    exchange, and an exit there may open what nobody wants.
    """
    return tuple(
        order
        for order in view.orders
        if order.state in WORKING and held_against(order.intent, view.positions) is not None
    )


def off_grid(view: DeskView) -> tuple[Order, ...]:
    """Working orders at prices that their markets have no longer."""
    grids = {ticker: entry.market.grid for ticker, entry in view.entries.items()}
    return tuple(
        order
        for order in view.orders
        if order.state in WORKING
        and (grid := grids.get(order.intent.ticker)) is not None
        and not grid.contains(order.intent.limit)
    )
