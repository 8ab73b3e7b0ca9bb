"""Our orders as the exchange keeps them, and the ids that it gives."""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from kalshi_cli.domain.money import NO_CONTRACTS, NO_MONEY, Contracts, Money, Price
from kalshi_cli.domain.order import ExchangeOrderStatus, Fill
from kalshi_cli.domain.position import outcome_cost
from kalshi_cli.domain.side import Side
from kalshi_cli.engine.commands import Place, SelfTrade


class UpdateReason(StrEnum):
    """Why an order changed last, in the exchange's words; empty where it has none."""

    NONE = ""
    TRADE = "Trade"
    AMEND = "Amend"
    DECREASE = "Decrease"
    EXPIRY = "ExpiryCancel"
    CLOSE = "CloseCancel"
    HALT = "HaltCancel"
    SELF_TRADE = "SelfTradeCancel"


@dataclass(frozen=True, slots=True)
class ExchangeOrder:
    """One order of the account. Costs are dollars for the outcome bought, without fees.

    `initial` is the count it was placed or amended to; a decrease leaves it as it is.
    """

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: Price
    initial: Contracts
    remaining: Contracts
    status: ExchangeOrderStatus
    created_us: int
    updated_us: int
    expires_us: int | None
    self_trade_prevention: SelfTrade
    shard: int = 0
    group_id: str = ""
    post_only: bool = False
    cancel_on_pause: bool = False
    filled: Contracts = NO_CONTRACTS
    taker_cost: Money = NO_MONEY
    maker_cost: Money = NO_MONEY
    taker_fees: Money = NO_MONEY
    maker_fees: Money = NO_MONEY
    reason: UpdateReason = UpdateReason.NONE

    def filled_by(self, fill: Fill) -> "ExchangeOrder":
        """The order after one of its fills."""
        left = self.remaining - fill.count
        cost = outcome_cost(fill.side, fill.price, fill.count)
        after = replace(
            self,
            filled=self.filled + fill.count,
            remaining=left,
            status=self.status if left else ExchangeOrderStatus.EXECUTED,
            updated_us=fill.at_us,
            reason=UpdateReason.TRADE,
        )
        if fill.is_taker:
            return replace(
                after, taker_cost=self.taker_cost + cost, taker_fees=self.taker_fees + fill.fee
            )
        return replace(
            after, maker_cost=self.maker_cost + cost, maker_fees=self.maker_fees + fill.fee
        )

    def shrunk(self, remaining: Contracts, at_us: int, reason: UpdateReason) -> "ExchangeOrder":
        """The order with less to fill; with nothing left it is canceled."""
        status = self.status if remaining else ExchangeOrderStatus.CANCELED
        return replace(self, remaining=remaining, status=status, updated_us=at_us, reason=reason)

    def canceled(self, at_us: int, reason: UpdateReason) -> "ExchangeOrder":
        """The order after what was left of it is gone."""
        return self.shrunk(NO_CONTRACTS, at_us, reason)


def new_order(order_id: str, command: Place, shard: int, now_us: int) -> ExchangeOrder:
    """The order that a command asks for, before anything traded."""
    return ExchangeOrder(
        order_id=order_id,
        client_order_id=command.client_order_id,
        ticker=command.ticker,
        side=command.side,
        price=command.price,
        initial=command.count,
        remaining=command.count,
        status=ExchangeOrderStatus.RESTING,
        created_us=now_us,
        updated_us=now_us,
        expires_us=command.expiration_us,
        self_trade_prevention=command.self_trade_prevention,
        shard=shard,
        group_id=command.group_id,
        post_only=command.post_only,
        cancel_on_pause=command.cancel_on_pause,
    )


def derived_id(world_id: str, kind: str, number: int | str) -> str:
    """A UUID-shaped id that is the same in every run of the same world."""
    text = f"{world_id}\x1f{kind}\x1f{number}"
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
