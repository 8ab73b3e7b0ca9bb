"""What a person never wants traded."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.filters._lists import names


@dataclass(frozen=True, slots=True)
class Blocked(Filter):
    """Drops what any of the lists names; case does not matter."""

    block_series: tuple[str, ...]
    block_categories: tuple[str, ...]
    block_tickers: tuple[str, ...]

    code: ClassVar[str] = "BLOCKED"
    remedy: ClassVar[str] = (
        "take it off the list: filters.block_tickers, block_series, block_categories"
    )
    rank: ClassVar[int] = 40

    @property
    def keeps_all(self) -> bool:
        return not (self.block_series or self.block_categories or self.block_tickers)

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if self.block_tickers and names(self.block_tickers, subject.market.ticker):
            return Rejection(self.code, f"ticker {subject.market.ticker} is on the list")
        if self.block_series and names(self.block_series, subject.event.series_ticker):
            return Rejection(self.code, f"series {subject.event.series_ticker} is on the list")
        if self.block_categories and names(self.block_categories, subject.category):
            return Rejection(self.code, f"category {subject.category} is on the list")
        return None
