"""What the exchange announces ahead: other fees, and rewards for those who quote and trade."""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.fees import FeeTerms
from kalshi_cli.domain.money import Contracts, Money
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


@dataclass(frozen=True, slots=True)
class IncentiveProgram:
    """A reward for all who qualify in one market together, from `start_us` to `end_us`.

    `kind` is the exchange's word. Liquidity programmes have a `target` of contracts and a discount
    for each step away from the best price, in basis points.
    """

    program_id: str
    ticker: str
    kind: str
    reward: Money
    start_us: int
    end_us: int
    paid_out: bool
    target: Contracts | None = None
    discount_bps: int | None = None
    most_per_account: Money | None = None


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
