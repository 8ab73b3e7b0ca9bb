"""The account as the exchange tells it: balance, positions, settlements, cash movements."""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.market import Result
from kalshi_cli.domain.money import Contracts, Money, Price


@dataclass(frozen=True, slots=True)
class Balance:
    """Cash in dollars, all shards together and each apart."""

    cash: Money
    at_us: int
    by_shard: tuple[tuple[int, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangePosition:
    """The net position the exchange reports: + YES, - NO."""

    ticker: str
    net: Contracts
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a market paid. `value` is dollars a YES contract; `revenue` dollars to the account.

    `fee` repeats the trading fees that the fills already charged: it moves no cash.

    The exchange gives settlements no id: they are keyed by ticker, time and revision. A changed one
    is a new revision that reverses the old.
    """

    ticker: str
    event_ticker: str
    result: Result
    value: Price
    net: Contracts
    revenue: Money
    fee: Money
    settled_us: int
    revision: int = 0


class CashKind(StrEnum):
    """Why cash moved. `opening` is what an account held when the desk first saw it."""

    OPENING = "opening"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INTEREST = "interest"
    INCENTIVE = "incentive"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class CashMovement:
    """Money that came or went without a trade; negative when it left the account."""

    movement_id: str
    kind: CashKind
    amount: Money
    at_us: int


def settlement_revenue(net: Contracts, value: Price) -> Money:
    """Dollars paid for a position: YES gets `value` a contract, NO gets the rest of the dollar."""
    if net.units >= 0:
        return value * net
    return value.complement * -net
