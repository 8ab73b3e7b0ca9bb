"""Markets whose rules of price or payment are not understood."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.filters._base import Filter, Rejection, Subject


@dataclass(frozen=True, slots=True)
class Structure(Filter):
    """Needs a known price grid, and a payout between $0 and $1 without a floor."""

    code: ClassVar[str] = "STRUCTURE"
    remedy: ClassVar[str] = (
        "nothing: its prices or payments are of a kind that this program does not know"
    )
    rank: ClassVar[int] = 30

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        market = subject.market
        if market.grid is None:
            return Rejection(self.code, "its price structure is not understood")
        if market.settlement_bounds_type != "default":
            return Rejection(self.code, f"settlement bounds: {market.settlement_bounds_type}")
        return None
