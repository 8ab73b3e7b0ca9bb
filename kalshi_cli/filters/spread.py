"""Markets whose quotes are too far apart."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.money import ONE_DOLLAR, Price
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.portfolio.edge import SLACK


@dataclass(frozen=True, slots=True)
class Spread(Filter):
    """Says nothing where a side is missing."""

    max_filter_spread: float

    code: ClassVar[str] = "WIDE_SPREAD"
    remedy: ClassVar[str] = "wait, or raise filters.max_filter_spread"
    rank: ClassVar[int] = 100

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if quote.bid is None or quote.ask is None:
            return None
        units = quote.ask.price.units - quote.bid.price.units
        if units / ONE_DOLLAR.units <= self.max_filter_spread + SLACK:
            return None
        most = f"{self.max_filter_spread:.4f}"
        return Rejection(self.code, f"the spread is {Price(units)}, at most {most}")
