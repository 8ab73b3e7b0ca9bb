"""Only markets that trade."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import MarketStatus, Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject

_ACTIVE = MarketStatus.ACTIVE  # a member of an enum is looked up as slowly as a filter is asked


@dataclass(frozen=True, slots=True)
class Status(Filter):
    """Every other status of the lifecycle is dropped."""

    code: ClassVar[str] = "NOT_ACTIVE"
    remedy: ClassVar[str] = "wait until it opens; one that is over stays over"
    rank: ClassVar[int] = 10

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        status = subject.market.status
        if status is _ACTIVE:
            return None
        return Rejection(self.code, f"the market is {status}")
