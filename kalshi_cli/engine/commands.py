"""What can be asked of the embedded exchange, and what it answers: values that can be kept.

The log of commands *is* the history of a world: whoever applies the same commands to the same
world gets the same state.
"""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.order import TimeInForce
from kalshi_cli.domain.side import Side

AUTO_ROUTE = -1
"""Instead of a shard's index: the shard on which the market trades."""


class SelfTrade(StrEnum):
    """What happens when an order meets another of the same account."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


@dataclass(frozen=True, slots=True)
class Place:
    """A new order at a YES price. An empty `client_order_id` is never a duplicate.

    `shard` is where the order is sent; `group_id` names the order group that it belongs to.
    """

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
    shard: int = AUTO_ROUTE
    group_id: str = ""
    cancel_on_pause: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one order. An order on another shard than the one asked is not found there."""

    order_id: str
    shard: int = AUTO_ROUTE


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel whatever rests on any shard; what is placed in the minute after goes too."""


@dataclass(frozen=True, slots=True)
class Amend:
    """Change a resting order. `count` is what it may fill in all, what has filled included.

    `ticker` and `side` must be the order's own. `expiration_us` None keeps the expiry, 0 clears it.
    `client_order_id` is checked where given; `new_client_order_id` replaces it.
    """

    order_id: str
    ticker: str
    side: Side
    price: Price
    count: Contracts
    client_order_id: str = ""
    new_client_order_id: str = ""
    expiration_us: int | None = None
    shard: int = AUTO_ROUTE


@dataclass(frozen=True, slots=True)
class Decrease:
    """Take contracts off a resting order: exactly one of `reduce_by` and `reduce_to` is given."""

    order_id: str
    reduce_by: Contracts | None = None
    reduce_to: Contracts | None = None
    shard: int = AUTO_ROUTE


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """A new order group of a shard: `limit` contracts may match in any 15 seconds."""

    limit: Contracts
    shard: int = 0


@dataclass(frozen=True, slots=True)
class DeleteGroup:
    """Cancel a group's orders and forget it."""

    group_id: str


@dataclass(frozen=True, slots=True)
class ResetGroup:
    """Count matches anew, and take orders again after a trigger."""

    group_id: str


@dataclass(frozen=True, slots=True)
class TriggerGroup:
    """Cancel a group's orders, and take no new ones until it is reset."""

    group_id: str


@dataclass(frozen=True, slots=True)
class LimitGroup:
    """Change how many contracts may match in any 15 seconds."""

    group_id: str
    limit: Contracts


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move cash between shards. A client's transfer id is burnt for ever on its source shard."""

    amount: Money
    source: int
    destination: int
    client_transfer_id: str = ""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money arrives on shard 0, in whole cents; negative, it is withdrawn."""

    amount: Money


@dataclass(frozen=True, slots=True)
class SetTrading:
    """Pause or resume one market; with an empty ticker a shard, with shard None the exchange.

    A pause with `until_us` ends by itself at that instant, one without when it is lifted. Of two
    pauses of the same the later end counts.
    """

    active: bool
    ticker: str = ""
    shard: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """Let the world live until an instant (market time)."""

    to_us: int


Command = (
    Place
    | Cancel
    | CancelAll
    | Amend
    | Decrease
    | CreateGroup
    | DeleteGroup
    | ResetGroup
    | TriggerGroup
    | LimitGroup
    | Transfer
    | Deposit
    | SetTrading
    | Advance
)


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
class Amended:
    """An order after an amend: what it filled by it, what of it rests, and whether that changed."""

    order_id: str
    client_order_id: str
    filled: Contracts
    remaining: Contracts
    cost: Money
    fees: Money
    at_us: int
    resized: bool


@dataclass(frozen=True, slots=True)
class Decreased:
    order_id: str
    client_order_id: str
    remaining: Contracts
    at_us: int


@dataclass(frozen=True, slots=True)
class CanceledAll:
    """How many orders went at once."""

    orders: int


@dataclass(frozen=True, slots=True)
class Grouped:
    """An order group was made or changed; `canceled` counts the orders that went with it."""

    group_id: str
    canceled: int = 0


@dataclass(frozen=True, slots=True)
class Moneyed:
    """Cash was moved: the id of the transfer, deposit or withdrawal."""

    movement_id: str


@dataclass(frozen=True, slots=True)
class TradingSet:
    """Trading was paused or resumed in so many markets."""

    markets: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where the world stands, and what happened to us on the way."""

    now_us: int
    fills: int
    settlements: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing traded; a killed order `burns_id`. Status and code are the exchange's."""

    status: int
    code: str
    details: str = ""
    burns_id: bool = False

    @property
    def message(self) -> str:
        return self.code.replace("_", " ").lower()


NOT_FOUND = Rejected(404, "not_found")

Answer = (
    Placed
    | Canceled
    | CanceledAll
    | Amended
    | Decreased
    | Grouped
    | Moneyed
    | TradingSet
    | Advanced
    | Rejected
)
