"""One market's order book, quoted in YES: bids come in, asks are derived.

The exchange publishes two ladders of bids, YES and NO; a NO bid at q is a YES ask at 1 - q.
A side exists only if it has size: no quote means no price.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kalshi_cli.domain.money import Contracts, Money, Price
from kalshi_cli.domain.side import Side
from kalshi_cli.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Level:
    """Contracts resting at one YES price."""

    price: Price
    count: Contracts


@dataclass(frozen=True, slots=True)
class Walk:
    """What an order would take from the book: contracts, their cost in YES dollars, worst price."""

    count: Contracts
    cost: Money
    worst: Price | None


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Both sides best first, as of `at_us` (market time).

    Raises `InvalidValue` when a level is empty, out of order or outside $0 to $1, or the book is
    crossed (a bid at or above an ask).
    """

    ticker: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    at_us: int

    def __post_init__(self) -> None:
        _check_ladder(self.ticker, [-level.price.units for level in self.bids])
        _check_ladder(self.ticker, [level.price.units for level in self.asks])
        for level in (*self.bids, *self.asks):
            if level.count.units <= 0 or not 0 < level.price.units < 10_000:
                raise InvalidValue(f"{self.ticker}: impossible level {level}.")
        if self.bids and self.asks and self.bids[0].price >= self.asks[0].price:
            raise InvalidValue(f"{self.ticker}: crossed book.")

    @classmethod
    def from_bids(
        cls, ticker: str, yes: Iterable[Level], no: Iterable[Level], at_us: int
    ) -> "OrderBook":
        """Build from the exchange's two bid ladders (YES prices and NO prices), in any order."""
        bids = sorted(yes, key=lambda level: -level.price.units)
        asks = sorted((Level(x.price.complement, x.count) for x in no), key=lambda x: x.price.units)
        return cls(ticker, tuple(bids), tuple(asks), at_us)

    @property
    def best_bid(self) -> Level | None:
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        return self.asks[0] if self.asks else None

    def against(self, side: Side) -> tuple[Level, ...]:
        """The levels that an order on `side` would trade with, best first."""
        return self.asks if side is Side.BID else self.bids

    def walk(self, side: Side, count: Contracts, limit: Price | None = None) -> Walk:
        """What an order of `count` on `side`, bounded by `limit`, would take right now."""
        left, cost, worst = count.units, 0, None
        for level in self.against(side):
            if left <= 0 or (limit is not None and not reaches(side, limit, level.price)):
                break
            taken = min(left, level.count.units)
            left -= taken
            cost += taken * level.price.units
            worst = level.price
        return Walk(Contracts(count.units - left), Money(cost), worst)


def reaches(side: Side, limit: Price, price: Price) -> bool:
    """Whether an order on `side` with this limit may trade at `price`."""
    return limit >= price if side is Side.BID else limit <= price


def _check_ladder(ticker: str, keys: list[int]) -> None:
    if any(first >= second for first, second in pairwise(keys)):
        raise InvalidValue(f"{ticker}: book levels out of order.")
