"""What the exchange announces ahead: other fees, and rewards for those who quote and trade."""

from typing import Protocol

from kalshi_cli.domain.fees import FeeChange
from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.ports.exchange import Page


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
