"""What can be asked of the embedded exchange, and what it answers: values that can be kept.

The log of commands *is* the history of a world: whoever applies the same commands to the same
world gets the same state.
"""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side


class SelfTrade(StrEnum):
    """What happens when an order meets another of the same account."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


@dataclass(frozen=True, slots=True)
class Place:
    """A new order at a YES price. An empty `client_order_id` is never a duplicate."""

    client_order_id: str
    ticker: str
    side: Side
    price: Price
    count: Contracts
    time_in_force: TimeInForce
    post_only: bool = False
    reduce_only: bool = False
    expiration_us: int | None = None
    self_trade_prevention: SelfTrade = SelfTrade.TAKER_AT_CROSS


@dataclass(frozen=True, slots=True)
class Cancel:
    order_id: str


@dataclass(frozen=True, slots=True)
class Advance:
    """Let the world live until an instant (market time)."""

    to_us: int


Command = Place | Cancel | Advance


@dataclass(frozen=True, slots=True)
class Placed:
    """An order was taken on. `cost` is what the fills cost in YES dollars, `fees` in dollars."""

    order_id: str
    client_order_id: str
    filled: Contracts
    remaining: Contracts
    cost: Money
    fees: Money
    at_us: int


@dataclass(frozen=True, slots=True)
class Canceled:
    order_id: str
    client_order_id: str
    reduced_by: Contracts
    at_us: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where the world stands, and what happened to us on the way."""

    now_us: int
    fills: int
    settlements: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing happened. `status` and `code` are the exchange's own."""

    status: int
    code: str
    details: str = ""

    @property
    def message(self) -> str:
        return self.code.replace("_", " ").lower()


Answer = Placed | Canceled | Advanced | Rejected
