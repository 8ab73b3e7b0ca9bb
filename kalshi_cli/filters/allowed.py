"""Only what a person asked for, where something was asked for."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject
from kalshi_cli.filters._lists import names


@dataclass(frozen=True, slots=True)
class Allowed(Filter):
    """Each list that is not empty must name the market; case does not matter."""

    allow_series: tuple[str, ...]
    allow_categories: tuple[str, ...]
    allow_tickers: tuple[str, ...]

    code: ClassVar[str] = "NOT_ALLOWED"
    remedy: ClassVar[str] = (
        "name it there, or empty the list: filters.allow_tickers, allow_series, allow_categories"
    )
    rank: ClassVar[int] = 50

    @property
    def keeps_all(self) -> bool:
        return not (self.allow_series or self.allow_categories or self.allow_tickers)

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if self.allow_tickers and not names(self.allow_tickers, subject.market.ticker):
            return Rejection(self.code, f"ticker {subject.market.ticker} is not on the list")
        if self.allow_series and not names(self.allow_series, subject.event.series_ticker):
            return Rejection(self.code, f"series {subject.event.series_ticker} is not on the list")
        if self.allow_categories and not names(self.allow_categories, subject.category):
            return Rejection(self.code, f"category {subject.category} is not on the list")
        return None
