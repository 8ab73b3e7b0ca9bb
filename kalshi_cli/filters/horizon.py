"""Markets whose answer is too far away."""

from dataclasses import dataclass
from math import floor
from typing import ClassVar

from kalshi_cli.domain.instant import DAY, format_span
from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import FOREVER, Filter, Rejection, Subject


@dataclass(frozen=True, slots=True)
class Horizon(Filter):
    """Compares the expected expiration with `max_days_to_expiry`."""

    max_days_to_expiry: float

    code: ClassVar[str] = "TOO_FAR"
    remedy: ClassVar[str] = "wait, or raise filters.max_days_to_expiry"
    rank: ClassVar[int] = 60

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        left = subject.market.expires_us - now_us
        if left <= self.max_days_to_expiry * DAY:
            return None
        most = f"{self.max_days_to_expiry:g} days"
        return Rejection(self.code, f"expires in {format_span(left)}, at most {most}")

    def holds_until(self, subject: Subject, quote: Quote, now_us: int) -> int:
        """What is too far comes nearer; what is near stays."""
        comes_near = subject.market.expires_us - floor(self.max_days_to_expiry * DAY)
        return comes_near if comes_near > now_us else FOREVER
