"""A recorded stream of one market as data: stretches of its book, what was printed, statistics.

Columns of raw units: prices in $0.0001, contracts in 0.01, instants in microseconds.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kalshi_cli.engine.recording import Prints, Recording


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of levels in order of time. `on_bid` is 1 for the bids, 0 for the asks."""

    at_us: Sequence[int]
    on_bid: Sequence[int]
    price: Sequence[int]
    by: Sequence[int]

    def __len__(self) -> int:
        return len(self.at_us)

    def rows(
        self, since_us: int = 0, to_us: int | None = None
    ) -> Iterator[tuple[int, int, int, int]]:
        """(instant, on bid, price, by) after one instant and up to another."""
        first = bisect_right(self.at_us, since_us) if since_us else 0
        end = len(self) if to_us is None else bisect_right(self.at_us, to_us)
        part = slice(first, end)
        return zip(
            self.at_us[part], self.on_bid[part], self.price[part], self.by[part], strict=True
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A snapshot and the changes after it without a gap, from `start_us` to `end_us`.

    A snapshot tells no instant: `start_us` is that of the first change after it.
    """

    start_us: int
    end_us: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    changes: Changes


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the ticker told: last price, volume and open interest, as the exchange counts them."""

    at_us: Sequence[int]
    last: Sequence[int]
    volume: Sequence[int]
    open_interest: Sequence[int]


@dataclass(frozen=True, slots=True)
class Touches:
    """Best bid and ask after each instant that changed them: `NO_BID`, `NO_ASK` where none."""

    at_us: Sequence[int]
    bid: Sequence[int]
    ask: Sequence[int]


@dataclass(frozen=True, slots=True)
class BookTape:
    """A market's stream. The stretches are in order of time and do not overlap."""

    stretches: tuple[Stretch, ...]
    prints: Prints
    statistics: Statistics
    touches: Touches

    def stretch_at(self, at_us: int) -> Stretch | None:
        """The stretch that covers an instant; None in a gap."""
        begun = [stretch for stretch in self.stretches if stretch.start_us <= at_us]
        return begun[-1] if begun and at_us <= begun[-1].end_us else None


@dataclass(frozen=True, slots=True)
class BookRecording:
    """Recorded markets, and the stream of each by ticker."""

    recording: Recording
    tapes: Mapping[str, BookTape]
