"""What the exchange announces ahead: other fees, and rewards for those who quote and trade."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.ports.exchange import Page


@dataclass(frozen=True, slots=True)
class FeeChange:
    """Fee terms from an instant on, of a series or, where it is named, of one event.

    `fees` None: an event falls back to the terms of its series.
    """

    change_id: str
    series_ticker: str
    event_ticker: str | None
    fees: FeeTerms | None
    from_us: int


class Notices(Protocol):
    """Public reads, raising what those of `ports.exchange` raise."""

    async def series_fee_changes(self) -> Page[FeeChange]:
        """Changes of series that are still to come; not paged by the exchange."""
        ...

    async def event_fee_changes(self, cursor: str = "") -> Page[FeeChange]:
        """Changes of single events."""
        ...

    async def incentives(self, cursor: str = "") -> Page[IncentiveProgram]:
        """Programmes that run now."""
        ...
