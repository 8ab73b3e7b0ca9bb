"""What has traded in one market of the generated world: its statistics, and what numbers trades."""

from kalshi_cli.domain.instant import DAY, HOUR
from kalshi_cli.domain.money import Contracts, Price
from kalshi_cli.engine.world import Tally

OPENING_SHARE = 0.6
"""Share of the contracts traded that open a position: how open interest follows volume."""


class Turnover:
    """Counts of one market, in raw units. `hours` are units by hour since 1970, of a day."""

    __slots__ = ("hours", "last", "prints", "volume")

    def __init__(
        self,
        last: int | None = None,
        volume: int = 0,
        hours: tuple[tuple[int, int], ...] = (),
        prints: int = 0,
    ) -> None:
        self.last, self.volume, self.prints = last, volume, prints
        self.hours = dict(hours)

    def count(self, price: int, units: int, at_us: int) -> int:
        """Somebody traded: which trade of the market it was, counted from 1."""
        hour = at_us // HOUR
        self.last = price
        self.volume += units
        if hour not in self.hours:
            self.hours = {h: u for h, u in self.hours.items() if h > hour - 24}
        self.hours[hour] = self.hours.get(hour, 0) + units
        self.prints += 1
        return self.prints

    def tally(self, at_us: int) -> Tally:
        """Statistics as of an instant; a day is 24 clock hours."""
        first = (at_us - DAY) // HOUR + 1
        recent = sum(units for hour, units in self.hours.items() if hour >= first)
        return Tally(
            last=None if self.last is None else Price(self.last),
            volume=Contracts(self.volume),
            volume_24h=Contracts(recent),
            open_interest=Contracts(int(self.volume * OPENING_SHARE)),
        )
