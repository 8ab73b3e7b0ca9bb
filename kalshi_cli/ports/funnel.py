"""What is kept of where the markets of each pass came to their end."""

from collections.abc import Collection, Sequence
from typing import Protocol

from kalshi_cli.domain.stop import Stop, StopCount


class Funnel(Protocol):
    """Part of a unit of work: see `ports.store`."""

    async def keep_stops(
        self,
        stops: Sequence[Stop],
        counts: Collection[StopCount],
        strategies: Collection[str],
        *,
        run_id: str,
        at_us: int,
    ) -> None:
        """Put a pass of these strategies on record: its stops in the place of their last ones, and
        its counts with those of the day.
        """
        ...
