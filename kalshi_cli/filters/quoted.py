"""Markets without a bid or without an ask."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject


@dataclass(frozen=True, slots=True)
class Quoted(Filter):
    """Without both sides there is no market to anchor a forecast to."""

    code: ClassVar[str] = "ONE_SIDED"
    remedy: ClassVar[str] = "wait until somebody quotes both sides"
    rank: ClassVar[int] = 90

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if quote.bid is not None and quote.ask is not None:
            return None
        missing = [n for n, side in (("bid", quote.bid), ("ask", quote.ask)) if side is None]
        return Rejection(self.code, f"there is no {' and no '.join(missing)}")
