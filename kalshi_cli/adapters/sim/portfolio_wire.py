"""The account as the exchange's API writes it: money in dollars with six decimals.

Three amounts are whole cents, cut off, as at the exchange: `balance`, `portfolio_value` and a
settlement's `revenue` and `value`.
"""

from collections.abc import Iterable
from operator import attrgetter

from kalshi_cli.adapters.sim.market_wire import Wire, amounts, cents, outcome, when
from kalshi_cli.domain.instant import MILLISECOND, SECOND
from kalshi_cli.domain.market import MarketStatus
from kalshi_cli.domain.marks import mark
from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, total
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, outcome_cost
from kalshi_cli.engine.account import Account, Settled
from kalshi_cli.engine.commands import Canceled, Placed
from kalshi_cli.engine.exchange import Exchange
from kalshi_cli.engine.orders import ExchangeOrder, derived_id


def balance_wire(exchange: Exchange) -> Wire:
    """Cash in hand; what resting orders may still cost is not taken off."""
    cash = exchange.account.cash
    return {
        "balance": cents(cash),
        "balance_dollars": str(cash),
        "portfolio_value": cents(_portfolio_value(exchange)),
        "updated_ts": exchange.now_us // SECOND,
        "balance_breakdown": [{"exchange_index": 0, "balance": str(cash)}],
    }


def _portfolio_value(exchange: Exchange) -> Money:
    """What positions are worth: the result where it is known, else what the book says."""
    return total(
        [_value(exchange, held) for held in exchange.account.positions.values() if held.net]
    )


def _value(exchange: Exchange, held: Position) -> Money:
    market = exchange.catalog.markets[held.ticker]
    if market.payout is not None:
        price = market.payout if held.net.units > 0 else market.payout.complement
        return price * abs(held.net)
    if market.status is not MarketStatus.ACTIVE:
        return NO_MONEY
    bids, asks = exchange.world.ladders(held.ticker)
    return mark(held.net, bids[0] if bids else None, asks[0] if asks else None).value


def placed_wire(placed: Placed) -> Wire:
    """The answer to a new order: no status, averages only where something filled."""
    wire: Wire = {
        "order_id": placed.order_id,
        "client_order_id": placed.client_order_id,
        "fill_count": str(placed.filled),
        "remaining_count": str(placed.remaining),
        "ts_ms": placed.at_us // MILLISECOND,
    }
    if placed.filled:
        wire["average_fill_price"] = _average(placed.cost, placed.filled, decimals=4)
        wire["average_fee_paid"] = _average(placed.fees, placed.filled, decimals=4)
    return wire


def _average(amount: Money, count: Contracts, decimals: int) -> str:
    return f"{round(amount.decimal / count.decimal, decimals):.{decimals}f}"


def canceled_wire(canceled: Canceled) -> Wire:
    return {
        "order_id": canceled.order_id,
        "client_order_id": canceled.client_order_id,
        "reduced_by": str(canceled.reduced_by),
        "ts_ms": canceled.at_us // MILLISECOND,
    }


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
        "initial_count_fp": str(order.initial),
        "fill_count_fp": str(order.filled),
        "remaining_count_fp": str(order.remaining),
        "taker_fill_cost_dollars": str(order.taker_cost),
        "maker_fill_cost_dollars": str(order.maker_cost),
        "taker_fees_dollars": str(order.taker_fees),
        "maker_fees_dollars": str(order.maker_fees),
        "created_time": when(order.created_us),
        "last_update_time": when(order.updated_us),
        "self_trade_prevention_type": order.self_trade_prevention,
        "subaccount_number": 0,
        "exchange_index": 0,
    }
    if order.expires_us is not None:
        wire["expiration_time"] = when(order.expires_us)
    return wire


def fill_wire(fill: Fill) -> Wire:
    return {
        "fill_id": fill.fill_id,
        "trade_id": fill.fill_id,
        "order_id": fill.order_id,
        "ticker": fill.ticker,
        "market_ticker": fill.ticker,
        "outcome_side": outcome(fill.side),
        "book_side": fill.side,
        "is_taker": fill.is_taker,
        "fee_cost": str(fill.fee),
        "created_time": when(fill.at_us),
        "ts": fill.at_us // SECOND,
        "subaccount_number": 0,
        "exchange_index": fill.exchange_index,
        **amounts(fill.price, fill.count),
    }


def settlement_wire(settled: Settled) -> Wire:
    """A settlement in its mixed units. `fee_cost` repeats fees that the fills paid already."""
    settlement = settled.settlement
    net, long = settlement.net, settlement.net.units > 0
    return {
        "ticker": settlement.ticker,
        "event_ticker": settlement.event_ticker,
        "market_result": settlement.result,
        "yes_count_fp": str(net if long else NO_CONTRACTS),
        "yes_total_cost_dollars": str(settled.cost if long else NO_MONEY),
        "no_count_fp": str(NO_CONTRACTS if long else -net),
        "no_total_cost_dollars": str(NO_MONEY if long else settled.cost),
        "revenue": cents(settlement.revenue),
        "value": settlement.value.units // 100,
        "fee_cost": str(settlement.fee),
        "settled_time": when(settlement.settled_us),
        "exchange_index": 0,
    }


def position_wire(held: Position, traded: Money) -> Wire:
    return {
        "ticker": held.ticker,
        "exchange_index": 0,
        "position_fp": str(held.net),
        "market_exposure_dollars": str(held.cost),
        "total_traded_dollars": str(traded),
        "realized_pnl_dollars": str(held.realized),
        "fees_paid_dollars": str(held.fees),
        "last_updated_ts": when(held.updated_us),
    }


def event_position_wire(event_ticker: str, held: list[Position], fills: list[Fill]) -> Wire:
    """Positions of one event together."""
    return {
        "event_ticker": event_ticker,
        "total_cost_dollars": str(traded_dollars(fills)),
        "total_cost_shares_fp": str(Contracts(sum(fill.count.units for fill in fills))),
        "event_exposure_dollars": _sum(held, "cost"),
        "realized_pnl_dollars": _sum(held, "realized"),
        "fees_paid_dollars": _sum(held, "fees"),
    }


def traded_dollars(fills: Iterable[Fill]) -> Money:
    """What the outcomes bought cost, before fees."""
    return total([outcome_cost(fill.side, fill.price, fill.count) for fill in fills])


def _sum(held: list[Position], name: str) -> str:
    return str(total([attrgetter(name)(position) for position in held]))


def deposit_wire(account: Account, world_id: str) -> Wire:
    """The deposit that opened the account."""
    return {
        "id": derived_id(world_id, "deposit", 1),
        "status": "applied",
        "type": "wire",
        "amount_cents": cents(account.deposit),
        "fee_cents": 0,
        "created_ts": account.opened_us // SECOND,
        "finalized_ts": account.opened_us // SECOND,
    }
