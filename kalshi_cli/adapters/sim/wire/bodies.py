"""Request bodies of writes, as the exchange's specification writes them, and what they ask for.

Amounts are strings, and nothing else will do. Whatever cannot be read raises `BadBody`; an amount
that the exchange would refuse on its merits becomes a `Rejected`.
"""

from typing import Annotated, TypeVar

import msgspec

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import (
    AUTO_ROUTE,
    Amend,
    Decrease,
    Place,
    Rejected,
    SelfTrade,
    Transfer,
)
from kalshi_cli.errors import InvalidValue

Body = TypeVar("Body")

Whole = Annotated[int, msgspec.Meta(ge=-1, le=100)]
"""A shard's index, or that of a subaccount."""
UnixSeconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Until the end of the year 9999, the last that RFC 3339 can write: milliseconds are beyond it."""
Centicents = Annotated[int, msgspec.Meta(ge=-(10**13), le=10**13)]

NO_SUBACCOUNT = Rejected(403, "forbidden", "there are no subaccounts here")
_BAD_SIZE = Rejected(400, "invalid_order_size")
_CENTICENT = 100


class BadBody(Exception):
    """A body that is no JSON of the wanted shape: 400 with the flat error body."""


class NewOrder(msgspec.Struct):
    """CreateOrderV2Request."""

    ticker: str
    side: Side
    count: str
    price: str
    time_in_force: TimeInForce
    self_trade_prevention_type: SelfTrade
    client_order_id: str = ""
    expiration_time: UnixSeconds | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    subaccount: Whole = 0
    exchange_index: Whole = AUTO_ROUTE
    order_group_id: str = ""

    def command(self) -> Place | Rejected:
        """The order that is asked for, or why it cannot be one."""
        if self.subaccount:
            return NO_SUBACCOUNT
        price, count = _price(self.price), _count(self.count)
        if isinstance(price, Rejected):
            return price
        if isinstance(count, Rejected):
            return count
        return Place(
            client_order_id=self.client_order_id,
            ticker=self.ticker,
            side=self.side,
            price=price,
            count=count,
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            expiration_us=None if self.expiration_time is None else self.expiration_time * SECOND,
            self_trade_prevention=self.self_trade_prevention_type,
            shard=self.exchange_index,
            group_id=self.order_group_id,
            cancel_on_pause=self.cancel_order_on_pause,
        )


class NewOrders(msgspec.Struct):
    """BatchCreateOrdersV2Request."""

    orders: list[NewOrder]


class OrderToCancel(msgspec.Struct):
    """One order of a BatchCancelOrdersV2Request."""

    order_id: str
    subaccount: Whole = 0
    exchange_index: Whole | None = None
    market_ticker: str = ""


class OrdersToCancel(msgspec.Struct):
    """BatchCancelOrdersV2Request."""

    orders: list[OrderToCancel]


class AmendOrder(msgspec.Struct):
    """AmendOrderV2Request. Without `expiration_time` the expiry stays, 0 takes it away."""

    ticker: str
    side: Side
    price: str
    count: str
    client_order_id: str = ""
    updated_client_order_id: str = ""
    expiration_time: UnixSeconds | None = None
    exchange_index: Whole = AUTO_ROUTE

    def command(self, order_id: str) -> Amend | Rejected:
        """The change that is asked for, or why it cannot be one."""
        price, count = _price(self.price), _count(self.count)
        if isinstance(price, Rejected):
            return price
        if isinstance(count, Rejected):
            return count
        return Amend(
            order_id=order_id,
            ticker=self.ticker,
            side=self.side,
            price=price,
            count=count,
            client_order_id=self.client_order_id,
            new_client_order_id=self.updated_client_order_id,
            expiration_us=None if self.expiration_time is None else self.expiration_time * SECOND,
            shard=self.exchange_index,
        )


class DecreaseOrder(msgspec.Struct):
    """DecreaseOrderV2Request: one of `reduce_by` and `reduce_to`."""

    reduce_by: str | None = None
    reduce_to: str | None = None
    exchange_index: Whole | None = None
    market_ticker: str = ""

    def command(self, order_id: str, shard: int) -> Decrease | Rejected:
        """The decrease that is asked for, or why it cannot be one."""
        by = None if self.reduce_by is None else _count(self.reduce_by)
        to = None if self.reduce_to is None else _count(self.reduce_to)
        if isinstance(by, Rejected) or isinstance(to, Rejected):
            return _BAD_SIZE
        return Decrease(order_id, by, to, shard)


class GroupTerms(msgspec.Struct):
    """CreateOrderGroupRequest and UpdateOrderGroupLimitRequest: both limits must agree."""

    contracts_limit: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None
    contracts_limit_fp: str | None = None
    subaccount: Whole = 0
    exchange_index: Whole = 0

    def limit(self) -> Contracts | Rejected:
        """Contracts that may match in 15 seconds, or why that is not to be had from the body."""
        given = [
            *([] if self.contracts_limit is None else [Contracts(self.contracts_limit * 100)]),
            *([] if self.contracts_limit_fp is None else [_count(self.contracts_limit_fp)]),
        ]
        if given and isinstance(given[0], Contracts) and given.count(given[0]) == len(given):
            return given[0]
        return Rejected(400, "bad_request", "give contracts_limit or contracts_limit_fp")


class NewTransfer(msgspec.Struct):
    """IntraExchangeInstanceTransferRequest; the amount is in hundredths of a cent."""

    source: str
    destination: str
    amount: Centicents
    client_transfer_id: str = ""
    source_exchange_shard: Whole = 0
    destination_exchange_shard: Whole = 0
    source_subaccount: Whole = 0
    destination_subaccount: Whole = 0

    def command(self) -> Transfer | Rejected:
        """The transfer that is asked for, or why it cannot be one."""
        if self.source_subaccount or self.destination_subaccount:
            return NO_SUBACCOUNT
        if {self.source, self.destination} != {"event_contract"}:
            return Rejected(403, "forbidden", "there is no margin account here")
        return Transfer(
            amount=Money(self.amount * _CENTICENT),
            source=self.source_exchange_shard,
            destination=self.destination_exchange_shard,
            client_transfer_id=self.client_transfer_id,
        )


def read_body(raw: bytes, kind: type[Body]) -> Body:
    """A body of a kind. Raises `BadBody` for what is none."""
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(str(error)) from error


def _price(text: str) -> Price | Rejected:
    try:
        return Price.parse(text)
    except InvalidValue:
        return Rejected(400, "invalid_price")


def _count(text: str) -> Contracts | Rejected:
    try:
        return Contracts.parse(text)
    except InvalidValue:
        return _BAD_SIZE
