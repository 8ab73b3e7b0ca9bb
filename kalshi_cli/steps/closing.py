"""A market left by hand, and read back."""

from collections.abc import Sequence
from difflib import get_close_matches

from kalshi_cli.domain.identity import HALT_FILE, DeskState
from kalshi_cli.domain.order import UNRESOLVED, Order, OrderState
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.sale import sales
from kalshi_cli.errors import Halted, NotFound, Refused, StillHeld, Unavailable
from kalshi_cli.ports.exchange import MarketData
from kalshi_cli.steps.clearing import clear_way, in_the_way
from kalshi_cli.steps.done import AGAIN, Done
from kalshi_cli.steps.execution import Desk, heed_halt_file
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.naming import called
from kalshi_cli.steps.reconcile import joined, reconcile_desk
from kalshi_cli.steps.selling import Sold, sell
from kalshi_cli.steps.trade_policy import TradePolicy

CLOSED = "what is held there is sold by hand"
STOPPED_HERE = {"halted", "refused", "lease_held", "lease_ran_out"}
"""The codes under which an order is on record that we did not send after all."""


async def close_position(data: MarketData, desk: Desk, ticker: str, *, policy: TradePolicy) -> Done:
    """Sell what is held in a market, whoever owns it, and read the position back.

    Orders of its owners that rest there are canceled first: entries would buy it back, and an exit
    counts as the exit.

    Raises `NotFound` when nothing is held there, `Refused` when a control forbids it or nobody is
    on the other side, `Halted` on a halted desk: the halt holds for exits as well. Where something
    is left, `StillHeld`; `Unavailable` where the exchange was not reached, or gave no answer.
    """
    await heed_halt_file(desk)
    found = await reconcile_desk(data, desk)
    view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    (ticker,) = await called(desk.store, [ticker])
    owners = {(p.ticker, p.owner) for p in view.positions if p.ticker == ticker}
    if await clear_way(desk, view.orders, dict.fromkeys(owners, CLOSED)):
        found = joined(found, await reconcile_desk(data, desk))
        view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    held = [position for position in view.positions if position.ticker == ticker]
    if not held:
        near = get_close_matches(ticker, {position.ticker for position in view.positions}, n=1)
        lists = "`kalshi inspect positions` lists what is."
        raise NotFound(
            f"Nothing is held in {ticker}.", remedy=f"Did you mean {near[0]}?" if near else lists
        )
    sold = await sell(data, desk, view, held, cash=found.balance.cash, policy=policy)
    if not sold.orders:
        raise _nothing_sold(desk, view.state, sold)
    await reconcile_desk(data, desk)
    async with desk.store.unit() as unit:
        after = await unit.ledger.positions(open_only=False)
        resting = in_the_way(await unit.journal.live(), owners)
        ids = [order.client_order_id for order in sold.orders]
        orders = await unit.journal.find(client_order_ids=ids)
    left = [position for position in after if position.ticker == ticker and not position.is_flat]
    unfilled = [order for order in orders if not order.filled]
    whys = (*sold.problems, *(f"its sale is {o.state}: {o.message}" for o in unfilled))
    said = "; ".join((_said(left, resting), *(why.rstrip(".: ") for why in whys)))
    if not left:
        return Done("close", ticker, said, orders, sales(held, after))
    if any(order.state in UNRESOLVED or _is_unreached(order) for order in unfilled):
        raise Unavailable(said, remedy=AGAIN)
    raise StillHeld(said, sales(held, after), remedy=AGAIN)


def _is_unreached(order: Order) -> bool:
    """Whether it never reached the exchange for want of a way there, not because we stopped it."""
    if order.state is OrderState.ABSENT:
        return True
    code = order.message.partition(" ")[0]
    return order.state is OrderState.NOT_SENT and code not in STOPPED_HERE


def _nothing_sold(desk: Desk, state: DeskState, sold: Sold) -> Refused:
    told = " ".join(sold.problems)
    if sold.nobody_bids:  # nothing sells it, halted or not
        return Refused(told, remedy="Try again later, or hold it to settlement.")
    if state is not DeskState.HALTED:
        return Refused(told, remedy="`kalshi status` says more.")
    first = "" if desk.halt_file() is None else f"First take the {HALT_FILE} file away: "
    ways = "`kalshi flatten` sells all that we hold, `kalshi resume` lifts the halt for all."
    return Halted(told, remedy=f"{first}{ways}")


def _said(left: Sequence[Position], resting: Sequence[Order]) -> str:
    said = "still held: " + ", ".join(f"{p.net} by {p.owner}" for p in left) if left else "flat"
    if not resting:
        return said
    return f"{said}; not canceled: " + ", ".join(order.client_order_id for order in resting)
