"""Taking everything back: our orders, all orders of the account, all that we hold.

Nothing here asks whether it may, and everything is verified by reading back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from kalshi_cli.domain.identity import EXTERNAL, DeskState
from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.order import DEAD, WORKING, Order, OrderReport, OrderState
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.sale import sales
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import PASSING, KalshiError, StillHeld, Unavailable
from kalshi_cli.ports.exchange import MarketData, OutcomeKind
from kalshi_cli.risk.cooling import COOLING
from kalshi_cli.steps.amending import cancel
from kalshi_cli.steps.desk_view import DeskView
from kalshi_cli.steps.done import AGAIN, READ_BACKS, Done
from kalshi_cli.steps.execution import COOLING_UNTIL, Desk
from kalshi_cli.steps.following import amend
from kalshi_cli.steps.groups import trigger_groups
from kalshi_cli.steps.looking import look
from kalshi_cli.steps.paging import Collected, collect
from kalshi_cli.steps.reconcile import reconcile_desk
from kalshi_cli.steps.selling import Sold, sell
from kalshi_cli.steps.trade_policy import TradePolicy

OURS = "ours"
EVERYTHING = "everything"
"""What a cancel of all orders means: those of this desk, or foreign ones as well."""


async def cancel_ours(data: MarketData, desk: Desk) -> Done:
    """Cancel every order of ours by its id, entries and exits, and read them back.

    A desk that is to stop triggers its order groups before, which also stops what is on its way.
    What works goes first, then what reconciling finds. Raises `Unavailable` where one may still
    rest.
    """
    asked = await _live(desk)
    unsure = await _stop_entries(desk)
    for order in asked:
        await _cancel_if_working(desk, order)
    for attempt in range(READ_BACKS):
        if attempt:
            await desk.clock.sleep_until(desk.clock.now() + SECOND)
        await reconcile_desk(data, desk)
        left = await _live(desk)
        if not left:
            break
        for order in left:
            await _cancel_if_working(desk, order)
    else:
        left = await _live(desk)
    after = await _now(desk, asked)
    if left:
        ids = ", ".join(order.client_order_id for order in left)
        raise Unavailable(
            f"{ends_of(after)}, but {len(left)} may still rest: {ids}.",
            remedy=AGAIN,
        )
    return Done("cancel-all", OURS, ends_of(after) + unsure, after)


async def _stop_entries(desk: Desk) -> str:
    """Trigger the order groups of a halted or flattening desk; what to add where one may not be."""
    if desk.groups is None:
        return ""
    async with desk.store.unit(reads=True) as unit:
        state = await unit.desk.state()
    if state not in {DeskState.HALTED, DeskState.FLATTEN}:
        return ""
    shards = await trigger_groups(desk.groups, desk.store)
    named = ", ".join(map(str, shards))
    return f"; the order group of shard {named} may not be triggered" if shards else ""


async def cancel_everything(data: MarketData, desk: Desk) -> Done:
    """Cancel whatever rests in the account, foreign orders too, and read it back.

    Nothing is sent for a minute from then on, which is on record before the exchange is asked: it
    may sweep away what is placed meanwhile. Raises `Unavailable` where something may still rest.
    """
    asked = await _live(desk)
    async with desk.store.unit() as unit:
        await unit.catalog.set_marker(COOLING_UNTIL, desk.clock.now() + COOLING)
        await unit.commit()
    await _tell(desk, asked, Cause.CANCEL, "everything in the account is to go")
    desk.lease.check()
    outcome = await desk.trading.cancel_all()
    words = " ".join(filter(None, (outcome.kind, outcome.code, outcome.message)))
    await _tell(desk, asked, Cause.CANCEL_ANSWER, words)
    resting = await _still_resting(data, desk)
    if resting.items or not resting.complete:
        why = outcome.message or outcome.code or resting.why or "no word from the exchange"
        raise Unavailable(
            f"{len(resting.items)} orders may still rest ({outcome.kind}: {why}).",
            remedy=AGAIN,
        )
    if outcome.kind is not OutcomeKind.DONE:
        raise Unavailable(
            f"Nothing rests now, but the cancel is not confirmed ({outcome.kind}: "
            f"{outcome.message or outcome.code}).",
            remedy=AGAIN,
        )
    after = await _now(desk, asked)
    told = f"nothing rests any more; of ours {ends_of(after)}; nothing is sent for a minute"
    return Done("cancel-all", EVERYTHING, told, after)


async def _tell(desk: Desk, orders: Iterable[Order], cause: Cause, words: str) -> None:
    """Say in the trails of orders that live what is asked for all of them at once."""
    fold = partial(_if_it_lives, now_us=desk.clock.now())
    folds = {order.client_order_id: fold for order in orders}
    await amend(desk.store, folds, cause, words)


def _if_it_lives(order: Order, now_us: int) -> Order | None:
    return None if order.state in DEAD else replace(order, updated_us=now_us)


async def _still_resting(data: MarketData, desk: Desk) -> Collected[OrderReport]:
    """What the account has resting, foreign orders too; reads lag, so it is asked a few times."""
    await reconcile_desk(data, desk)
    resting = await _resting(desk)
    for _ in range(READ_BACKS - 1):
        if resting.complete and not resting.items:
            break
        await desk.clock.sleep_until(desk.clock.now() + SECOND)
        await reconcile_desk(data, desk)
        resting = await _resting(desk)
    return resting


async def _resting(desk: Desk) -> Collected[OrderReport]:
    return await collect(lambda cursor: desk.trading.orders(resting_only=True, cursor=cursor))


async def flatten(data: MarketData, desk: Desk, *, policy: TradePolicy) -> Done:
    """Cancel our orders, then sell all that we hold, and read it back.

    Foreign positions stay. An order that will not go keeps nothing from being sold but what it may
    sell itself, an exchange that cannot be read nothing at all: the journal sees to it that no more
    leaves than is held. Raises
    `StillHeld` where something is, and `Unavailable` where only something may still rest.
    """
    problems: list[str] = []
    try:
        canceled = await cancel_ours(data, desk)
    except PASSING as error:
        canceled = Done("cancel-all", OURS, "")
        problems.append(str(error))
    view = await look(desk.store, now_us=desk.clock.now(), filters=policy.filters)
    held = _ours(view.positions)
    sold = await _sold(data, desk, view, held, policy) if held else Sold((), ())
    problems += [problem for problem in sold.problems if problem not in problems]
    if held:
        try:
            await reconcile_desk(data, desk)
        except PASSING as error:
            if str(error) not in sold.problems:
                problems.append(f"What was sold could not be read back: {error}")
    orders = await _now(desk, sold.orders)
    unfilled = [order for order in orders if not order.filled]
    problems += [f"{o.intent.ticker}: {o.state} {o.message}".strip() + "." for o in unfilled]
    async with desk.store.unit(reads=True) as unit:
        after = await unit.ledger.positions(open_only=False)
    left = sorted({p.ticker for p in _ours(after) if not p.is_flat})
    if left:
        raise StillHeld(
            " ".join((f"Still held: {', '.join(left)}.", *problems)),
            sales(held, after),
            remedy="`kalshi track`, or a loop that runs, goes on selling; nothing new is entered "
            "until `kalshi resume`.",
        )
    if problems:
        raise Unavailable(
            " ".join(("Nothing is held by our books.", *problems)),
            remedy=AGAIN,
        )
    said = f"{canceled.outcome}; flat"
    return Done("flatten", OURS, said, (*canceled.orders, *orders), sales(held, after))


async def _sold(
    data: MarketData, desk: Desk, view: DeskView, held: Sequence[Position], policy: TradePolicy
) -> Sold:
    """What could be sold."""
    async with desk.store.unit(reads=True) as unit:
        cash = await unit.ledger.cash()  # exits ask for none
    try:
        return await sell(data, desk, view, held, cash=cash, policy=policy)
    except PASSING as error:
        return Sold((), (str(error),))


def _ours(positions: Iterable[Position]) -> list[Position]:
    """What we hold, foreign positions apart."""
    return [position for position in positions if position.owner != EXTERNAL]


async def _live(desk: Desk) -> tuple[Order, ...]:
    async with desk.store.unit() as unit:
        return await unit.journal.live()


async def _now(desk: Desk, orders: Iterable[Order]) -> tuple[Order, ...]:
    async with desk.store.unit() as unit:
        return await unit.journal.find(client_order_ids=[o.client_order_id for o in orders])


async def _cancel_if_working(desk: Desk, order: Order) -> None:
    """One cancel that fails keeps no other from being sent: the reading back tells."""
    if order.state not in WORKING:
        return
    try:
        await cancel(desk, order, "everything of ours is to go")
    except KalshiError as error:
        if not isinstance(error, Unavailable):
            raise


def ends_of(orders: Iterable[Order]) -> str:
    """`2 canceled, 1 filled`, or that there is nothing."""
    states = [order.state for order in orders if order.state in DEAD]
    counted = [f"{states.count(state)} {state}" for state in OrderState if state in states]
    return ", ".join(counted) or "none rests"
