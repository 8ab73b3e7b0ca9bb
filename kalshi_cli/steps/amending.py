"""Changing an order that rests, so that it is never thought smaller than it may be.

The change is on record before the request. Until the exchange's own word about the order tells,
the larger size and the worse price count; an unknown outcome is read back by `reconcile`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import WORKING, Order, Pending, Terms
from kalshi_cli.domain.trail import Cause
from kalshi_cli.ports.exchange import Amendment, AmendmentKind
from kalshi_cli.steps.execution import Desk, address, permit, read_anew
from kalshi_cli.steps.following import amend

BUSY = Amendment(AmendmentKind.REFUSED, code="not_working", message="it does not rest undisturbed")


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


def _asked(order: Order, asked: Terms, now_us: int) -> Order:
    free = order.state in WORKING and order.pending is Pending.NONE
    return order.changing(asked, now_us) if free else order


def _done(order: Order, terms: Terms, now_us: int) -> Order:
    return order.changed(terms, now_us) if order.asked == terms else order
