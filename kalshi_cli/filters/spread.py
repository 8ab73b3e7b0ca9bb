"""Markets whose quotes are too far apart."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.portfolio.edge import SLACK


@dataclass(frozen=True, slots=True)
class Spread(Filter):
    """Says nothing where a side is missing."""

    max_filter_spread: float

    code: ClassVar[str] = "WIDE_SPREAD"
    rank: ClassVar[int] = 100

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        spread = quote.spread
        if spread is None or float(spread) <= self.max_filter_spread + SLACK:
            return None
        return Rejection(self.code, f"the spread is {spread}, at most {self.max_filter_spread:.4f}")
