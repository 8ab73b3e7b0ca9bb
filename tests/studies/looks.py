"""What a rule may see of a market at a moment, and what the study alone knows: the truth."""

from dataclasses import dataclass
from functools import lru_cache

from kalshi_cli.domain.book import Level
from kalshi_cli.domain.fees import FeeTerms, fill_fee
from kalshi_cli.domain.grid import PriceGrid
from kalshi_cli.domain.market import Series
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.domain.side import Side

LOT = Contracts(1_000)
"""Ten contracts: small against every book, so that a rule neither moves it nor runs it dry."""


@lru_cache(maxsize=65_536)
def fee(terms: FeeTerms, side: Side, price: Price, count: Contracts, *, is_taker: bool) -> float:
    """The exact fee of a fill, in dollars a contract."""
    charged = fill_fee(terms, side=side, price=price, count=count, is_taker=is_taker)
    return float(charged) / float(count)


@dataclass(frozen=True, slots=True)
class Taken:
    """A taker as the tape shows him: his side, and the price that he went to."""

    side: Side
    price: Price


@dataclass(frozen=True, slots=True)
class Look:
    """Others' book in one market; `mids` and `tape` newest first, `left_us` to the announced close.

    `mids[i]` is the mid i + 1 looks ago, None where a side was missing.
    """

    ticker: str
    series: Series
    terms: FeeTerms
    grid: PriceGrid
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    mids: tuple[float | None, ...]
    tape: tuple[Taken, ...]
    left_us: int
    truth: float

    @property
    def bid(self) -> Level | None:
        return self.bids[0] if self.bids else None

    @property
    def ask(self) -> Level | None:
        return self.asks[0] if self.asks else None

    @property
    def mid(self) -> float | None:
        if not self.bids or not self.asks:
            return None
        return (self.bids[0].price.units + self.asks[0].price.units) / 20_000

    @property
    def spread(self) -> float | None:
        """Dollars between bid and ask; None where a side is missing."""
        if not self.bids or not self.asks:
            return None
        return (self.asks[0].price.units - self.bids[0].price.units) / 10_000

    @property
    def heavy(self) -> float:
        """The bid's share of the contracts at the touch; a half where a side is missing."""
        if not self.bids or not self.asks:
            return 0.5
        bid, ask = self.bids[0].count.units, self.asks[0].count.units
        return bid / (bid + ask)

    def moved(self, looks: int = 1) -> float:
        """Dollars that the mid rose over some looks; 0 where it is not known."""
        before = self.mids[looks - 1] if len(self.mids) >= looks else None
        return 0.0 if self.mid is None or before is None else self.mid - before

    def taking(self, side: Side) -> Level | None:
        """What a taker on a side is offered."""
        return self.ask if side is Side.BID else self.bid

    def cost(self, side: Side) -> float | None:
        """Dollars a contract from the truth at which taking a lot stands, fee included."""
        level = self.taking(side)
        if level is None:
            return None
        charged = fee(self.terms, side, level.price, LOT, is_taker=True)
        return side.sign * (self.truth - float(level.price)) - charged
