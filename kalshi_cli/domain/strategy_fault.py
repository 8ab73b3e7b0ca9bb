"""Strategies that err: how often in a row, and when one is no longer asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StrategyFault:
    """What a strategy did wrong last, and how many passes in a row it has.

    One that was disabled (market time) is not asked again until a person says so.
    """

    strategy: str
    in_a_row: int
    error: str
    at_us: int
    disabled_us: int | None = None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_us is not None


def erred(
    before: StrategyFault | None, strategy: str, error: str, at_us: int, most_in_a_row: int
) -> StrategyFault:
    """One more fault; the last that is borne disables the strategy."""
    in_a_row = 1 if before is None else before.in_a_row + 1
    disabled_us = at_us if in_a_row >= most_in_a_row else None
    return StrategyFault(strategy, in_a_row, error, at_us, disabled_us)
