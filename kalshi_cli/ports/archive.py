"""What is over, and has moved out of the exchange's live lists."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.market import Listing, Trade
from kalshi_cli.domain.order import Fill, OrderReport
from kalshi_cli.ports.exchange import Page


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Where the live lists begin: markets by settlement, prints and fills by time, orders by end.

    Orders that rest are always live. Settlements from before are told nowhere.
    """

    markets_us: int
    trades_us: int
    orders_us: int


class Archive(Protocol):
    """Reads as those of `ports.exchange`, and raising what they raise."""

    async def cutoffs(self) -> Cutoffs: ...

    async def listings(self, tickers: Collection[str]) -> Page[Listing]:
        """The named markets; those that are live, or unknown, are absent."""
        ...

    async def trades(self, ticker: str, min_us: int = 0, cursor: str = "") -> Page[Trade]:
        """Public prints of one market."""
        ...

    async def orders(self, *, min_us: int = 0, cursor: str = "") -> Page[OrderReport]:
        """Orders of the account that ended before the cutoff."""
        ...

    async def fills(self, *, min_us: int = 0, cursor: str = "") -> Page[Fill]:
        """Fills of the account from before the cutoff."""
        ...
