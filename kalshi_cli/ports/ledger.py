"""Fills, settlements, cash and what they make: positions, round trips and the plans to leave them.

Part of a unit of work: see `ports.store`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from kalshi_cli.domain.account import CashMovement, Settlement
from kalshi_cli.domain.money import Contracts, Money
from kalshi_cli.domain.order import Fill
from kalshi_cli.domain.position import Position, RoundTrip
from kalshi_cli.exits._base import ExitPlan


class Ledger(Protocol):
    """Append-only facts of money, and what is derived from them."""

    async def add_fills(self, fills: Sequence[tuple[Fill, str]]) -> tuple[Fill, ...]:
        """Append (fill, owner); returns those not known before, oldest first."""
        ...

    async def unknown(self, fills: Collection[Fill]) -> tuple[Fill, ...]:
        """Those of these fills that are not on record."""
        ...

    async def filled(self, order_ids: Collection[str]) -> Mapping[str, Contracts]:
        """Contracts filled of each order, by the ledger."""
        ...

    async def last_fill_us(self) -> int | None: ...

    async def new_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        """Those that are not known, or changed since, with the revision that they would get."""
        ...

    async def add_settlements(self, settlements: Sequence[Settlement]) -> tuple[Settlement, ...]:
        """Append settlements; returns those not known. A changed one gets the next revision."""
        ...

    async def last_settlement_us(self) -> int | None: ...

    async def add_cash(self, movements: Sequence[CashMovement]) -> tuple[CashMovement, ...]:
        """Append cash movements; returns those not known before.

        One that reverses another is left out until that one is known.
        """
        ...

    async def history(
        self, tickers: Collection[str] | None = None
    ) -> tuple[tuple[Fill, str] | Settlement, ...]:
        """Fills (with owner) and settlements in the order they happened."""
        ...

    async def cash(self) -> Money:
        """Cash derived from the ledger: what the exchange should have."""
        ...

    async def cash_by_shard(self) -> Mapping[int, Money]:
        """The same by the exchange's shards."""
        ...

    async def movements(self) -> tuple[CashMovement, ...]:
        """All cash movements, oldest first."""
        ...

    async def paid_in(self) -> Money | None:
        """All cash movements together; None before the account was first seen."""
        ...

    async def positions(self, *, open_only: bool = True) -> tuple[Position, ...]: ...

    async def save_positions(self, positions: Sequence[Position]) -> None: ...

    async def save_round_trips(self, tickers: Collection[str], trips: Sequence[RoundTrip]) -> None:
        """Replace the round trips of these markets: a late fill may merge two that were over."""
        ...

    async def round_trip_counts(self) -> Mapping[str, int]:
        """How many round trips each owner has behind it."""
        ...

    async def last_exits(
        self, tickers: Collection[str] | None = None
    ) -> Mapping[tuple[str, str], int]:
        """When each (owner, ticker) was last left, in all markets or these."""
        ...


class Plans(Protocol):
    async def save(self, plan: ExitPlan) -> None: ...

    async def all(self) -> Mapping[tuple[str, str], ExitPlan]:
        """Plans of open positions, by (ticker, owner)."""
        ...

    async def remove(self, ticker: str, owner: str) -> None: ...
