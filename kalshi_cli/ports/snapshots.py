"""What the desk and each strategy were worth, and what losses are measured from.

Part of a unit of work: see `ports.store`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.marks import Behind
from kalshi_cli.domain.money import Money


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The desk's worth at an instant. `equity` is cash plus marks, `liquidation` cash plus bids.

    `cash` is the ledger's, and `paid_in` what had come to it by then without trading.
    """

    at_us: int
    cash: Money
    equity: Money
    liquidation: Money
    unmarked: int
    positions: int
    paid_in: Money


@dataclass(frozen=True, slots=True)
class Performance:
    """What one strategy earned up to an instant."""

    at_us: int
    strategy: str
    realized: Money
    unrealized: Money
    fees: Money
    ai_cost: Money
    round_trips: int


@dataclass(frozen=True, slots=True)
class Watermarks:
    """What to measure from.

    `day_start` (the last snapshot before the day, if it is of its last half an hour, else the first
    of the day) and `peak` are liquidation values, for the limits on losses: as they would be had
    everything that was ever paid in been there, so that money that comes is no gain, and money that
    goes no loss. `paid_in` is what that comes to by now; None where nothing was.
    """

    day_start: Money | None
    peak: Money | None
    last: Snapshot | None
    paid_in: Money | None


class Snapshots(Protocol):
    async def add(
        self,
        snapshot: Snapshot,
        performance: Sequence[Performance],
        seen: Mapping[str, Behind],
    ) -> None:
        """Put a snapshot on record; what was `seen` of others takes the place of what was then."""
        ...

    async def seen(self, since_us: int = 0) -> Mapping[str, Behind]:
        """What others wanted at the last snapshot, by ticker, where an order of ours rested in a
        market that was held and its book was read; nothing where that was before an instant.
        """
        ...

    async def performance(self, at_us: int) -> tuple[Performance, ...]:
        """What was put down with the snapshot of an instant, by strategy."""
        ...

    async def watermarks(self, day: int, peak_since_us: int = 0) -> Watermarks:
        """The watermarks of a market-time day; the peak is that at or after an instant."""
        ...
