"""Combinations of other markets are not for this desk."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject


@dataclass(frozen=True, slots=True)
class Combo(Filter):
    """Combos (multivariate events) have tickers of their own kind."""

    code: ClassVar[str] = "COMBO"
    remedy: ClassVar[str] = "nothing"
    rank: ClassVar[int] = 20

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if not subject.market.ticker.startswith("KXMVE"):
            return None
        return Rejection(self.code, "a combination of other markets")
