"""What a maker keeps on record: how its fills did, and what the exchange pays for quoting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kalshi_cli.domain.incentive import IncentiveProgram
from kalshi_cli.domain.markout import Horizon, Markout
from kalshi_cli.domain.order import Fill


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A fill of a quote that is due to be looked at again; `fair` is what it was made on."""

    fill: Fill
    owner: str
    fair: float
    horizon: Horizon


class Making(Protocol):
    """Part of a unit of work: see `ports.store`."""

    async def unmarked(
        self, horizon: Horizon, since_us: int, until_us: int
    ) -> tuple[Unmarked, ...]:
        """Fills of quotes in a span of time without a mark-out at this horizon, oldest first."""
        ...

    async def save_markouts(self, markouts: Sequence[Markout]) -> None: ...

    async def markouts(self, since_us: int) -> tuple[Markout, ...]:
        """Mark-outs of fills at or after an instant, oldest first."""
        ...

    async def save_incentives(self, programs: Sequence[IncentiveProgram]) -> None:
        """Keep these programmes, and none that was there before."""
        ...

    async def incentives(self, now_us: int) -> Mapping[str, tuple[IncentiveProgram, ...]]:
        """The programmes that run at an instant, by ticker."""
        ...
