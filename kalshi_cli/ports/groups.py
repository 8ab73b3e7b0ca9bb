"""Order groups: a limit on what trades in any 15 seconds, kept by the exchange itself."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.money import Contracts
from kalshi_cli.ports.exchange import Outcome, Page


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """Orders of one shard. Once triggered, its orders are gone and new ones refused until reset."""

    group_id: str
    exchange_index: int
    limit: Contracts | None
    triggered: bool


class OrderGroups(Protocol):
    """Raises nothing for what the exchange did to a change: its outcome is data."""

    async def create(self, limit: Contracts, exchange_index: int) -> Outcome:
        """A new group; `made_id` is what orders name to join it. 1 to 1,000,000 contracts."""
        ...

    async def groups(self) -> Page[OrderGroup]: ...

    async def set_limit(self, group: OrderGroup, limit: Contracts) -> Outcome:
        """A limit that is reached already triggers the group."""
        ...

    async def trigger(self, group: OrderGroup) -> Outcome:
        """Cancel the group's orders, and refuse new ones until it is reset."""
        ...

    async def reset(self, group: OrderGroup) -> Outcome: ...

    async def delete(self, group: OrderGroup) -> Outcome:
        """Cancel the group's orders and end it."""
        ...
