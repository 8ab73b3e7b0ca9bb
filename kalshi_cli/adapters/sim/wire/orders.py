"""Orders, and answers to order writes, as the exchange's API writes them."""

from kalshi_cli.adapters.sim.wire.markets import Wire, outcome, when
from kalshi_cli.adapters.sim.wire.replies import error_wire
from kalshi_cli.domain.instant import MILLISECOND
from kalshi_cli.domain.money import NO_CONTRACTS, Contracts, Money
from kalshi_cli.engine.commands import Amended, Canceled, Decreased, Placed, Rejected
from kalshi_cli.engine.orders import ExchangeOrder


def order_wire(order: ExchangeOrder, user_id: str) -> Wire:
    wire: Wire = {
        "order_id": order.order_id,
        "user_id": user_id,
        "client_order_id": order.client_order_id,
        "ticker": order.ticker,
        "outcome_side": outcome(order.side),
        "book_side": order.side,
        "type": "limit",
        "status": order.status,
        "yes_price_dollars": str(order.price),
        "no_price_dollars": str(order.price.complement),
        **amounts_wire(order),
        "created_time": when(order.created_us),
        "last_update_time": when(order.updated_us),
        "self_trade_prevention_type": order.self_trade_prevention,
        "cancel_order_on_pause": order.cancel_on_pause,
        "subaccount_number": 0,
        "exchange_index": order.shard,
    }
    if order.expires_us is not None:
        wire["expiration_time"] = when(order.expires_us)
    if order.group_id:
        wire["order_group_id"] = order.group_id
    return wire


def amounts_wire(order: ExchangeOrder) -> Wire:
    """What of an order filled and rests, and at what cost: alike in answers and on the stream."""
    return {
        "initial_count_fp": str(order.initial),
        "fill_count_fp": str(order.filled),
        "remaining_count_fp": str(order.remaining),
        "taker_fill_cost_dollars": str(order.taker_cost),
        "maker_fill_cost_dollars": str(order.maker_cost),
        "taker_fees_dollars": str(order.taker_fees),
        "maker_fees_dollars": str(order.maker_fees),
    }


def placed_wire(placed: Placed) -> Wire:
    """The answer to a new order: no status, averages only where something filled."""
    return {
        "order_id": placed.order_id,
        "client_order_id": placed.client_order_id,
        "fill_count": str(placed.filled),
        "remaining_count": str(placed.remaining),
        "ts_ms": placed.at_us // MILLISECOND,
        **_averages(placed),
    }


def failed_order_wire(client_order_id: str, rejected: Rejected) -> Wire:
    """An order of a batch that was not taken on."""
    return {"client_order_id": client_order_id, "error": error_wire(rejected)}


def canceled_wire(canceled: Canceled) -> Wire:
    return {
        "order_id": canceled.order_id,
        "client_order_id": canceled.client_order_id,
        "reduced_by": str(canceled.reduced_by),
        "ts_ms": canceled.at_us // MILLISECOND,
    }


def failed_cancel_wire(order_id: str, rejected: Rejected) -> Wire:
    """An order of a batch that was not canceled."""
    return {
        "order_id": order_id,
        "reduced_by": str(NO_CONTRACTS),
        "error": error_wire(rejected),
    }


def amended_wire(amended: Amended) -> Wire:
    """The answer to an amend: what rests now, and what it filled on the way; null if neither."""
    told = amended.resized or bool(amended.filled)
    return {
        "order_id": amended.order_id,
        "client_order_id": amended.client_order_id,
        "remaining_count": str(amended.remaining) if told else None,
        "fill_count": str(amended.filled) if told else None,
        "ts_ms": amended.at_us // MILLISECOND,
        **_averages(amended),
    }


def decreased_wire(decreased: Decreased) -> Wire:
    return {
        "order_id": decreased.order_id,
        "client_order_id": decreased.client_order_id,
        "remaining_count": str(decreased.remaining),
        "ts_ms": decreased.at_us // MILLISECOND,
    }


def _averages(traded: Placed | Amended) -> Wire:
    if not traded.filled:
        return {}
    return {
        "average_fill_price": _average(traded.cost, traded.filled, decimals=4),
        "average_fee_paid": _average(traded.fees, traded.filled, decimals=4),
    }


def _average(amount: Money, count: Contracts, decimals: int) -> str:
    return f"{round(amount.decimal / count.decimal, decimals):.{decimals}f}"
