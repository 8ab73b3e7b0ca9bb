"""A recorded tape as data: events, markets, every print and how each market ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.domain.instant import SECOND
from kalshi_cli.domain.market import Event, Market, Result, Series
from kalshi_cli.domain.money import Contracts, Price


@dataclass(frozen=True, slots=True)
class Prints:
    """A market's public trades in order of time, as columns of raw units.

    `total` is the running sum of `units`; `bought` is 1 where the taker bought YES.
    """

    at_us: Sequence[int]
    price: Sequence[int]
    units: Sequence[int]
    bought: Sequence[int]
    total: Sequence[int]

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(frozen=True, slots=True)
class RecordedMarket:
    """A market with its prints while it traded, its result, and what a YES contract paid.

    `market.status` says nothing: the tape's clock moves it through its life.
    """

    market: Market
    prints: Prints
    result: Result
    value: Price
    open_interest: Contracts

    @property
    def determined_us(self) -> int:
        """When the answer was expected: the recording does not say when it came."""
        return max(self.market.close_us, self.market.expires_us)

    @property
    def finalized_us(self) -> int:
        return self.determined_us + self.market.settlement_timer_s * SECOND

    @property
    def ends_us(self) -> tuple[int, int, int]:
        """When it closes, is determined, and pays."""
        return self.market.close_us, self.determined_us, self.finalized_us


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event and its markets, with the times that the recording gives."""

    event: Event
    markets: tuple[RecordedMarket, ...]
    open_us: int

    @property
    def finalized_us(self) -> int:
        """When the last of its markets has paid."""
        return max(recorded.finalized_us for recorded in self.markets)


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording. `events` are in order of opening; `start_us` is where its clock begins.

    `set_aside` counts what is not played, by reason; `digest` names the recorded bytes.
    """

    name: str
    digest: str
    start_us: int
    series: Mapping[str, Series]
    events: tuple[RecordedEvent, ...]
    set_aside: Mapping[str, int]
