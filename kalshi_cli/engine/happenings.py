"""What the exchange has to tell its listeners after a command: the stream is made of these.

`Exchange.drain` hands them over in the order in which they happened. Books are not among them:
whoever streams a book compares it with what it told last.
"""

from dataclasses import dataclass
from enum import StrEnum

from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position
from kalshi_cli.engine.orders import ExchangeOrder
from kalshi_cli.engine.world import Listed, Moved, Printed


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """One of our orders is new, or not as it was."""

    order: ExchangeOrder


@dataclass(frozen=True, slots=True)
class Filled:
    """One of our orders traded; `net` is the position after it."""

    fill: Fill
    client_order_id: str
    net: Contracts


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position of ours after a fill or a settlement; `volume` is what we ever traded there."""

    position: Position
    volume: Contracts
    at_us: int


class GroupEvent(StrEnum):
    """What became of an order group, in the exchange's words."""

    CREATED = "created"
    TRIGGERED = "triggered"
    RESET = "reset"
    DELETED = "deleted"
    LIMIT_UPDATED = "limit_updated"


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """`limit` is the contracts that may match in 15 s, where it was set."""

    group_id: str
    event: GroupEvent
    shard: int
    at_us: int
    limit: Contracts | None = None


OfAccount = OrderChanged | Filled | PositionChanged | GroupChanged
Happening = OfAccount | Listed | Moved | Printed
