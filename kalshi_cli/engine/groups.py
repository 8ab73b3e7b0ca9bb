"""Order groups: the exchange's own kill switch. Pure bookkeeping of what matched when.

A group counts the contracts its orders matched in the last 15 seconds. When they reach its limit it
triggers: its orders are canceled and it takes no new ones until it is reset.
"""

from dataclasses import dataclass, replace

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.money import Contracts
from kalshi_cli.domain.order import Fill

WINDOW_US = 15 * SECOND
LEAST, MOST = Contracts.parse("1"), Contracts.parse("1000000")
"""Limits that the exchange accepts, in contracts."""


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """A group of one shard. `matches` are (instant, units) of fills that still count."""

    group_id: str
    shard: int
    limit: Contracts
    triggered: bool = False
    matches: tuple[tuple[int, int], ...] = ()

    def counted(self, fill: Fill) -> "OrderGroup":
        """The group after one of its orders traded; what is older than the window is forgotten."""
        since = fill.at_us - WINDOW_US
        kept = tuple(match for match in self.matches if match[0] > since)
        return replace(self, matches=(*kept, (fill.at_us, fill.count.units)))

    def is_hit(self, now_us: int) -> bool:
        """Whether its limit is reached while it still works."""
        recent = sum(units for at_us, units in self.matches if at_us > now_us - WINDOW_US)
        return not self.triggered and recent >= self.limit.units

    def reset(self) -> "OrderGroup":
        return replace(self, triggered=False, matches=())
