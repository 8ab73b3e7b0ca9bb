"""Orders as the store has them, each on record before it is sent.

Part of a unit of work: see `ports.store`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.order import Order, OrderIntent
from kalshi_cli.domain.position import Position
from kalshi_cli.domain.trail import Cause
from kalshi_cli.risk._base import Denial


@dataclass(frozen=True, slots=True)
class InMarket:
    """What the desk has in one market: positions of all owners, live orders, and orders of which
    the exchange reports more filled than the ledger has fills of.
    """

    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    unbooked: tuple[Order, ...]


Weigh = Callable[[InMarket], None]


class Journal(Protocol):
    """Orders, their trails, and denials. `record` commits nothing by itself: commit, then send."""

    async def record(
        self,
        order: Order,
        lease_token: str,
        wall: Callable[[], int],
        detail: str = "",
        *,
        weigh: Weigh | None = None,
    ) -> None:
        """Insert an INTENT, checking the lease's token and expiry in this transaction.

        `detail` is for the trail: what was seen when it was decided. `weigh` is shown what the
        desk has in the order's market, as of this transaction, and raises where that speaks
        against the order.

        `wall` tells real time when the lease is checked, for which a transaction may have waited.
        Raises `LeaseHeld` when the lease is not ours, `DuplicateEntry` when the (strategy, ticker,
        forecast) already has a live entry, `Refused` when the id is taken: here, or with what comes
        next in the transaction, its commit at the latest. `weigh` and `wall` may be called in
        another thread.
        """
        ...

    async def save(self, order: Order, cause: Cause, detail: str = "") -> None:
        """Update a journalled order, and add to its trail; the order's message where no detail."""
        ...

    async def live(self) -> tuple[Order, ...]:
        """Orders that may still trade: INTENT, UNKNOWN, RESTING, PARTIALLY_FILLED."""
        ...

    async def unplaced(self, tickers: Collection[str]) -> tuple[Order, ...]:
        """Orders in these markets that the exchange may show under an id that we do not know.

        They are INTENT or UNKNOWN, or were taken for ABSENT, REJECTED or NOT_SENT.
        """
        ...

    async def given_up(self, since_us: int) -> tuple[Order, ...]:
        """Orders that were taken for ABSENT at or after an instant, and still are."""
        ...

    async def unbooked(self) -> tuple[Order, ...]:
        """Orders of which the exchange reports more filled than the ledger has fills of.

        Every order that ever filled is looked at.
        """
        ...

    async def find(
        self,
        *,
        client_order_ids: Collection[str] | None = None,
        order_ids: Collection[str] | None = None,
    ) -> tuple[Order, ...]: ...

    async def entries_since(self, since_us: int) -> int:
        """Entry orders sent at or after an instant."""
        ...

    async def orders_since(self, since_us: int) -> int:
        """Orders of any purpose journalled at or after an instant."""
        ...

    async def entries_by_market(self, since_us: int) -> Mapping[tuple[str, str], int]:
        """Entry orders sent at or after an instant, by (strategy, ticker)."""
        ...

    async def forbidden_since(self, since_us: int) -> frozenset[str]:
        """Markets where the exchange refused this key an order at or after an instant."""
        ...

    async def traded_forecasts(self, tickers: Collection[str]) -> frozenset[tuple[str, str, str]]:
        """(strategy, ticker, forecast_id) of every entry that was sent, dead or alive.

        One that the exchange refused took no part in anything: three refusals count as an entry.
        """
        ...

    async def deny(
        self, denials: Sequence[tuple[OrderIntent, Denial]], run_id: str, at_us: int
    ) -> None:
        """Record what was wanted, and what refused it."""
        ...

    async def drop_denials(self, before_us: int, *, most: int) -> int:
        """Drop the oldest denials from before an instant; how many were dropped.

        Those stay where an order of the same strategy and market is live, or a position is open.
        """
        ...
