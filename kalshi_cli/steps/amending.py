"""Changing what rests, or canceling it, so that it is never thought smaller than it may be.

The change is on record before the request. Until the exchange's own word about the order tells,
the larger size and the worse price count; an unknown outcome is read back by `reconcile`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import WORKING, Order, OrderState, Pending, Terms, fold_report
from kalshi_cli.domain.trail import Cause
from kalshi_cli.errors import PASSING
from kalshi_cli.ports.exchange import (
    Amendment,
    AmendmentKind,
    Cancellation,
    CancellationKind,
    OrderAddress,
    Trading,
)
from kalshi_cli.steps.execution import Desk, permit
from kalshi_cli.steps.following import amend

BUSY = Amendment(AmendmentKind.REFUSED, code="not_working", message="it does not rest undisturbed")


async def cancel(desk: Desk, order: Order, why: str) -> tuple[Order, Cancellation]:
    """Cancel one working order. A 404 alone is no proof: the next reconciliation reads it back."""
    (canceled,) = await cancel_many(desk, {order: why})
    return canceled


async def cancel_many(desk: Desk, why: Mapping[Order, str]) -> list[tuple[Order, Cancellation]]:
    """Cancel working orders with one request, each with its own outcome, in the order given; why
    each is to go is kept in its trail.

    None of them is thought gone for another's sake: see `cancel`.
    """
    known = [order for order in why if order.order_id is not None]
    asked = partial(_asked_to_cancel, now_us=desk.clock.now())
    told = {order.client_order_id: reason for order, reason in why.items()}
    await amend(desk.store, {order.client_order_id: asked for order in known}, Cause.CANCEL, told)
    desk.lease.check()
    answers = await _asked_for([address(order) for order in known], desk.trading)
    answered = dict(zip([order.client_order_id for order in known], answers, strict=True))
    return [await _canceled_as(desk, order, answered.get(order.client_order_id)) for order in why]


async def _asked_for(known: Sequence[OrderAddress], trading: Trading) -> Sequence[Cancellation]:
    if len(known) == 1:
        return [await trading.cancel(known[0].order_id, known[0].ticker, known[0].exchange_index)]
    return await trading.cancel_batch(known) if known else ()


def address(order: Order) -> OrderAddress:
    """Where the exchange finds an order whose id it told."""
    intent = order.intent
    return OrderAddress(order.order_id or "", intent.ticker, intent.exchange_index)


async def _canceled_as(
    desk: Desk, order: Order, answer: Cancellation | None
) -> tuple[Order, Cancellation]:
    if answer is None:
        return order, Cancellation(CancellationKind.UNKNOWN, message="its outcome is not known yet")
    fold = partial(_after_cancel, answer=answer, now_us=desk.clock.now())
    words = " ".join(filter(None, (answer.kind, answer.code, answer.message)))
    (order,) = await amend(desk.store, {order.client_order_id: fold}, Cause.CANCEL_ANSWER, words)
    if answer.kind is CancellationKind.CANCELED:
        order = await read_anew(desk, order)
    return order, answer


async def decrease(desk: Desk, order: Order, remaining: Contracts) -> tuple[Order, Amendment]:
    """Leave fewer contracts resting; the place in the queue stays. Never waits for a halt."""
    asked = Terms(order.intent.limit, order.filled + remaining, order.intent.expires_us)
    ask = partial(desk.trading.decrease, address(order), remaining)
    order, answer = await _change(desk, order, asked, ask)
    return (await read_anew(desk, order) if order.asked else order), answer


async def reprice(desk: Desk, order: Order, terms: Terms) -> tuple[Order, Amendment]:
    """Give an order another price or count, if the desk may send now; its place is lost."""
    intent = replace(
        order.intent, limit=terms.limit, count=terms.count, expires_us=terms.expires_us
    )
    allowed = permit(desk, order.intent.purpose, desk.clock.wall())
    ask = partial(desk.trading.amend, order.order_id or "", intent, permit=allowed)
    order, answer = await _change(desk, order, terms, ask)
    if answer.kind is AmendmentKind.AMENDED:
        done = partial(_done, terms=terms, now_us=desk.clock.now())
        (order,) = await amend(desk.store, {order.client_order_id: done}, Cause.AMEND_ANSWER)
    told_sizes = answer.filled is not None or answer.kind is not AmendmentKind.AMENDED
    return (await read_anew(desk, order) if told_sizes else order), answer


async def _change(
    desk: Desk, order: Order, asked: Terms, ask: Callable[[], Awaitable[Amendment]]
) -> tuple[Order, Amendment]:
    """Ask for other terms, once that is on record; a refusal leaves the order as it was."""
    if order.order_id is None or order.state not in WORKING or order.pending is not Pending.NONE:
        return order, BUSY
    begin = partial(_asked, asked=asked, now_us=desk.clock.now())
    wanted = f"{asked.count} at {asked.limit}"
    (order,) = await amend(desk.store, {order.client_order_id: begin}, Cause.AMEND, wanted)
    if order.asked != asked:
        return order, BUSY
    desk.lease.check()
    answer = await ask()
    heard = partial(_heard, answer=answer, now_us=desk.clock.now())
    words = " ".join(filter(None, (answer.kind, answer.code, answer.message)))
    (order,) = await amend(desk.store, {order.client_order_id: heard}, Cause.AMEND_ANSWER, words)
    return order, answer


def _heard(order: Order, answer: Amendment, now_us: int) -> Order:
    """Reads lag from here on: the change may have been made just now."""
    heard = replace(order, updated_us=now_us)
    return heard.unchanged() if answer.kind is AmendmentKind.REFUSED else heard


def _asked(order: Order, asked: Terms, now_us: int) -> Order | None:
    free = order.state in WORKING and order.pending is Pending.NONE
    return order.changing(asked, now_us) if free else None


def _done(order: Order, terms: Terms, now_us: int) -> Order:
    return order.changed(terms, now_us) if order.asked == terms else order


def _asked_to_cancel(order: Order, now_us: int) -> Order:
    pending = Pending.CANCEL if order.state in WORKING else order.pending
    return replace(order, pending=pending, updated_us=now_us)


def _after_cancel(order: Order, answer: Cancellation, now_us: int) -> Order:
    """Working on after a refusal; ended, where what filled and was taken back is all of it, and all
    of it is known.
    """
    heard = replace(order, updated_us=now_us)
    if answer.kind is CancellationKind.REFUSED:
        return replace(heard, pending=Pending.AMEND if heard.asked else Pending.NONE)
    if answer.kind is not CancellationKind.CANCELED or order.state not in WORKING:
        return heard
    if order.asked is not None or order.filled + answer.reduced_by != order.intent.count:
        return heard
    return heard.moved(OrderState.CANCELED, now_us)


async def read_anew(desk: Desk, order: Order) -> Order:
    """A working order by the exchange's own word, after a request whose sizes do not tell it all.

    More may have filled meanwhile, or somebody changed it by hand. Where the exchange has no word
    yet, it works on, and the next reconciliation asks again.
    """
    if order.state not in WORKING or order.order_id is None:
        return order
    try:
        report = await desk.trading.order(order.order_id)
    except PASSING:
        return order
    if report is not None:
        told = partial(fold_report, report=report, now_us=desk.clock.now())
        (order,) = await amend(desk.store, {order.client_order_id: told}, Cause.REPORT)
    return order
