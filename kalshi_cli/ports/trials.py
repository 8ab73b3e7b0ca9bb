"""What strategies keep on record of their signals: the trials of each, and how they ended."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kalshi_cli.domain.trial import HitRate, Trial, Verdict

Signal = tuple[str, str]
"""(strategy, signal)."""


class Trials(Protocol):
    """Part of a unit of work: see `ports.store`."""

    async def begin(self, trials: Sequence[Trial]) -> None: ...

    async def under_way(self) -> tuple[Trial, ...]:
        """Trials that are not judged yet, oldest first."""
        ...

    async def judge(self, verdicts: Sequence[Verdict]) -> None: ...

    async def hit_rates(self, since_us: int) -> Mapping[Signal, HitRate]:
        """What the trials came to that began at or after an instant and whose end is told."""
        ...

    async def forget(self, before_us: int) -> None:
        """Drop the trials that began before an instant."""
        ...
