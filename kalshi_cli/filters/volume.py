"""Markets that hardly trade."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.market import Quote
from kalshi_cli.domain.money import Contracts
from kalshi_cli.filters._base import Filter, Rejection, Subject

_WHOLE = 10**Contracts.DECIMALS


@dataclass(frozen=True, slots=True)
class Volume(Filter):
    """Contracts traded since the market opened."""

    min_volume: float

    code: ClassVar[str] = "LOW_VOLUME"
    remedy: ClassVar[str] = "wait, or lower filters.min_volume"
    rank: ClassVar[int] = 80

    def keep(self, subject: Subject, quote: Quote, now_us: int) -> Rejection | None:
        if quote.volume.units / _WHOLE >= self.min_volume:
            return None
        return Rejection(
            self.code, f"{quote.volume} contracts traded, at least {self.min_volume:g}"
        )
