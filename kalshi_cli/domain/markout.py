"""Mark-outs: what a fill of a quote was worth a while later, whoever it was traded with."""

from dataclasses import dataclass
from enum import IntEnum

from kalshi_cli.domain.book import Level, OrderBook
from kalshi_cli.domain.instant import HOUR, MINUTE


class Horizon(IntEnum):
    """After how many microseconds of market time a fill is looked at again."""

    SOON = 5 * MINUTE
    LATER = HOUR


@dataclass(frozen=True, slots=True)
class Markout:
    """One fill at one horizon, in dollars a contract of the side that was filled.

    `given` is how far the fill's price lay from the fair value that its quote was made on, `kept`
    how far it lay from the market's at `looked_us`: what moved against it is the difference. `half`
    is half of what others asked for then: markets differ in all three, less in their ratios.
    """

    fill_id: str
    ticker: str
    owner: str
    horizon: Horizon
    given: float
    kept: float
    half: float
    filled_us: int
    looked_us: int

    @property
    def adverse(self) -> float:
        """How far the market moved against the fill."""
        return self.given - self.kept


def middle(book: OrderBook) -> float | None:
    """The fair value that a book tells: its best prices, each weighed by the size of the other.

    None where a side is missing.
    """
    bid, ask = book.best_bid, book.best_ask
    if bid is None or ask is None:
        return None
    return between(bid, ask)


def between(bid: Level, ask: Level) -> float:
    """The fair value that these tell."""
    weighed = bid.price.units * ask.count.units + ask.price.units * bid.count.units
    return weighed / (bid.count.units + ask.count.units) / 10_000


def half_spread(book: OrderBook) -> float | None:
    """Half of the distance between the best prices, in dollars; None where a side is missing."""
    bid, ask = book.best_bid, book.best_ask
    return None if bid is None or ask is None else (float(ask.price) - float(bid.price)) / 2
