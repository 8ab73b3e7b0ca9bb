"""The seam between our account and everything else in the market.

A world lists markets, moves them through their lives, and is the liquidity we trade against. The
generated world has participants of its own; the tape world replays recorded prints. `exchange.py`
keeps orders, collateral, fees, netting and settlement of *our* account against either.
"""

from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.market import Event, Market, MarketStatus, Result, Series, Trade
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side


@dataclass(frozen=True, slots=True)
class Execution:
    """Contracts matched at one YES price."""

    price: Price
    count: Contracts


@dataclass(frozen=True, slots=True)
class Listed:
    """An event appeared with its markets (and its series, where that is new)."""

    at_us: int
    series: Series
    event: Event
    markets: tuple[Market, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A market changed its status; `result` and `value` come with `determined` and `amended`.

    On `closed` all resting orders in the market are gone; orders that rest through `inactive` go
    when it is `active` again.
    """

    at_us: int
    ticker: str
    status: MarketStatus
    result: Result | None = None
    value: Price | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """Part of one of our resting orders traded."""

    at_us: int
    ticker: str
    order_id: str
    execution: Execution


@dataclass(frozen=True, slots=True)
class Printed:
    """A public trade (ours included)."""

    at_us: int
    trade: Trade


Occurrence = Listed | Moved | Matched | Printed


@dataclass(frozen=True, slots=True)
class Tally:
    """A market's running statistics. `last` is None before the first print."""

    last: Price | None
    volume: Contracts
    volume_24h: Contracts
    open_interest: Contracts


class World(Protocol):
    """Deterministic: the same seed and the same calls give the same answers.

    Our orders never shift the others' randomness. `order_id` is the exchange's id of ours.
    """

    @property
    def world_id(self) -> str:
        """Names the world: kind, seed or recording, epoch."""
        ...

    @property
    def description(self) -> str:
        """What a person must know wherever results are shown (fills, spread, source)."""
        ...

    @property
    def now_us(self) -> int: ...

    def advance(self, to_us: int) -> tuple[Occurrence, ...]:
        """Move to an instant; everything that happened on the way, in order of time."""
        ...

    def ladders(self, ticker: str) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Bids and asks (YES prices) best first, our resting orders included."""
        ...

    def tally(self, ticker: str) -> Tally: ...

    def take(
        self, ticker: str, side: Side, limit: Price, count: Contracts
    ) -> tuple[Execution, ...]:
        """Our order trades at once with others' orders up to its limit (never with ours).

        Its prints are told by the next `advance`.
        """
        ...

    def join(self, ticker: str, order_id: str, side: Side, price: Price, count: Contracts) -> None:
        """Our order rests behind what is there."""
        ...

    def leave(self, ticker: str, order_id: str) -> None:
        """Our order leaves the book."""
        ...

    def reduce(self, ticker: str, order_id: str, count: Contracts) -> None:
        """Our order shrinks to `count` contracts and keeps its place in the queue."""
        ...

    def ahead(self, ticker: str, order_id: str) -> Contracts:
        """Contracts that must trade before our resting order does."""
        ...

    def set_trading(self, ticker: str, *, active: bool) -> None:
        """On demand: while a market is paused nobody else trades or quotes anew in it.

        Pauses that the world knows of itself come as `Moved`; the weekly one is `schedule`'s.
        """
        ...

    def quotes_at(self, ticker: str, at_us: int) -> tuple[Price | None, Price | None]:
        """What others bid and asked at an instant that has passed, as history tells it.

        A pure function of world and instant: orders of ours are not in it. For markets that the
        exchange ever listed.
        """
        ...

    def truth(self, ticker: str) -> float | None:
        """E[outcome | all information]; None where the world does not know (a recording)."""
        ...
