"""Markets about to close."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from kalshi_cli.domain.instant import MINUTE, format_span
from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import FOREVER, Filter, Rejection, Subject


@dataclass(frozen=True, slots=True)
class Closing(Filter):
    """Too close to the end an order has no time to fill or to be undone."""

    min_minutes_to_close: float

    code: ClassVar[str] = "CLOSING"
    remedy: ClassVar[str] = "nothing, or lower filters.min_minutes_to_close"
    rank: ClassVar[int] = 70

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        left = subject.market.close_us - now_us
        if left >= self.min_minutes_to_close * MINUTE:
            return None
        if left <= 0:
            return Rejection(self.code, f"closed {format_span(-left)} ago")
        least = f"at least {self.min_minutes_to_close:g} minutes are asked"
        return Rejection(self.code, f"closes in {format_span(left)}, {least}")

    def holds_until(self, subject: Subject, quote: Quote, now_us: int) -> int:
        """What has time left runs out of it; what has none gets none."""
        too_late = subject.market.close_us - ceil(self.min_minutes_to_close * MINUTE) + 1
        return too_late if too_late > now_us else FOREVER
