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
    exchange_index: int = 0


class CashKind(StrEnum):
    """Why cash moved.

    `opening` is what an account held when the desk first saw it. `accepted` is what nothing on
    record explains and a person took note of: the exchange tells neither interest nor incentives.
    A `transfer` between shards is two movements that add up to nothing once it has arrived.
    """

    OPENING = "opening"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    ACCEPTED = "accepted"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class CashMovement:
    """Money that came or went without a trade; negative when it left the account.

    `who` and `why` are on record for what a person accepted. A movement that `reverses` another
    takes place only where that one did: a deposit may be returned before it ever counted.
    """

    movement_id: str
    kind: CashKind
    amount: Money
    at_us: int
    exchange_index: int = 0
    who: str = ""
    why: str = ""
    reverses: str = ""


def settlement_revenue(net: Contracts, value: Price) -> Money:
    """Dollars paid for a position: YES gets `value` a contract, NO gets the rest of the dollar."""
    if net.units >= 0:
        return value * net
    return value.complement * -net
