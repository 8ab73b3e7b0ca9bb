"""What a desk that stops cancels, and what it leaves behind."""

from collections.abc import Collection
from dataclasses import dataclass

from kalshi_cli.domain.order import WORKING, Order, OrderState, Purpose
from kalshi_cli.domain.position import Position
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.steps.amending import cancel_many
from kalshi_cli.steps.execution import Desk
from kalshi_cli.steps.reconcile import reconcile_desk

STOPS = "the desk stops"


@dataclass(frozen=True, slots=True)
class Left:
    """What a stopped desk leaves behind."""

    canceled: tuple[Order, ...]
    resting: tuple[Order, ...]
    positions: tuple[Position, ...]


async def take_back(desk: Desk) -> frozenset[str]:
    """Ask all entries that work to go; their ids."""
    async with desk.store.unit() as unit:
        live = await unit.journal.live()
    entries = [o for o in live if o.state in WORKING and o.intent.purpose is not Purpose.EXIT]
    await cancel_many(desk, dict.fromkeys(entries, STOPS))
    return frozenset(order.client_order_id for order in entries)


async def wind_down(
    data: MarketData, desk: Desk, *, cancel_entries: bool, asked: Collection[str] = ()
) -> Left:
    """Before a stop: cancel own resting entries (exits stay), and say what is left. Those `asked`
    to go before count among the canceled.

    What works after the look that follows goes as well: one whose answer was lost and that rests
    after all, or whose cancel was.
    """
    gone = {*asked, *(await take_back(desk) if cancel_entries else ())}
    await reconcile_desk(data, desk)
    if cancel_entries and (found := await take_back(desk)):
        gone |= found
        await reconcile_desk(data, desk)
    async with desk.store.unit() as unit:
        after = await unit.journal.find(client_order_ids=gone)
        canceled = tuple(order for order in after if order.state is OrderState.CANCELED)
        return Left(canceled, await unit.journal.live(), await unit.ledger.positions())
