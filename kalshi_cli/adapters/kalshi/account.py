"""The account's objects of the wire as domain values. Everything here raises `InvalidValue`."""

from kalshi_cli.adapters.kalshi.public import book_side, instant, seconds
from kalshi_cli.adapters.kalshi.rows import identity, money, price, quantity, traded, word
from kalshi_cli.adapters.kalshi.wire import (
    BalanceWire,
    FillWire,
    OrderWire,
    PositionWire,
    QueuePositionWire,
    SettlementWire,
    TransferWire,
)
from kalshi_cli.domain.account import (
    Balance,
    CashKind,
    CashMovement,
    ExchangePosition,
    Settlement,
    settlement_revenue,
)
from kalshi_cli.domain.instant import parse_rfc3339
from kalshi_cli.domain.market import Result, payout
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill, OrderReport
from kalshi_cli.errors import InvalidValue
from kalshi_cli.ports.exchange import QueuePosition

CENT = 10_000
"""Units of Money in a cent."""
_PRICE_UNITS_PER_CENT = 100


def to_order(wire: OrderWire) -> OrderReport:
    return OrderReport(
        order_id=identity(wire.order_id, "order id"),
        client_order_id=wire.client_order_id or None,
        ticker=identity(wire.ticker, "ticker"),
        side=book_side(wire.book_side, wire.outcome_side),
        price=price(wire.yes_price_dollars),
        initial=quantity(wire.initial_count_fp),
        filled=quantity(wire.fill_count_fp),
        remaining=quantity(wire.remaining_count_fp),
        status=word(ExchangeOrderStatus, wire.status, "order status"),
        created_us=parse_rfc3339(wire.created_time),
        expires_us=instant(wire.expiration_time),
        exchange_index=wire.exchange_index or 0,
    )


def to_fill(wire: FillWire) -> Fill:
    return Fill(
        fill_id=identity(wire.fill_id, "fill id"),
        order_id=identity(wire.order_id, "order id"),
        ticker=identity(wire.ticker, "ticker"),
        side=book_side(wire.book_side, wire.outcome_side),
        price=price(wire.yes_price_dollars),
        count=traded(wire.count_fp),
        is_taker=wire.is_taker,
        fee=money(wire.fee_cost),
        at_us=parse_rfc3339(wire.created_time),
        exchange_index=wire.exchange_index or 0,
    )


def to_position(wire: PositionWire) -> ExchangePosition:
    return ExchangePosition(
        ticker=identity(wire.ticker, "ticker"),
        net=Contracts.parse(wire.position_fp),
        exchange_index=wire.exchange_index or 0,
    )


def to_settlement(wire: SettlementWire, scalar_value: Price | None) -> Settlement:
    """A settlement in exact dollars.

    The wire has whole cents, cut off, and counts of YES and NO of which the smaller was netted
    before. So the payout is taken from the result (`scalar_value`, of the market, for a scalar
    one), and the cents are used to check it: a difference of a cent or more refuses the row.
    """
    result = word(Result, wire.market_result, "result")
    value = payout(result, scalar_value)
    if value is None:
        raise InvalidValue("The exact value of a scalar result is not known.")
    net = quantity(wire.yes_count_fp) - quantity(wire.no_count_fp)
    revenue = settlement_revenue(net, value)
    if abs(revenue.units - wire.revenue * CENT) >= CENT:
        raise InvalidValue(f"{wire.revenue} cents paid where {revenue} dollars were due.")
    if result is Result.SCALAR and wire.value not in {None, value.units // _PRICE_UNITS_PER_CENT}:
        raise InvalidValue(f"A value of {wire.value} cents where the market says ${value}.")
    return Settlement(
        ticker=identity(wire.ticker, "ticker"),
        event_ticker=identity(wire.event_ticker, "event ticker"),
        result=result,
        value=value,
        net=net,
        revenue=revenue,
        fee=money(wire.fee_cost),
        settled_us=parse_rfc3339(wire.settled_time),
        exchange_index=wire.exchange_index or 0,
    )


def to_cash(wire: TransferWire, kind: CashKind) -> CashMovement | None:
    """A deposit or withdrawal; None where it never moved the balance.

    One that was `returned` takes back what it brought, if it was applied before. Whether a fee is
    inside or on top of the amount is documented nowhere: what it took is left for the comparison
    of cash to show, and for a person to accept.
    """
    name = f"{kind}:{identity(wire.id, 'id')}"
    sign = 1 if kind is CashKind.DEPOSIT else -1
    amount = Money(sign * wire.amount_cents * CENT)
    at_us = seconds(wire.finalized_ts or wire.created_ts)
    if wire.status == "applied":
        return CashMovement(name, kind, amount, at_us)
    if wire.status == "returned":
        return CashMovement(f"{name}:returned", kind, -amount, at_us, reverses=name)
    return None


def to_queue_position(wire: QueuePositionWire) -> QueuePosition:
    return QueuePosition(
        order_id=identity(wire.order_id, "order id"),
        ticker=identity(wire.market_ticker, "ticker"),
        ahead=quantity(wire.queue_position_fp),
    )


def to_balance(wire: BalanceWire, at_us: int) -> Balance:
    shards = tuple((s.exchange_index, money(s.balance)) for s in wire.balance_breakdown or ())
    return Balance(cash=money(wire.balance_dollars), at_us=at_us, by_shard=shards)
