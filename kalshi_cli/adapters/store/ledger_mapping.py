"""Between rows and domain values of orders and money, as in `market_mapping`."""

from typing import Any

from sqlalchemy import ColumnElement

from kalshi_cli.adapters.store import tables as t
from kalshi_cli.adapters.store.market_mapping import Columns, Values
from kalshi_cli.domain.account import CashKind, CashMovement, Settlement
from kalshi_cli.domain.maker import maker
from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import (
    Fill,
    Order,
    OrderIntent,
    OrderState,
    Pending,
    Purpose,
    Terms,
    TimeInForce,
)
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.domain.side import Side
from kalshi_cli.domain.trail import Cause, OrderEvent

_position = maker(Position)


def order_row(order: Order) -> Columns:
    """Every column but `entry_key` and `lease_token`, which are the journal's."""
    intent = order.intent
    return {
        "client_order_id": order.client_order_id,
        "run_id": order.run_id,
        "sequence": order.sequence,
        "strategy": intent.strategy,
        "ticker": intent.ticker,
        "event_ticker": intent.event_ticker,
        "side": intent.side.value,
        "limit_price_units": intent.limit.units,
        "count_units": intent.count.units,
        "time_in_force": intent.time_in_force.value,
        "purpose": intent.purpose.value,
        "reason": intent.reason,
        "post_only": intent.post_only,
        "reduce_only": intent.reduce_only,
        "fair": intent.fair,
        "forecast_id": intent.forecast_id,
        "expires_us": intent.expires_us,
        "exchange_index": intent.exchange_index,
        "cancel_on_pause": intent.cancel_on_pause,
        "state": order.state.value,
        "pending": order.pending.value,
        "order_id": order.order_id,
        "filled_units": order.filled.units,
        "message": order.message,
        "created_us": order.created_us,
        "updated_us": order.updated_us,
        "asked_price_units": None if order.asked is None else order.asked.limit.units,
        "asked_count_units": None if order.asked is None else order.asked.count.units,
        "asked_expires_us": None if order.asked is None else order.asked.expires_us,
        "unanchored_us": order.unanchored_us,
    }


def order_columns() -> tuple[ColumnElement[Any], ...]:
    """What `order_from` reads: all but the journal's own `entry_key` and `lease_token`."""
    return tuple(c for c in t.ORDERS.c if c.name not in {"entry_key", "lease_token"})


def order_from(values: Values) -> Order:
    client_order_id, run_id, sequence = values[:3]
    state, pending, order_id, filled, message, created_us, updated_us = values[19:26]
    price, count, expires_us, unanchored_us = values[26:30]
    return Order(
        client_order_id,
        _intent_from(values[3:19]),
        OrderState(state),
        created_us,
        updated_us,
        run_id,
        sequence,
        order_id,
        Pending(pending),
        Contracts(filled),
        message,
        None if price is None else Terms(Price(price), Contracts(count), expires_us),
        unanchored_us,
    )


def event_from(values: Values) -> OrderEvent:
    client_order_id, cause, state, pending, filled, detail, at_us = values
    return OrderEvent(
        client_order_id,
        Cause(cause),
        OrderState(state),
        Pending(pending),
        Contracts(filled),
        detail,
        at_us,
    )


def _intent_from(values: Values) -> OrderIntent:
    strategy, ticker, event, side, limit, count, time_in_force, purpose, reason, *rest = values
    return OrderIntent(
        strategy,
        ticker,
        event,
        Side(side),
        Price(limit),
        Contracts(count),
        TimeInForce(time_in_force),
        Purpose(purpose),
        reason,
        *rest,
    )


def fill_row(fill: Fill, owner: str) -> Columns:
    return {
        "fill_id": fill.fill_id,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "owner": owner,
        "side": fill.side.value,
        "price_units": fill.price.units,
        "count_units": fill.count.units,
        "is_taker": fill.is_taker,
        "fee_units": fill.fee.units,
        "at_us": fill.at_us,
        "exchange_index": fill.exchange_index,
    }


def fill_from(values: Values) -> tuple[Fill, str]:
    fill_id, order_id, ticker, owner, side, price, count, is_taker, fee, at_us, index = values
    fill = Fill(
        fill_id,
        order_id,
        ticker,
        Side(side),
        Price(price),
        Contracts(count),
        is_taker,
        Money(fee),
        at_us,
        index,
    )
    return fill, owner


def settlement_row(settlement: Settlement) -> Columns:
    return {
        "ticker": settlement.ticker,
        "settled_us": settlement.settled_us,
        "revision": settlement.revision,
        "event_ticker": settlement.event_ticker,
        "result": settlement.result.value,
        "value_units": settlement.value.units,
        "net_units": settlement.net.units,
        "revenue_units": settlement.revenue.units,
        "fee_units": settlement.fee.units,
        "exchange_index": settlement.exchange_index,
    }


def settlement_from(values: Values) -> Settlement:
    ticker, settled_us, revision, event, result, value, net, revenue, fee, index = values
    return Settlement(
        ticker,
        event,
        Result(result),
        Price(value),
        Contracts(net),
        Money(revenue),
        Money(fee),
        settled_us,
        revision,
        index,
    )


def movement_row(movement: CashMovement) -> Columns:
    return {
        "movement_id": movement.movement_id,
        "kind": movement.kind.value,
        "amount_units": movement.amount.units,
        "at_us": movement.at_us,
        "exchange_index": movement.exchange_index,
        "who": movement.who,
        "why": movement.why,
    }


def movement_from(values: Values) -> CashMovement:
    movement_id, kind, amount, at_us, *rest = values
    return CashMovement(movement_id, CashKind(kind), Money(amount), at_us, *rest)


def position_row(position: Position) -> Columns:
    return {
        "ticker": position.ticker,
        "owner": position.owner,
        "net_units": position.net.units,
        "cost_units": position.cost.units,
        "realized_units": position.realized.units,
        "fees_units": position.fees.units,
        "opened_us": position.opened_us,
        "updated_us": position.updated_us,
    }


def position_from(values: Values) -> Position:
    ticker, owner, net, cost, realized, fees, opened_us, updated_us = values
    return _position(
        ticker,
        owner,
        Contracts(net),
        Money(cost),
        Money(realized),
        Money(fees),
        opened_us,
        updated_us,
    )


def trip_row(trip: RoundTrip) -> Columns:
    return {
        "round_trip_id": trip.round_trip_id,
        "ticker": trip.ticker,
        "owner": trip.owner,
        "side": trip.side.value,
        "count_units": trip.count.units,
        "entry_cost_units": trip.entry_cost.units,
        "proceeds_units": trip.proceeds.units,
        "fees_units": trip.fees.units,
        "opened_us": trip.opened_us,
        "closed_us": trip.closed_us,
        "reason": trip.reason,
    }


def trip_from(values: Values) -> RoundTrip:
    trip_id, ticker, owner, side, count, cost, proceeds, fees, opened_us, closed_us, reason = values
    return RoundTrip(
        trip_id,
        ticker,
        owner,
        Side(side),
        Contracts(count),
        Money(cost),
        Money(proceeds),
        Money(fees),
        opened_us,
        closed_us,
        reason,
    )
