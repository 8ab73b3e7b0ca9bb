"""Nothing follows a cancel of everything for a minute."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import AHEAD, MINUTE, format_span
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState

COOLING = MINUTE
"""How long the exchange may sweep on after a cancel of everything."""


def is_cooling(until_us: int | None, now_us: int) -> bool:
    """Whether the exchange may still sweep; an end that is farther away than a sweep may last is by
    a clock that was set back since.
    """
    return until_us is not None and 0 < until_us - now_us <= COOLING + AHEAD


@dataclass(frozen=True, slots=True)
class Cooling(Control):
    """The exchange may sweep away what is placed in the minute after. Exits wait as well."""

    code: ClassVar[str] = "COOLING"
    remedy: ClassVar[str] = "wait a minute"
    rank: ClassVar[int] = 15
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        until = state.cooling_until_us
        if until is None or not is_cooling(until, now_us):
            return None
        detail = f"everything was cancelled: the next order in {format_span(until - now_us)}"
        return Denial(self.code, detail, str(now_us), str(until))
