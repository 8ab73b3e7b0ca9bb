"""Orders as exposure must count them: as if all that is not booked were still to come."""

from collections.abc import Sequence
from dataclasses import replace

from kalshi_cli.domain.identity import EXTERNAL
from kalshi_cli.domain.money import NO_CONTRACTS
from kalshi_cli.domain.order import (
    DEAD,
    Order,
    OrderIntent,
    OrderReport,
    OrderState,
    Purpose,
    TimeInForce,
)


def at_risk(orders: Sequence[Order], unbooked: Sequence[Order]) -> tuple[Order, ...]:
    """Live orders, and those with fills in no position yet, as if all of these were to come."""
    yet = {order.client_order_id for order in unbooked}
    live = [order for order in orders if order.client_order_id not in yet]
    return (*live, *map(_to_come, unbooked))


def _to_come(order: Order) -> Order:
    """An order before it filled; one that is over came to what it filled."""
    if order.state not in DEAD:
        return counted(order)
    return counted(replace(order, intent=replace(order.intent, count=order.filled)))


def counted(order: Order) -> Order:
    """A just-sent order as risk must see it until its fills are booked: all of it still to come."""
    if order.state in {OrderState.REJECTED, OrderState.NOT_SENT, OrderState.UNKNOWN}:
        return order
    return replace(order, state=OrderState.RESTING, filled=NO_CONTRACTS)


def foreign_order(report: OrderReport) -> Order:
    """A resting order that is not ours, as exposure must count it."""
    return Order(
        client_order_id=report.client_order_id or report.order_id,
        intent=OrderIntent(
            strategy=EXTERNAL,
            ticker=report.ticker,
            event_ticker="",
            side=report.side,
            limit=report.price,
            count=report.initial,
            time_in_force=TimeInForce.GTC,
            purpose=Purpose.ENTRY,
            reason="not ours",
            exchange_index=report.exchange_index,
        ),
        state=OrderState.PARTIALLY_FILLED if report.filled else OrderState.RESTING,
        created_us=report.created_us,
        updated_us=report.created_us,
        run_id="",
        sequence=0,
        order_id=report.order_id,
        filled=report.initial - report.remaining,
    )
