"""What is kept of where the markets of each pass came to their end."""

from collections.abc import Collection, Sequence
from typing import Protocol

from kalshi_cli.domain.stop import Stop, StopCount


class Funnel(Protocol):
    """Part of a unit of work: see `ports.store`."""

    async def keep_stops(self, stops: Sequence[Stop], *, run_id: str, at_us: int) -> None:
        """Put stops of a pass in the place of the last ones of their strategies and markets."""
        ...

    async def end_pass(
        self,
        counts: Collection[StopCount],
        strategies: Collection[str],
        *,
        run_id: str,
        at_us: int,
    ) -> None:
        """Count a pass of these strategies, whose stops are kept, with those of its day.

        Stops of before, in markets that they look at no more, are dropped.
        """
        ...
