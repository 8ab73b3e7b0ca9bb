"""Nothing follows a cancel of everything for a minute."""

from dataclasses import dataclass
from typing import ClassVar

from kalshi_cli.domain.instant import format_span
from kalshi_cli.domain.order import OrderIntent, Purpose
from kalshi_cli.risk._base import EVERYTHING, Control, Denial, RiskState


@dataclass(frozen=True, slots=True)
class Cooling(Control):
    """The exchange may sweep away what is placed in the minute after. Exits wait as well."""

    code: ClassVar[str] = "COOLING"
    remedy: ClassVar[str] = "wait a minute"
    rank: ClassVar[int] = 15
    purposes: ClassVar[frozenset[Purpose]] = EVERYTHING

    def check(self, intent: OrderIntent, state: RiskState, now_us: int) -> Denial | None:
        until = state.cooling_until_us
        if until is None or now_us >= until:
            return None
        detail = f"everything was cancelled: the next order in {format_span(until - now_us)}"
        return Denial(self.code, detail, str(now_us), str(until))
